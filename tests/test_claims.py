"""The numbers in the text of every lesson, computed again; `says.py` says how.

The same for notebooks without a number, which have no evidence.
"""

import pytest
import says
from chapters import IN_NEW_FORM, LESSONS, OLD, ROOT

from aelib import results

SCRIPTS = ROOT / "tests" / "claims"


def test_every_lesson_has_its_claims_and_no_other_has():
    assert LESSONS, "no lesson: nothing is claimed, and nothing is checked"
    assert {p.stem for p in SCRIPTS.glob("*.py")} == {p.stem for p in IN_NEW_FORM}
    assert not {p.stem for p in LESSONS} & set(OLD)


@pytest.mark.parametrize("path", IN_NEW_FORM, ids=lambda p: p.stem)
def test_claims(path):
    evidence = results.load(path.stem) if path in LESSONS else None
    found = says.problems(SCRIPTS / f"{path.stem}.py", path, evidence)
    assert not found, "\n".join(found)
