"""Changes to what makes evidence and to what reads it."""

from mutants.entry import Mutation

LAB, READ = "tests/test_lab.py", "tests/test_results.py"
MADE = "tests/test_evidence.py"

MUTATIONS = [
    Mutation(
        "lab-rows-not-paired",
        "aelib/lab/study.py",
        "config.seed_everything(seed)",
        "config.seed_everything(seed + len(row))",
        (f"{LAB}::test_rows_are_paired_and_order_changes_nothing",),
    ),
    Mutation(
        "lab-not-seeded",
        "aelib/lab/study.py",
        "                config.seed_everything(seed)\n",
        "",
        (f"{LAB}::test_rows_are_paired_and_order_changes_nothing",),
    ),
    Mutation(
        "lab-measures-in-train-mode",
        "aelib/lab/training.py",
        "        model.eval()\n",
        "        model.train()\n",
        (f"{LAB}::test_a_script_becomes_evidence",),
    ),
    Mutation(
        "lab-finished-runs-whatever-the-script",
        "aelib/lab/study.py",
        "return self._modules() + part",
        "return self._modules()",
        (
            f"{LAB}"
            "::test_finished_runs_are_found_again_and_an_edit_redoes_what_it_touches",
        ),
    ),
    Mutation(
        "lab-smoke-finds-what-is-done",
        "aelib/lab/study.py",
        "if self._full else Path(tempfile.mkdtemp())\n        self._runs",
        "if True else Path(tempfile.mkdtemp())\n        self._runs",
        (f"{LAB}::test_smoke_scale_finds_nothing_done_and_writes_nowhere_else",),
    ),
    Mutation(
        "lab-baselines-where-they-stand",
        "aelib/lab/writing.py",
        "key=lambda item: has_seeds(entries[item[0]])",
        "key=lambda item: 0",
        (f"{LAB}::test_a_script_becomes_evidence",),
    ),
    Mutation(
        "lab-names-the-machines-gpu",
        "aelib/lab/provenance.py",
        'if device.type == "cuda" else',
        "if torch.cuda.is_available() else",
        (f"{LAB}::test_provenance_is_that_of_the_trained_parameters",),
    ),
    Mutation(
        "lab-hides-a-dirty-tree",
        "aelib/lab/provenance.py",
        'return commit + ("+" if _git("status", "--porcelain", "-uno") else "")',
        "return commit",
        (f"{LAB}::test_an_edited_tracked_file_shows_in_the_commit",),
    ),
    Mutation(
        "lab-two-devices-in-one-evidence",
        "aelib/lab/provenance.py",
        "if len(found[key]) > 1:",
        "if len(found[key]) > 2:",
        (f"{LAB}::test_runs_of_two_devices_are_not_one_evidence",),
    ),
    Mutation(
        "lab-keeps-what-is-not-finite",
        "aelib/lab/study.py",
        '_expect.number(f"column {column!r} of {row!r}", value)',
        '_expect.number(f"column {column!r} of {row!r}", value, finite=False)',
        (f"{LAB}::test_wrong_scripts_are_named",),
    ),
    Mutation(
        "lab-kept-networks-overwritten",
        "aelib/lab/writing.py",
        "if names[row] in tensors:",
        "if False:",
        (f"{LAB}::test_wrong_scripts_are_named",),
    ),
    Mutation(
        "lab-row-named-twice",
        "aelib/lab/study.py",
        "if row in self._entries:",
        "if False:",
        (f"{LAB}::test_wrong_scripts_are_named",),
    ),
    Mutation(
        "evidence-less-without-its-error",
        "aelib/results/value.py",
        "return self.mean < -_ERRORS * self.sd / math.sqrt(self.n)",
        "return self.mean < 0",
        (f"{READ}::test_less_is_judged_by_the_paired_difference",),
    ),
    Mutation(
        "evidence-error-of-one-run",
        "aelib/results/value.py",
        "self.sd / math.sqrt(self.n)",
        "self.sd",
        (f"{READ}::test_the_error_is_that_of_the_mean",),
    ),
    Mutation(
        "evidence-not-paired",
        "aelib/results/value.py",
        "seed: self.runs.get(seed, self.mean) - other.runs.get(seed, other.mean)",
        "seed: self.runs.get(seed, self.mean) - other.mean",
        (f"{READ}::test_less_is_judged_by_the_paired_difference",),
    ),
    Mutation(
        "evidence-deviation-of-a-population",
        "aelib/results/value.py",
        "statistics.stdev(numbers)",
        "statistics.pstdev(numbers)",
        (f"{READ}::test_values_have_mean_deviation_count_and_runs",),
    ),
    Mutation(
        "evidence-misspelt-row-is-not-run-yet",
        "aelib/results/evidence.py",
        "        row, column = place\n",
        "        row, column = place\n"
        '        if row not in self.content["rows"]:\n'
        "            return _MISSING\n",
        (f"{READ}::test_a_misspelt_name_is_an_error_with_the_nearest",),
    ),
    Mutation(
        "evidence-files-of-another-run",
        "aelib/results/evidence.py",
        'if file_digest(path.with_suffix("") / name) != wanted:',
        'if not (path.with_suffix("") / name).exists():',
        (f"{READ}::test_damaged_files_are_named",),
    ),
    Mutation(
        "evidence-half-written",
        "aelib/results/files.py",
        "            _swap(home, old, new)\n            raise\n",
        "            raise\n",
        (f"{READ}::test_a_failed_write_leaves_what_was_there",),
    ),
    Mutation(
        "table-without-units",
        "aelib/results/table.py",
        'f"{name} ({unit})" if unit else name for',
        "name for",
        (f"{READ}::test_a_table_has_a_header_units_digits_and_where_it_comes_from",),
    ),
    Mutation(
        "table-of-four-digits",
        "aelib/results/table.py",
        "_DIGITS = 3",
        "_DIGITS = 4",
        (f"{READ}::test_numbers_have_at_most_three_digits",),
    ),
    Mutation(
        "digest-blind-to-constants",
        "aelib/results/digest.py",
        "    def visit_Assert(",
        "    def visit_Constant(self, node: ast.Constant) -> ast.AST:\n"
        "        return ast.Constant(0)\n\n"
        "    def visit_Assert(",
        (f"{READ}::test_the_digest_sees_what_changes_numbers_and_nothing_else",),
    ),
    Mutation(
        "digest-sees-docstrings",
        "aelib/results/digest.py",
        "            return ast.Pass()\n",
        "            return node\n",
        (f"{READ}::test_the_digest_sees_what_changes_numbers_and_nothing_else",),
    ),
    Mutation(
        "digest-of-the-script-alone",
        "aelib/results/digest.py",
        "                waiting.append(path)\n",
        "",
        (f"{READ}::test_the_digest_follows_imports_but_not_into_what_keeps_books",),
    ),
    Mutation(
        "smoke-run-of-other-rows-is-good",
        "scripts/evidence.py",
        "        if value != stored[key]:",
        '        if key != "rows" and value != stored[key]:',
        (
            "tests/test_evidence.py"
            "::test_a_smoke_run_finds_what_the_stored_evidence_lacks",
        ),
    ),
    Mutation(
        "restamp-forgives-a-thousandth",
        "scripts/evidence.py",
        "return abs(old - new) / max(1.0, abs(old))",
        "return abs(old - new) / max(1e3, abs(old))",
        ("tests/test_evidence.py::test_the_largest_difference_of_two_runs",),
    ),
    Mutation(
        "evidence-leaves-its-processes",
        "scripts/evidence.py",
        "signal.signal(signal.SIGTERM",
        "signal.signal(signal.SIGUSR1",
        ("tests/faults/test_evidence_faults.py",),
    ),
    Mutation(
        "evidence-command-forgives-one-failure",
        "scripts/evidence.py",
        "return max((restamp",
        "return min((restamp",
        (f"{MADE}::test_one_chapter_that_fails_fails_the_command",),
    ),
    Mutation(
        "smoke-command-forgives-one-failure",
        "scripts/evidence.py",
        "    return int(any(failures))\n",
        "    return int(all(failures))\n",
        (f"{MADE}::test_one_chapter_that_fails_fails_the_command",),
    ),
    Mutation(
        "table-without-its-spread",
        "aelib/results/table.py",
        'return [mean, f"{_PLUS_MINUS} {value.sd:,.{places}f}"]',
        "return [mean]",
        (f"{READ}::test_a_cell_says_the_same_in_html_in_markdown_and_in_prose",),
    ),
    Mutation(
        "table-columns-as-they-were-measured",
        "aelib/results/evidence.py",
        'labels, columns = chosen["rows"], chosen["columns"]',
        'labels, columns = chosen["rows"], sorted(chosen["columns"])',
        (f"{READ}::test_rows_and_columns_come_in_the_order_asked_for",),
    ),
    Mutation(
        "restore-leaves-train-mode",
        "aelib/results/evidence.py",
        "        return into.eval()\n",
        "        return into\n",
        (f"{READ}::test_pictures_curves_histories_and_networks_come_back",),
    ),
    Mutation(
        "restore-passes-on-torchs-page",
        "aelib/results/evidence.py",
        "            _check_layers(row, into, weights)\n",
        "",
        (f"{READ}::test_pictures_curves_histories_and_networks_come_back",),
    ),
    Mutation(
        "pictures-of-another-scale",
        "aelib/results/evidence.py",
        "images.float() / 255",
        "images.float() / 256",
        (f"{READ}::test_pictures_curves_histories_and_networks_come_back",),
    ),
    Mutation(
        "missing-evidence-breaks-a-page",
        "aelib/results/__init__.py",
        "    if not path.exists():\n        return Evidence(slug, home)\n",
        "",
        (f"{READ}::test_missing_evidence_says_so_and_breaks_no_page",),
    ),
    Mutation(
        "evidence-never-stale",
        "aelib/results/digest.py",
        "parts = [normal_source(script), *map(",
        "parts = [script.name, *map(",
        (f"{READ}::test_the_digest_sees_what_changes_numbers_and_nothing_else",),
    ),
    Mutation(
        "lab-commit-of-the-end",
        "aelib/lab/study.py",
        "here = {**self._origin,",
        "here = {**provenance.origin(),",
        (f"{LAB}::test_commit_is_taken_before_the_first_run_and_once",),
    ),
    Mutation(
        "lab-runs-of-an-edited-script",
        "aelib/lab/study.py",
        "return self._modules() + part",
        "return self._modules()",
        (
            f"{LAB}"
            "::test_finished_runs_are_found_again_and_an_edit_redoes_what_it_touches",
        ),
    ),
    Mutation(
        "lab-smoke-scale-writes-to-the-package",
        "aelib/lab/study.py",
        "home = _RESULTS if self._full else Path(tempfile.mkdtemp())",
        "home = _RESULTS",
        (f"{LAB}::test_smoke_scale_finds_nothing_done_and_writes_nowhere_else",),
    ),
    Mutation(
        "lab-runs-done-again",
        "aelib/lab/runs.py",
        "        if path.exists():\n            return\n",
        "        path.unlink(missing_ok=True)\n",
        (
            f"{LAB}"
            "::test_finished_runs_are_found_again_and_an_edit_redoes_what_it_touches",
        ),
    ),
    Mutation(
        "lab-pictures-of-any-range",
        "aelib/lab/writing.py",
        "images.ndim != 4 or not 0 <= images.min() <= images.max() <= 1:",
        "images.ndim != 4:",
        (f"{LAB}::test_wrong_scripts_are_named",),
    ),
    Mutation(
        "lab-takes-text-for-a-number",
        "aelib/lab/study.py",
        "            numbers[column] = _expect",
        "            value = float(value)\n            numbers[column] = _expect",
        (f"{LAB}::test_wrong_scripts_are_named",),
    ),
]
