"""The list of mutations: applicable, named once, and a runner that can say no."""

import ast
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import mutations
import pytest

ROOT = Path(mutations.__file__).resolve().parent.parent


@pytest.mark.parametrize("mutation", mutations.MUTATIONS, ids=lambda m: m.id)
def test_mutation_applies_and_its_tests_exist(mutation):
    assert (ROOT / mutation.file).read_text().count(mutation.old) == 1
    assert mutation.new != mutation.old
    assert mutation.tests
    for node_id in mutation.tests:
        file, _, name = node_id.partition("::")
        tree = ast.parse((ROOT / file).read_text())
        defined = {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
        }
        for part in name.split("[")[0].split("::") if name else ():
            assert part in defined, f"{file} has no {part}"


def test_ids_are_unique():
    ids = [mutation.id for mutation in mutations.MUTATIONS]
    assert len(ids) == len(set(ids))


RUN_LIST = """
import sys
from datetime import date, timedelta
sys.path.insert(0, {tests!r})
import mutations
from mutations import Mutation

mutations.PRELOAD = ["torch", "matplotlib.pyplot", "pytest"]  # enough for this test
TEST = ("tests/test_config.py::test_profile_is_fast_or_full",)
OLD = 'PROFILE", "fast"'
mutations.MUTATIONS = [
    Mutation("breaks", "aelib/config.py", OLD, 'PROFILE", "no"', TEST),
    Mutation("changes-nothing", "aelib/config.py", OLD, 'PROFILE",  "fast"', TEST),
    Mutation("no-such-line", "aelib/config.py", "no such line", "", TEST),
    Mutation("no-import", "aelib/config.py", "import random", "import no_such", TEST),
]
if __name__ == "__main__":
    sys.exit(mutations.main(["-j", "1"]))
"""


def test_three_days_in_a_row_try_every_mutation_once():
    first, every = date(2026, 12, 30), mutations.MUTATIONS
    days = [mutations.third(every, first + timedelta(days=i)) for i in range(3)]
    assert sorted(m.id for day in days for m in day) == sorted(m.id for m in every)
    assert all(len(day) >= len(every) // 3 for day in days)


def test_runner_tells_caught_from_survived_and_invalid(tmp_path):
    script = tmp_path / "run_list.py"
    script.write_text(RUN_LIST.format(tests=str(ROOT / "tests")))
    done = subprocess.run(
        [sys.executable, script],
        capture_output=True,
        text=True,
        env=os.environ
        | {"OMP_NUM_THREADS": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    verdicts = {
        line.split()[2]: line.split()[3]
        for line in done.stdout.splitlines()
        if line[6:9] == " s "
    }
    assert verdicts == {
        "breaks": "caught",
        "changes-nothing": "SURVIVED",
        "no-such-line": "INVALID",
        "no-import": "INVALID",
    }, done.stdout + done.stderr
    assert done.returncode == 1
