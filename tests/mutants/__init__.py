"""The list of mutations: one module for each part of aelib and for each chapter."""

from mutants import (
    chapter_02,
    chapter_03,
    chapter_04,
    chapter_05,
    chapter_06,
    chapter_07,
    chapter_08,
    chapter_09,
    losses,
    metrics,
    models,
    tools,
    training,
)
from mutants.entry import Mutation

_PARTS = (
    losses,
    models,
    metrics,
    tools,
    training,
    chapter_02,
    chapter_03,
    chapter_04,
    chapter_05,
    chapter_06,
    chapter_07,
    chapter_08,
    chapter_09,
)
MUTATIONS: list[Mutation] = [entry for part in _PARTS for entry in part.MUTATIONS]
