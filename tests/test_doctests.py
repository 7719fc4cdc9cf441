"""The examples in docstrings do what they show."""

import doctest
import importlib

import pytest

MODULES = (
    "aelib.data.batches",
    "aelib.train.evaluation",
    "aelib.train.history",
    "aelib.train.loop",
    "aelib.train.stopping",
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_do_what_they_show(name, monkeypatch):
    monkeypatch.setenv("AELIB_PROGRESS", "0")
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted > 0 and found.failed == 0
