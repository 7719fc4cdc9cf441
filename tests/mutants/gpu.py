"""Changes to the check on a GPU, and to the tests that it runs there."""

from mutants.entry import Mutation

_TESTS = "tests/test_gpu_script.py::"

MUTATIONS = [
    Mutation(
        "gpu-kit-of-any-size",
        "scripts/gpu_kit.py",
        "if total > LIMIT_BYTES:",
        "if total > 1e12:",
        (
            _TESTS
            + "test_a_kit_that_is_too_large_is_refused_and_its_largest_files_named",
        ),
    ),
    Mutation(
        "gpu-kit-with-torch",
        "scripts/gpu_kit.py",
        'THERE = {\n    *("torch", "torchvision",',
        "THERE = {\n    *(",
        (_TESTS + "test_a_kit_holds_what_a_kernel_needs_in_the_versions_of_the_lock",),
    ),
    Mutation(
        "gpu-failures-forgotten",
        "scripts/gpu.py",
        'return int(any(row["result"] != "ok" for row in rows))',
        "return 0",
        (_TESTS + "test_no_part_stops_the_others_and_all_is_reported",),
    ),
    Mutation(
        "gpu-runs-no-unnumbered-notebook",
        "scripts/gpu.py",
        "from chapters import NOTEBOOKS",
        "from chapters import CHAPTERS as NOTEBOOKS",
        (_TESTS + "test_every_notebook_runs_in_both_profiles",),
    ),
    Mutation(
        "gpu-errors-of-a-lesson-are-stubs",
        "scripts/run_lesson.py",
        'output.output_type == "error" and not is_stub',
        'output.output_type == "error" and is_stub',
        (_TESTS + "test_a_lesson_goes_on_after_an_error_and_names_the_first",),
    ),
    Mutation(
        "gpu-generators-not-put-back",
        "aelib/train/resume.py",
        'set_generators(state["generators"], run.device)',
        "pass",
        (
            "tests/test_gpu.py"
            "::test_a_run_that_goes_on_equals_one_that_was_not_interrupted",
        ),
    ),
]
