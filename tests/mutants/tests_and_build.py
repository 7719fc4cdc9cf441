"""The rules for notebooks, the build with its cache, stages, set-up and workflows."""

from mutants.entry import Mutation

RULES = "tests/faults/test_conftest.py::"
BUILD = "tests/faults/test_build_faults.py::"
TYPED = "tests/test_commands.py::"
BAD_CELL = RULES + "test_a_bad_cell_is_red"
STORED = BUILD + "test_what_is_kept_is_what_jupyter_would_have_stored"
SETTINGS = BUILD + "test_outputs_of_other_settings_are_not_kept"
SIDE_BY_SIDE = BUILD + "test_processes_side_by_side_keep_all_that_they_executed"
NEWEST = TYPED + "test_the_newest_python_that_works_is_taken"

MUTATIONS = [
    Mutation(
        "conftest-stub-raises-anything",
        "conftest.py",
        'errors != ["NotImplementedError"]',
        "not errors",
        (BAD_CELL + "[stub raises another]",),
    ),
    Mutation(
        "conftest-stub-raises-nothing",
        "conftest.py",
        'errors != ["NotImplementedError"]',
        'errors not in ([], ["NotImplementedError"])',
        (BAD_CELL + "[stub raises nothing]",),
    ),
    Mutation(
        "conftest-stderr-unwatched",
        "conftest.py",
        'out["name"] == "stderr"',
        'out["name"] == "nowhere"',
        (BAD_CELL + "[stderr]",),
    ),
    Mutation(
        "conftest-redrawing-unwatched",
        "conftest.py",
        "if run.redrawn:",
        "if False:",
        (BAD_CELL + "[redraws]",),
    ),
    Mutation(
        "conftest-no-limit-of-time",
        "conftest.py",
        'usage["cpu_seconds"] > CPU_LIMIT',
        'usage["cpu_seconds"] > 1e9',
        (RULES + "test_a_chapter_that_takes_too_long_is_red",),
    ),
    Mutation(
        "conftest-any-number-of-trainings",
        "conftest.py",
        "if n > TRAININGS:",
        "if n > 99:",
        (RULES + "test_a_lesson_that_trains_more_than_four_networks_is_red",),
    ),
    Mutation(
        "conftest-no-history",
        "conftest.py",
        '"store_history": True',
        '"store_history": False',
        (STORED,),
    ),
    Mutation(
        "conftest-no-language",
        "conftest.py",
        'item.parent.nb.metadata["language_info"] = about["language_info"]',
        "pass",
        (STORED,),
    ),
    Mutation(
        "conftest-no-seconds",
        "conftest.py",
        'data={"execution_seconds": seconds}',
        'data={"execution_seconds": 0}',
        (STORED,),
    ),
    Mutation(
        "conftest-keeps-outputs-of-old-code",
        "conftest.py",
        " or _code_digest() != run.code_digest",
        "",
        (BUILD + "test_code_that_changes_while_the_notebook_runs_is_seen",),
    ),
    Mutation(
        "conftest-keeps-a-notebook-that-failed",
        "conftest.py",
        "n_cells = sum(",
        "n_cells = len(run.green) or sum(",
        (BUILD + "test_a_notebook_that_ran_in_part_or_failed_is_not_kept",),
    ),
    Mutation(
        "build-cache-outlives-a-change-of-code",
        "scripts/build_book.py",
        "if read(executed) != now:",
        "if False:",
        (BUILD + "test_outputs_of_other_code_are_not_kept",),
    ),
    Mutation(
        "build-seeds-not-in-the-digest",
        "scripts/build_book.py",
        '"AELIB_DEVICE", "AELIB_SEED_OFFSET"',
        '"AELIB_DEVICE",',
        (SETTINGS + "[AELIB_SEED_OFFSET]",),
    ),
    Mutation(
        "build-one-cache-for-both-profiles",
        "scripts/build_book.py",
        'root / "_build" if profile == "fast" else',
        'root / "_build" if profile else',
        (BUILD + "test_each_profile_has_its_own_cache",),
    ),
    Mutation(
        "build-cache-without-a-lock",
        "scripts/build_book.py",
        'with FileLock(base / ".executed.lock"):',
        "if True:",
        (SIDE_BY_SIDE,),
    ),
    Mutation(
        "build-executes-although-told-not-to",
        "scripts/build_book.py",
        "if not (refuse and missing):",
        "if missing or not refuse:",
        (BUILD + "test_a_notebook_that_ran_in_part_or_failed_is_not_kept",),
    ),
    Mutation(
        "build-warnings-pass",
        "scripts/build_book.py",
        "warningiserror=True",
        "warningiserror=False",
        (BUILD + "test_bad_page_is_red_and_stays_red[directive]",),
    ),
    Mutation(
        "stage-share-without-chapters",
        "scripts/stage.sh",
        "print $1 + $2 * n",
        "print $1 + $2",
        (TYPED + "test_shares_grow_with_the_number_of_chapters",),
    ),
    Mutation(
        "stage-without-limit",
        "scripts/stage.sh",
        "share * 2",
        "share * 200",
        (TYPED + "test_shares_grow_with_the_number_of_chapters",),
    ),
    Mutation(
        "setup-oldest-python-first",
        "scripts/setup.sh",
        "for minor in 3.13 3.12 3.11",
        "for minor in 3.11 3.12 3.13",
        (NEWEST,),
    ),
    Mutation(
        "setup-no-pyenv",
        "scripts/setup.sh",
        'ls -d "$(pyenv_root)/versions/$1".*/bin/python',
        "ls -d /nowhere",
        (NEWEST,),
    ),
    Mutation(
        "setup-patch-versions-as-text",
        "scripts/setup.sh",
        "sort -rV",
        "sort -r",
        (NEWEST,),
    ),
    Mutation(
        "setup-forgets-who-chose",
        "scripts/setup.sh",
        'if [ -n "$chosen" ] && works "$chosen"; then',
        "if false; then",
        (TYPED + "test_a_python_that_was_chosen_stays",),
    ),
    Mutation(
        "setup-keeps-an-old-default",
        "scripts/setup.sh",
        '[ "${1%.*}" = "${2%.*}" ]',
        "true",
        (TYPED + "test_an_environment_is_kept_until_the_default_changes",),
    ),
    Mutation(
        "make-test-executes-twice",
        "Makefile",
        "$(BUILD) --cached",
        "$(BUILD)",
        (TYPED + "test_ci_jobs_together_do_what_make_test_does",),
    ),
    Mutation(
        "ci-without-mutations",
        ".github/workflows/check.yml",
        "mutations, faults]",
        "faults]",
        (TYPED + "test_ci_jobs_together_do_what_make_test_does",),
    ),
    Mutation(
        "ci-hands-over-only-success",
        ".github/workflows/full.yml",
        "if: always()",
        "if: success()",
        (TYPED + "test_evidence_is_handed_over_whatever_happens",),
    ),
    Mutation(
        "setup-asks-home-for-pyenv",
        "scripts/setup.sh",
        "root=${PYENV_ROOT:-$(echo",
        "root=${PYENV_ROOT:-$(true",
        ("tests/test_commands.py::test_pyenv_is_found_by_its_shims_whatever_home_is",),
    ),
    Mutation(
        "plain-build-sets-nothing",
        "book/_ext/book_site/__init__.py",
        "environment.prepare(Path(app.srcdir))",
        "environment",
        (BUILD + "test_the_plain_command_builds_the_same_clean_site",),
    ),
]
