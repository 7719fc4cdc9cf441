"""The examples in docstrings print what stands below them."""

import doctest
from importlib import import_module

import pytest

MODULES = [
    "aelib.data.batches",
    "aelib.data.folders",
    "aelib.linear",
    "aelib.losses.divergences",
    "aelib.losses.likelihoods",
    "aelib.losses.penalties",
    "aelib.metrics.baselines",
    "aelib.metrics.codes",
    "aelib.metrics.distributions",
    "aelib.metrics.images",
    "aelib.metrics.probes",
    "aelib.results",
    "aelib.results.evidence",
    "aelib.results.table",
    "aelib.results.value",
    "aelib.train.evaluation",
    "aelib.train.history",
    "aelib.train.loop",
    "aelib.train.stopping",
]
# Every public function of these has an example.
WHOLE = ["aelib.losses", "aelib.metrics", "aelib.results"]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, monkeypatch):
    monkeypatch.setenv("AELIB_PROGRESS", "0")
    found = doctest.testmod(import_module(name))
    assert found.attempted and not found.failed


@pytest.mark.parametrize("name", WHOLE)
def test_every_public_function_has_an_example(name):
    module = import_module(name)
    classes = {"FittedProbe", "Probe"}  # made by fit_probe
    for public in set(module.__all__) - classes:
        thing = getattr(module, public)
        texts = [getattr(t, "__doc__", "") for t in (thing, *vars(thing).values())]
        assert any(">>> " in (text or "") for text in texts), public
