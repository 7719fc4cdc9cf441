"""The commands that people and CI type: stages, the choice of Python, workflows.

The scripts run in folders of their own, with Pythons made of three lines of shell.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from chapters import ROOT, UNNUMBERED
from faults import books
from faults.books import environment

MAKEFILE = (ROOT / "Makefile").read_text()
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess:
    """Run a script of the project with `folder` as its checkout."""
    return subprocess.run(
        ["sh", str(ROOT / "scripts" / command[0]), *command[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


# --- stages ---


def with_chapters(folder: Path, n_chapters: int) -> Path:
    (folder / "notebooks" / ".ipynb_checkpoints").mkdir(parents=True)
    for i in range(1, n_chapters + 1):
        (folder / "notebooks" / f"{i:02d}_chapter.ipynb").touch()
    for name in UNNUMBERED:  # they count for none
        (folder / "notebooks" / f"{name}.ipynb").touch()
    (folder / "notebooks" / ".ipynb_checkpoints" / "01_x-checkpoint.ipynb").touch()
    return folder


@pytest.fixture
def sleeping(tmp_path):
    """A PATH whose `sleep` moves the clock of its `date`, and takes no time."""
    clock, folder = tmp_path / "clock", tmp_path / "bin"
    clock.write_text("1000")
    folder.mkdir()
    for name, line in (
        ("date", f'[ "$1" = +%s ] && cat {clock} || echo 12:00:00'),
        ("sleep", f"now=$(($(cat {clock}) + $1)); echo $now >{clock}"),
    ):
        (folder / name).write_text(f"#!/bin/sh\n{line}\n")
        (folder / name).chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_shares_grow_with_the_number_of_chapters(tmp_path, sleeping):
    """A stage of 3 seconds: over twice its share with one chapter, within it with 9."""
    few, many = with_chapters(tmp_path / "1", 1), with_chapters(tmp_path / "9", 9)
    command = ("stage.sh", "sleepy", "0+1n", "sleep", "3")
    done = run(few, *command, PATH=sleeping)
    assert done.returncode == 1
    assert "FAILED: 3 s is more than twice its share of 1 s" in done.stderr
    done = run(many, *command, PATH=sleeping)
    assert done.returncode == 0 and "done in 3 s (share 9 s)" in done.stdout
    assert "share 23 s" in run(many, "stage.sh", "quick", "5+2n", "true").stdout


def test_limits_can_be_reported_only(tmp_path):
    few = with_chapters(tmp_path, 1)
    command = ("stage.sh", "sleepy", "0+0n", "sleep", "1")
    assert run(few, *command).returncode == 1
    assert run(few, *command, AELIB_STAGE_LIMITS="0").returncode == 0


def test_a_stage_that_fails_fails_with_its_code_and_shares_must_be_rules(tmp_path):
    done = run(tmp_path, "stage.sh", "bad", "9+0n", "sh", "-c", "exit 7")
    assert done.returncode == 7 and "exit code 7" in done.stderr
    for rule in ("7", "1+n", "1.5+2n", "n"):
        done = run(tmp_path, "stage.sh", "bad", rule, "true")
        assert done.returncode == 2 and f"got '{rule}'" in done.stderr


def test_the_summary_has_the_longest_run_of_each_stage(tmp_path, sleeping):
    for name, seconds in (("a", "2"), ("b", "0"), ("a", "0")):
        command = ("stage.sh", name, "60+1n", "sleep", seconds)
        assert run(tmp_path, *command, PATH=sleeping).returncode == 0
    lines = run(tmp_path, "stage.sh", "--summary").stdout.splitlines()
    rows = {line.split()[0]: line.split()[1:3] for line in lines[2:]}
    assert rows.keys() == {"a", "b", "all"}
    assert rows == {"a": ["2", "60"], "b": ["0", "60"], "all": ["2", "120"]}
    run(tmp_path, "stage.sh", "--reset")
    assert "60" not in run(tmp_path, "stage.sh", "--summary").stdout


def test_every_stage_of_the_makefile_has_a_rule():
    text = (ROOT / "Makefile").read_text()
    used = re.findall(r"\$\(STAGE\) (\S+) (\S+)", text)
    assert len(used) >= 9
    assert all(re.fullmatch(r"\d+\+\d+n", rule) for _, rule in used), used


@pytest.mark.parametrize(
    ("stage", "alone"), [("build", 40), ("nbval", 20), ("browser", 30)]
)
def test_the_notebooks_without_a_number_have_the_share_of_a_chapter(stage, alone):
    rules = re.findall(rf"\$\(STAGE\) {stage} (\d+)\+(\d+)n", MAKEFILE)
    fixed, each = map(int, rules[0])  # of build, where it executes
    assert fixed == alone + each * len(UNNUMBERED)


# --- JupyterLab and the settings of kernels ---

SAY = """#!/bin/sh
echo "jupyter $*"
for name in {names}; do eval "echo $name=\\$$name"; done
"""


def test_make_lab_starts_jupyterlab_with_the_settings_of_the_makefile(tmp_path):
    """A copy of the Makefile, with a set-up that does nothing, a jupyter that talks."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    names = [*environment.SETTINGS, *books.FOLDERS]
    for path, text in (
        ("scripts/stage.sh", "exit 0"),
        (".venv/bin/jupyter", SAY.format(names=" ".join(names))),
    ):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(text)
        (tmp_path / path).chmod(0o755)
    hidden = {*names, "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "VENV"}
    clean = {k: v for k, v in os.environ.items() if k not in hidden}
    done = subprocess.run(
        ["make", "lab", "OPTIONS=--no-browser"],
        cwd=tmp_path,
        env=clean,
        capture_output=True,
        text=True,
    )
    command, *settings = done.stdout.splitlines()
    assert command == "jupyter lab --no-browser notebooks", done.stdout + done.stderr
    assert dict(line.split("=", 1) for line in settings) == {
        **environment.SETTINGS,
        "IPYTHONDIR": str(tmp_path / "_build" / ".ipython"),
        "MPLCONFIGDIR": str(tmp_path / "_build" / ".matplotlib"),
    }


def test_a_home_folder_that_cannot_hold_settings_changes_nothing(tmp_path):
    """matplotlib would say on stderr that it made a temporary folder."""
    (tmp_path / ".config").write_text("a file where a folder should be")
    (tmp_path / ".cache").write_text("another")
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'book' / '_ext')!r})\n"
        "from pathlib import Path; from book_site import environment\n"
        f"environment.prepare(Path({str(tmp_path / 'book')!r}))\n"
        "import matplotlib.pyplot"
    )
    hidden = {"XDG_CONFIG_HOME", "XDG_CACHE_HOME", "IPYTHONDIR", "MPLCONFIGDIR"}
    clean = {k: v for k, v in os.environ.items() if k not in hidden}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=clean | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- the choice of Python ---

FAKE = """#!/bin/sh
[ -n "{version}" ] || exit 127
case "$2" in *platform*) echo {version} ;; *stat*) exit 0 ;; esac
[ "$1" != -m ]  # makes no environment: the choice is what is tested
"""


def fake(path: Path, version: str) -> Path:
    """A Python of that version; "" for a shim that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(FAKE.format(version=version))
    path.chmod(0o755)
    return path


class Machine:
    """A checkout without an environment, and the Pythons of a machine."""

    def __init__(self, folder: Path):
        self.bin, self.pyenv = folder / "bin", folder / "pyenv" / "versions"
        self.checkout = folder / "checkout"
        for name in ("requirements.lock", "pyproject.toml", "scripts/setup.sh"):
            (self.checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.checkout / name)
        for tool in ("sh", "cat", "sort", "ls", "cksum", "sed", "mkdir", "rm", "head"):
            self.bin.mkdir(exist_ok=True)
            (self.bin / tool).symlink_to(shutil.which(tool))

    def on_path(self, minor: str, version: str) -> Path:
        return fake(self.bin / f"python{minor}", version)

    def in_pyenv(self, version: str, works: bool = True) -> Path:
        path = self.pyenv / version / "bin" / "python"
        return fake(path, version if works else "")

    def setup(self, *words: str, **environment: str) -> subprocess.CompletedProcess:
        clean = {
            "PATH": str(self.bin),
            "PYENV_ROOT": str(self.pyenv.parent),
            "PYTHON": "",
            "HOME": str(self.checkout),
        }
        return run(self.checkout, "setup.sh", *words, **{**clean, **environment})

    def chosen(self, **environment: str) -> str:
        """The Python that a new environment is made with."""
        found = re.search(
            r"Python \S+ \((.*)\); making", self.setup(**environment).stdout
        )
        return found[1] if found else ""

    def has_environment(self, version: str, chosen: str = "") -> None:
        fake(self.checkout / ".venv" / "bin" / "python", version)
        digest = subprocess.run(
            "cat requirements.lock pyproject.toml scripts/setup.sh | cksum",
            shell=True,
            cwd=self.checkout,
            capture_output=True,
            text=True,
        ).stdout.strip()
        stamp = self.checkout / ".venv" / ".aelib-stamp"
        stamp.write_text(f"{digest} {self.checkout.resolve()}\n{chosen}\n")


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_the_newest_python_that_works_is_taken(machine):
    assert "no Python >= 3.11" in machine.setup().stderr
    old = machine.on_path("3.11", "3.11.7")
    assert machine.chosen() == str(old)
    middle = machine.in_pyenv("3.12.1")
    assert machine.chosen() == str(middle)
    machine.on_path("3.13", "")  # a shim of a version that is not switched on
    machine.in_pyenv("3.13.9", works=False)
    assert machine.chosen() == str(middle)
    machine.in_pyenv("3.13.2")
    newest = machine.in_pyenv("3.13.10")
    assert machine.chosen() == str(newest)
    on_path = machine.on_path("3.13", "3.13.1")
    assert machine.chosen() == str(on_path)
    assert machine.chosen(PYTHON=str(old)) == str(old)


def test_pyenv_is_found_by_its_shims_whatever_home_is(machine):
    newest = machine.in_pyenv("3.13.2")
    shims = machine.pyenv.parent / "shims"
    fake(shims / "python3.13", "")  # of a version that is not switched on
    path = f"{shims}:{machine.bin}"
    assert machine.chosen(PYENV_ROOT="", PATH=path) == str(newest)


def test_a_python_of_one_minor_version_is_found_or_not(machine):
    machine.on_path("3.11", "3.11.7")
    middle = machine.in_pyenv("3.12.1")
    assert machine.setup("--find", "3.12").stdout.strip() == str(middle)
    assert machine.setup("--find", "3.13").returncode == 1


def test_a_python_that_does_not_work_is_refused(machine):
    broken = machine.in_pyenv("3.12.1", works=False)
    machine.on_path("3.11", "3.11.7")
    done = machine.setup(PYTHON=str(broken))
    assert done.returncode == 1 and f"PYTHON={broken} must be" in done.stderr


def test_an_environment_is_kept_until_the_default_changes(machine):
    machine.on_path("3.11", "3.11.7")
    machine.has_environment("3.11.4")
    assert "up to date (Python 3.11.4)" in machine.setup().stdout  # another patch only
    newest = machine.in_pyenv("3.13.0")
    assert machine.chosen() == str(newest)


def test_a_python_that_was_chosen_stays(machine):
    old = machine.on_path("3.11", "3.11.7")
    machine.in_pyenv("3.13.0")
    machine.has_environment("3.11.7", chosen=str(old))
    assert "up to date (Python 3.11.7)" in machine.setup().stdout
    (machine.checkout / "requirements.lock").write_text("")  # made anew, and with it
    assert machine.chosen() == str(old)
    machine.has_environment("3.11.7", chosen=str(machine.bin / "gone"))
    assert machine.chosen().endswith("3.13.0/bin/python")


def test_choosing_the_python_that_is_there_is_remembered(machine):
    old = machine.on_path("3.11", "3.11.7")
    machine.has_environment("3.11.7")
    assert "up to date" in machine.setup(PYTHON=str(old)).stdout
    machine.in_pyenv("3.13.0")
    assert "up to date" in machine.setup().stdout
    assert machine.chosen(PYTHON=str(machine.in_pyenv("3.11.9"))).endswith(
        "3.11.9/bin/python"
    )


# --- workflows ---


def steps(path: Path) -> list[dict]:
    jobs = yaml.safe_load(path.read_text())["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda p: p.stem)
def test_workflows_use_pinned_actions_and_targets_that_exist(path):
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    jobs = yaml.safe_load(path.read_text())["jobs"]
    lists = [
        j.get("strategy", {}).get("matrix", {}).get("targets", [])
        for j in jobs.values()
    ]
    typed = [word for words in lists for text in words for word in text.split()]
    for step in steps(path):
        if "uses" in step:
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step["uses"]), step["uses"]
        for line in re.findall(r"^make (.*)$", step.get("run", ""), re.MULTILINE):
            words = re.sub(r"\$\{\{.*?\}\}", "", line).split()
            typed += [word for word in words if "=" not in word]
    assert set(typed) <= targets, set(typed) - targets


def test_ci_jobs_together_do_what_make_test_does():
    makefile = (ROOT / "Makefile").read_text()
    recipe = re.search(r"^test:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)[1]
    wanted = {
        w for line in re.findall(r"\$\(MAKE\) \S+ (.*)", recipe) for w in line.split()
    }
    wanted |= set(re.findall(r"\$\(STAGE\) (\S+)", recipe))
    text = (ROOT / ".github" / "workflows" / "check.yml").read_text()
    given = set(re.findall(r"[\w-]+", str(yaml.safe_load(text)["jobs"])))
    assert wanted - {"setup", "build"} <= given and "book" in given
    assert "--cached" in recipe  # a notebook is executed once


def test_evidence_is_handed_over_whatever_happens():
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "full.yml").read_text())
    upload = jobs["jobs"]["evidence"]["steps"][-1]
    assert upload["uses"].startswith("actions/upload-artifact")
    assert upload["if"] == "always()"
    for place in ("aelib/results/", ".json", "_build/evidence/"):
        assert place in upload["with"]["path"]


def test_chapters_are_broken_every_week():
    text = (ROOT / ".github" / "workflows" / "full.yml").read_text()
    full = yaml.safe_load(text)
    assert "schedule" in full[True]  # YAML 1.1 reads `on` so
    weekly = [j for j in full["jobs"].values() if "make chapter-mutations" in str(j)]
    assert len(weekly) == 1
    recipe = re.search(r"^chapter-mutations:.*\n\t(.*)$", MAKEFILE, re.MULTILINE)[1]
    assert "tests/mutations.py --chapters" in recipe
    for name, job in full["jobs"].items():
        typed = [step.get("run", "") for step in job["steps"]]
        assert name == "chapters" or any(t.startswith("make ") for t in typed), name
