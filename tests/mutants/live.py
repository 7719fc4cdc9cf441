"""Changes to the trackers that show a run while it goes on."""

from mutants.entry import Mutation

_TESTS = "tests/test_live_trackers.py::"
_PAGE = "aelib/trackers/dashboard.py"
_FILES = "aelib/trackers/browser_files.py"

MUTATIONS = [
    Mutation(
        "live-runs-share-a-folder",
        "aelib/trackers/runs.py",
        """number = max([0, *(_number(path) for path in home.glob("run_*"))])""",
        "number = -1",
        (_TESTS + "test_every_run_gets_a_folder_of_its_own",),
    ),
    Mutation(
        "live-board-writes-when-closed-only",
        "aelib/trackers/board.py",
        "add_scalar(name, value, step)\n        self._writer.flush()",
        "add_scalar(name, value, step)",
        (_TESTS + "test_tensorboard_reads_what_was_noted",),
    ),
    Mutation(
        "live-server-looked-for-in-vain",
        _PAGE,
        "    except OSError:\n        return False",
        "    except OSError:\n        return True",
        (_TESTS + "test_without_a_server_files_take_over",),
    ),
    Mutation(
        "live-windows-of-parts",
        _PAGE,
        'part, _, term = name.rpartition("/")',
        'term, _, part = name.partition("/")',
        (_TESTS + "test_what_belongs_together_shares_a_window",),
    ),
    Mutation(
        "live-another-port-is-fine",
        "aelib/trackers/__main__.py",
        "    if found != port:\n",
        "    if not found:\n",
        (_TESTS + "test_a_server_that_took_another_port_ends",),
    ),
    Mutation(
        "live-files-of-any-content",
        _FILES,
        "hexdigest()) != file.sha256:",
        "hexdigest()) is None:",
        (_TESTS + "test_another_file_than_the_one_that_was_tried_is_refused",),
    ),
    Mutation(
        "live-server-downloads-again",
        _FILES,
        '(static / "version.built").write_text(VISDOM)',
        '(static / "version.made").write_text(VISDOM)',
        (_TESTS + "test_missing_and_damaged_files_are_brought",),
    ),
    Mutation(
        "live-labels-of-any-length",
        "aelib/trackers/notes.py",
        "if labels.shape != points.shape[:1]:",
        "if labels.ndim != 1:",
        (_TESTS + "test_wrong_clouds_are_named",),
    ),
]
