"""The numbers in the text of every lesson, computed again; `says.py` says how.

The same for notebooks without a number, which have no evidence.
"""

import pytest
import says
from chapters import CHAPTERS, NOTEBOOKS, ROOT

from aelib import results

SCRIPTS = ROOT / "tests" / "claims"


def test_every_notebook_has_its_claims_and_no_other_has():
    assert CHAPTERS, "no chapter: nothing is claimed, and nothing is checked"
    assert {p.stem for p in SCRIPTS.glob("*.py")} == {p.stem for p in NOTEBOOKS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_claims(path):
    evidence = results.load(path.stem) if path in CHAPTERS else None
    found = says.problems(SCRIPTS / f"{path.stem}.py", path, evidence)
    assert not found, "\n".join(found)
