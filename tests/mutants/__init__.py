"""The list of mutations: one module for each part of aelib and for each chapter."""

import pkgutil
from importlib import import_module

from mutants.entry import Mutation

_PARTS = [
    import_module(f"mutants.{module.name}")
    for module in pkgutil.iter_modules(__path__)
    if module.name != "entry"
]
MUTATIONS: list[Mutation] = [entry for part in _PARTS for entry in part.MUTATIONS]
