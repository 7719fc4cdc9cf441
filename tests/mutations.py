"""Small changes to aelib that must turn a test red, and the runner that proves it.

    python tests/mutations.py                   every mutation against its unit tests
    python tests/mutations.py --only ID ...     these only
    python tests/mutations.py --changed REV     those with a file or test unlike REV
    python tests/mutations.py --chapters        run the named chapters as well

Each mutation is applied to a copy of the tree in a temporary folder, never to the
checkout. It is caught when pytest there ends with exit code 1, that is, when a test
ran and failed; an error of collection or usage (2 to 5) proves nothing and counts as
invalid. The named tests must be green without any mutation: they are run first.

Exit code: 0 all caught, 1 some survived or were invalid, 2 the tests were red before.
"""

import argparse
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).resolve().parent.parent
TREE = (
    *("aelib", "tests", "notebooks", "scripts", "book", "conftest.py"),
    *("pyproject.toml", "_toc.yml", "_config.yml", "requirements.txt", "Makefile"),
)
TIMEOUT_SECONDS = 300
WRONG_PACKAGE = 90  # exit code of a run that imported another aelib than the copy's
# Imported once, before any aelib: a run then starts in milliseconds instead of seconds.
PRELOAD = ["pytest", "torch", "torch._dynamo", "numpy", "matplotlib.pyplot"]


@dataclass(frozen=True)
class Mutation:
    """A change that must be noticed: `old`, found once in `file`, becomes `new`.

    `tests` are pytest node ids, of which at least one must fail; `chapter` is the slug
    of a notebook that must fail too, or None.
    """

    id: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    chapter: str | None = None


MUTATIONS: list[Mutation] = [
    # losses
    Mutation(
        "nll-variance-for-twice-variance",
        "aelib/losses.py",
        "return sse / (2 * sigma**2) + constant",
        "return sse / sigma**2 + constant",
        ("tests/test_losses.py::test_gaussian_nll_agrees_with_torch",),
    ),
    Mutation(
        "nll-drops-log-two-pi",
        "aelib/losses.py",
        "0.5 * math.log(2 * math.pi) + log_sigma",
        "log_sigma",
        ("tests/test_losses.py::test_gaussian_nll_agrees_with_torch",),
    ),
    Mutation(
        "nll-drops-log-sigma",
        "aelib/losses.py",
        "0.5 * math.log(2 * math.pi) + log_sigma",
        "0.5 * math.log(2 * math.pi)",
        (
            "tests/test_losses.py::test_gaussian_nll_agrees_with_torch",
            "tests/test_losses.py::test_gaussian_nll_learns_sigma",
        ),
    ),
    Mutation(
        "nll-mean-for-sum",
        "aelib/losses.py",
        "(x_hat - x).square().flatten(1).sum(dim=1)",
        "(x_hat - x).square().flatten(1).mean(dim=1)",
        ("tests/test_losses.py::test_losses_sum_over_pixels_not_over_the_batch",),
    ),
    Mutation(
        "bernoulli-mean-for-sum",
        "aelib/losses.py",
        "return nll.flatten(1).sum(dim=1)",
        "return nll.flatten(1).mean(dim=1)",
        ("tests/test_losses.py::test_bernoulli_nll_agrees_with_torch",),
    ),
    Mutation(
        "kl-log-var-sign",
        "aelib/losses.py",
        "torch.expm1(log_var) - log_var)",
        "torch.expm1(log_var) + log_var)",
        ("tests/test_losses.py::test_kl_standard_normal_agrees_with_torch",),
    ),
    Mutation(
        "kl-drops-mean",
        "aelib/losses.py",
        "0.5 * (mean.square() + torch.expm1(log_var)",
        "0.5 * (torch.expm1(log_var)",
        ("tests/test_losses.py::test_kl_standard_normal_agrees_with_torch",),
    ),
    Mutation(
        "kl-gaussians-swapped",
        "aelib/losses.py",
        "log_ratio = log_var_q - log_var_p",
        "log_ratio = log_var_p - log_var_q",
        ("tests/test_losses.py::test_kl_gaussians_agrees_with_torch",),
    ),
    # models and systems
    Mutation(
        "sample-variance-for-deviation",
        "aelib/models.py",
        "(0.5 * self.log_var).exp()",
        "self.log_var.exp()",
        ("tests/test_models.py::test_posterior_samples_have_its_mean_and_spread",),
    ),
    Mutation(
        "vae-decodes-the-mean",
        "aelib/models.py",
        "self.decode(posterior.sample())",
        "self.decode(posterior.mean)",
        ("tests/test_models.py::test_vae_decodes_a_sample_in_train_and_in_eval_mode",),
    ),
    Mutation(
        "mlp-relu-on-the-code",
        "aelib/models.py",
        "return layers[:-1]",
        "return layers",
        (
            "tests/test_models.py"
            "::test_hidden_layers_have_relu_between_and_none_at_the_end",
        ),
    ),
    Mutation(
        "vae-heads-swapped",
        "aelib/models.py",
        "return Posterior(*heads.chunk(2, dim=1))",
        "return Posterior(*heads.chunk(2, dim=1)[::-1])",
        ("tests/test_models.py::test_vae_splits_the_encoder_into_mean_and_log_var",),
    ),
    Mutation(
        "systems-s3-code-left-linear",
        "aelib/systems/connected.py",
        "return _mlp(_GREY, [256, 64], 20, nn.Sigmoid(), code=nn.ReLU())",
        "return _mlp(_GREY, [256, 64], 20, nn.Sigmoid())",
        (
            "tests/test_systems.py"
            "::test_codes_are_rectified_as_found_and_linear_when_repaired",
        ),
    ),
    Mutation(
        "systems-s0-conv-output-padding",
        "aelib/systems/convolutional.py",
        "nn.ConvTranspose2d(32, 16, 3, stride=2),  # 3 -> 7",
        "nn.ConvTranspose2d(32, 16, 3, stride=2, output_padding=1),  # 3 -> 7",
        ("tests/test_systems.py::test_shape_traces[S0-CONV]",),
        chapter="03_convolutional_autoencoder",
    ),
    Mutation(
        "keras-normal-for-uniform",
        "aelib/systems/__init__.py",
        "nn.init.xavier_uniform_",
        "nn.init.xavier_normal_",
        ("tests/test_systems.py::test_keras_initialisation_matches_glorot_bounds",),
    ),
    # metrics
    Mutation(
        "importance-forgets-the-count",
        "aelib/metrics/distributions.py",
        "return n.log() - total",
        "return -total",
        ("tests/test_metrics.py::test_importance_nll_is_exact_however_it_is_cut",),
    ),
    Mutation(
        "importance-forgets-the-posterior",
        "aelib/metrics/distributions.py",
        "(noise.square() + log_var - z.square())",
        "(log_var - z.square())",
        (
            "tests/test_metrics.py"
            "::test_importance_nll_is_exact_with_the_exact_posterior",
        ),
    ),
    Mutation(
        "auroc-ties-count-whole",
        "aelib/metrics/distributions.py",
        "(last_rank - (counts - 1) / 2)[place]",
        "last_rank[place]",
        (
            "tests/test_metrics.py"
            "::test_auroc_agrees_with_scikit_learn_and_with_counting_pairs",
        ),
    ),
    Mutation(
        "frechet-drops-a-factor",
        "aelib/metrics/distributions.py",
        "distance - 2 * product.sqrt().sum()",
        "distance - product.sqrt().sum()",
        ("tests/test_metrics.py::test_frechet_distance_agrees_with_scipy",),
    ),
    Mutation(
        "psnr-peak-not-squared",
        "aelib/metrics/images.py",
        "torch.log10(peak**2 / mse)",
        "torch.log10(peak / mse)",
        ("tests/test_metrics.py::test_psnr_agrees_with_scikit_image",),
    ),
    Mutation(
        "angles-without-the-sine",
        "aelib/metrics/codes.py",
        "cosines.square() > 0.5",
        "cosines.square() > 2",
        (
            "tests/test_metrics.py"
            "::test_principal_angles_in_a_plane_and_the_smallest_of_them",
        ),
    ),
    Mutation(
        "active-units-deviation-for-variance",
        "aelib/metrics/codes.py",
        "mean.var(dim=0, correction=0)",
        "mean.std(dim=0, correction=0)",
        (
            "tests/test_metrics.py"
            "::test_active_units_counts_variances_above_the_threshold",
        ),
    ),
    Mutation(
        "probe-not-standardised",
        "aelib/metrics/codes.py",
        "StandardScaler().fit(",
        "StandardScaler(with_std=False).fit(",
        ("tests/test_metrics.py::test_linear_probe_standardises_by_the_training_set",),
    ),
    # plots, features, checks, results
    Mutation(
        "grid-tiles-transposed",
        "aelib/plots/pictures.py",
        "tiles.permute(0, 3, 1, 4, 2)",
        "tiles.permute(0, 4, 1, 3, 2)",
        ("tests/test_plots.py::test_image_grid_holds_every_image_and_clear_gaps",),
    ),
    Mutation(
        "history-from-epoch-zero",
        "aelib/plots/charts.py",
        "torch.arange(1, 1 + len(",
        "torch.arange(0, len(",
        ("tests/test_plots.py::test_history_starts_at_epoch_one",),
    ),
    Mutation(
        "features-of-a-net-in-train-mode",
        "aelib/features/__init__.py",
        "return model.eval().requires_grad_(False)",
        "return model.requires_grad_(False)",
        (
            "tests/test_features.py"
            "::test_stored_accuracy_is_measured_again_and_above_the_bar[mnist]",
        ),
    ),
    Mutation(
        "check-als-without-covariance",
        "aelib/checks.py",
        "cross = covariance @ encoder.T",
        "cross = encoder.T",
        ("tests/test_checks.py::test_right_answers_pass_with_one_line",),
        chapter="01_linear_autoencoder",
    ),
    Mutation(
        "sse-mean-for-sum",
        "aelib/metrics/images.py",
        "square().flatten(1).sum(dim=1)",
        "square().flatten(1).mean(dim=1)",
        ("tests/test_metrics.py",),
        chapter="01_linear_autoencoder",
    ),
    Mutation(
        "angles-in-radians",
        "aelib/metrics/codes.py",
        "return angles.rad2deg()",
        "return angles",
        ("tests/test_metrics.py",),
        chapter="01_linear_autoencoder",
    ),
    Mutation(
        "check-ppca-without-the-constant",
        "aelib/checks.py",
        "math.log(2 * math.pi)",
        "math.log(math.pi)",
        ("tests/test_checks.py",),
        chapter="01_linear_autoencoder",
    ),
    Mutation(
        "check-ppca-does-not-look",
        "aelib/checks.py",
        "if not close.all():",
        "if False:",
        ("tests/test_checks.py::test_wrong_likelihoods_are_told_where_to_look",),
    ),
    Mutation(
        "results-value-gives-the-deviation",
        "aelib/results/table.py",
        'float(entry["mean"] if isinstance(entry, dict) else entry)',
        'float(entry["sd"] if isinstance(entry, dict) else entry)',
        ("tests/test_results.py::test_what_is_saved_is_loaded",),
    ),
    Mutation(
        "results-accept-nan",
        "aelib/results/table.py",
        "if not math.isfinite(number):",
        "if False:",
        ("tests/test_results.py::test_malformed_files_are_named[overflow]",),
    ),
    # config, batches, train, trackers
    Mutation(
        "config-offset-dropped",
        "aelib/config.py",
        "total = seed + int(text)",
        "total = seed + 0 * int(text)",
        ("tests/test_config.py::test_offset_is_added",),
    ),
    Mutation(
        "batches-drop-last-ignored",
        "aelib/data/batches.py",
        ".split(self.batch_size)[: len(self)]",
        ".split(self.batch_size)",
        ("tests/test_batches.py::test_lengths",),
    ),
    Mutation(
        "batches-generator-not-restored",
        "aelib/data/batches.py",
        'self.generator.set_state(state["generator"])',
        'str(state["generator"])',
        ("tests/test_batches.py::test_state_continues_the_orders",),
    ),
    Mutation(
        "batches-channels-last-lost",
        "aelib/data/batches.py",
        "return rows.permute(0, 3, 1, 2) if self.moved else rows",
        "return rows.permute(0, 3, 1, 2).contiguous() if self.moved else rows",
        ("tests/test_batches.py::test_channels_last_is_kept",),
    ),
    Mutation(
        "batches-inf-accepted",
        "aelib/data/batches.py",
        "if not (low.isfinite() & high.isfinite()):",
        "if low.isnan():",
        ("tests/test_batches.py::test_values_that_are_not_finite_are_named",),
    ),
    Mutation(
        "train-plain-mean-of-batches",
        "aelib/train/evaluation.py",
        "means = (sizes @ table / sizes.sum()).tolist()",
        "means = table.mean(dim=0).tolist()",
        ("tests/test_train.py::test_evaluate_weights_the_smaller_last_batch",),
    ),
    Mutation(
        "train-evaluate-moves-generators",
        "aelib/train/evaluation.py",
        "        set_generators(generators, device)\n",
        "",
        ("tests/test_train.py::test_evaluate_leaves_everything_as_it_was",),
    ),
    Mutation(
        "train-schedule-not-stepped",
        "aelib/train/run.py",
        "            self.scheduler.step()",
        "            pass",
        ("tests/test_train.py::test_equals_the_loop_by_hand",),
        chapter="01_linear_autoencoder",
    ),
    Mutation(
        "train-gradient-not-clipped",
        "aelib/train/run.py",
        "if self.grad_clip is not None:",
        "if self.grad_clip is None and self.history is None:",
        ("tests/test_train.py::test_equals_the_loop_by_hand",),
    ),
    Mutation(
        "train-gradients-add-up",
        "aelib/train/run.py",
        "            self.optimizer.zero_grad(set_to_none=True)\n",
        "",
        ("tests/test_train.py::test_equals_the_loop_by_hand",),
        chapter="01_linear_autoencoder",
    ),
    Mutation(
        "train-numpy-generator-not-restored",
        "aelib/train/state.py",
        "    np.random.set_state(state)",
        "    str(state)",
        ("tests/test_train.py::test_resumed_run_equals_the_uninterrupted_one",),
    ),
    Mutation(
        "train-optimizer-not-restored",
        "aelib/train/run.py",
        'self.optimizer.load_state_dict(state["optimizer"])',
        'str(state["optimizer"])',
        ("tests/test_train.py::test_resumed_run_equals_the_uninterrupted_one",),
    ),
    Mutation(
        "train-skip-not-told",
        "aelib/train/guard.py",
        "torch.ne(self.health, 0, out=self.skip)",
        "torch.eq(self.health, 1, out=self.skip)",
        ("tests/test_train.py::test_no_parameter_changes_from_the_first_bad_step",),
    ),
    Mutation(
        "train-skip-forgotten-after-one-step",
        "aelib/train/guard.py",
        "self.health.add_((watched * 0).sum())",
        "self.health.copy_((watched * 0).sum())",
        ("tests/test_train.py::test_no_parameter_changes_from_the_first_bad_step",),
    ),
    Mutation(
        "train-gradients-not-watched",
        "aelib/train/guard.py",
        '[terms["loss"], *self._gradient_sizes()]',
        '[terms["loss"], *(s.nan_to_num() for s in self._gradient_sizes())]',
        ("tests/test_train.py::test_no_parameter_changes_from_the_first_bad_step",),
    ),
    Mutation(
        "train-buffers-not-put-back",
        "aelib/train/guard.py",
        "list(model.buffers()) + (",
        "[] + (",
        ("tests/test_train.py::test_last_finite_checkpoint_and_buffers_are_kept",),
    ),
    Mutation(
        "train-denormals-kept",
        "aelib/train/preparation.py",
        "torch.set_flush_denormal(True)",
        "torch.set_flush_denormal(False)",
        ("tests/test_train.py::test_denormal_numbers_are_flushed_in_training_only",),
    ),
    Mutation(
        "checkpoint-digest-not-checked",
        "aelib/train/checkpoints.py",
        'if data[len(MAGIC) : _START] != _digest(payload) + b"\\n":',
        "if len(data) < _START:",
        ("tests/test_train.py::test_damaged_or_foreign_checkpoints_are_refused",),
    ),
    Mutation(
        "checkpoint-of-another-run-accepted",
        "aelib/train/state.py",
        "if saved.get(name) != given.get(name):",
        "if name not in saved and name not in given:",
        ("tests/test_train.py::test_checkpoint_of_another_run_is_refused",),
    ),
    Mutation(
        "tracker-torn-line-kept",
        "aelib/trackers.py",
        "os.truncate(path, len(whole))",
        "os.truncate(path, len(whole + torn))",
        ("tests/test_trackers.py::test_torn_line_is_healed_at_every_byte",),
    ),
    Mutation(
        "tracker-image-axes-swapped",
        "aelib/trackers.py",
        ".permute(0, 3, 1, 4, 2)",
        ".permute(0, 4, 1, 3, 2)",
        ("tests/test_trackers.py::test_images_come_back_from_the_png",),
    ),
    Mutation(
        "data-label-order",
        "aelib/data/images.py",
        '_split(arrays[f"{name}_images"], arrays[f"{name}_labels"])',
        '_split(arrays[f"{name}_images"], arrays[f"{name}_labels"][::-1])',
        ("tests/test_data.py::test_grey_rows_start_as_the_official_files",),
    ),
    Mutation(
        "data-pixel-scale",
        "aelib/data/images.py",
        "div_(255)",
        "div_(256)",
        ("tests/test_data.py::test_grey_shapes_types_and_balance",),
    ),
    Mutation(
        "data-channels",
        "aelib/data/images.py",
        "transpose(0, 3, 1, 2)",
        "transpose(0, 3, 2, 1)",
        ("tests/test_data.py::test_grey_images_are_the_stored_bytes_over_255",),
    ),
    Mutation(
        "data-splits-swapped",
        "aelib/data/images.py",
        'for prefix in ("train", "t10k")',
        'for prefix in ("t10k", "train")',
        ("tests/test_data.py::test_full_profile_fetches_verifies_and_decodes",),
    ),
    Mutation(
        "data-digest-ignored",
        "aelib/data/verify.py",
        "if digest == file.sha256:",
        "if digest:",
        ("tests/test_data.py::test_a_damaged_cached_file_is_named_and_healed",),
    ),
    Mutation(
        "data-embedded-digest-ignored",
        "aelib/data/verify.py",
        "if digest.hexdigest() != entry.embedded_sha256:",
        "if not digest.hexdigest():",
        ("tests/test_data.py::test_embedded_splits_cannot_be_swapped",),
    ),
    Mutation(
        "data-embedded-extended",
        "aelib/data/verify.py",
        'if blob[:4] != b"PK\\x03\\x04" or',
        "if not blob and",
        ("tests/test_data.py::test_a_damaged_embedded_file_is_named",),
    ),
    Mutation(
        "data-gzip-trailing",
        "aelib/data/verify.py",
        "(not stream.eof or stream.unused_data)",
        "not stream.eof",
        (
            "tests/test_data.py::test_a_wrong_download_is_refused_and_the_next_mirror_tried",
        ),
    ),
    Mutation(
        "data-offline-ignored",
        "aelib/data/store.py",
        "if config.offline() and download.uses_network(mirror):",
        "if not mirror:",
        ("tests/test_data.py::test_offline_never_touches_the_network",),
    ),
    Mutation(
        "data-mirrors-added",
        "aelib/data/store.py",
        "list(mirrors) or _sources(entry)",
        "[*mirrors, *_sources(entry)]",
        (
            "tests/test_data.py::test_a_wrong_download_is_refused_and_the_next_mirror_tried",
        ),
    ),
    Mutation(
        "data-litter-kept",
        "aelib/data/store.py",
        'any(folder.glob("*.part")) or (folder / ".lock").exists()',
        "False",
        ("tests/test_data.py::test_litter_of_an_interrupted_fetch_is_removed",),
    ),
    Mutation(
        "data-space-unchecked",
        "aelib/data/store.py",
        "if _free_bytes(folder) < n_bytes:",
        "if n_bytes < 0:",
        ("tests/test_data.py::test_too_little_space_is_named_before_fetching",),
    ),
    Mutation(
        "data-system-unused",
        "aelib/data/store.py",
        "system_copy(entry) if root is None else None",
        "None",
        ("tests/test_data.py::test_a_system_copy_is_used_before_the_cache",),
    ),
    Mutation(
        "data-http-anywhere",
        "aelib/data/download.py",
        'if parts.scheme == "http" and _is_loopback(parts.hostname):',
        'if parts.scheme == "http" and parts.hostname:',
        ("tests/test_data.py::test_mirrors_that_are_refused",),
    ),
    Mutation(
        "data-check-always-good",
        "aelib/data/__main__.py",
        "return 1 if bad else 0",
        "return 0",
        ("tests/test_data.py::test_fetch_then_check_then_damage",),
    ),
    # starts, and what chapter 02 teaches
    Mutation(
        "initialise-variance-one-over-fan-in",
        "aelib/initialise.py",
        'nonlinearity="relu"',
        'nonlinearity="linear"',
        (
            "tests/test_initialise.py"
            "::test_weights_have_variance_two_over_fan_in_and_the_last_ones_less",
        ),
        chapter="02_autoencoder",
    ),
    Mutation(
        "initialise-no-output-bias",
        "aelib/initialise.py",
        "last.bias.copy_(bias)",
        "last.bias.zero_()",
        ("tests/test_initialise.py::test_first_output_is_near_the_mean_image",),
        chapter="02_autoencoder",
    ),
    Mutation(
        "initialise-loud-output",
        "aelib/initialise.py",
        "last.weight.mul_(_OUTPUT_SCALE)",
        "last.weight.mul_(1)",
        (
            "tests/test_initialise.py"
            "::test_weights_have_variance_two_over_fan_in_and_the_last_ones_less",
        ),
        chapter="02_autoencoder",
    ),
    Mutation(
        "initialise-range-unchecked",
        "aelib/initialise.py",
        "if not (wanted.min() >= low and wanted.max() <= 1):",
        "if not wanted.isfinite().all():",
        ("tests/test_initialise.py::test_wrong_calls_are_named",),
    ),
    Mutation(
        "initialise-half-done-when-refused",
        "aelib/initialise.py",
        "    _check(mean_image, layers)\n    last = layers[-1]",
        "    _check(mean_image, layers)\n"
        "    nn.init.zeros_(layers[0].weight)\n    last = layers[-1]",
        ("tests/test_initialise.py::test_a_refused_model_is_left_as_it_was",),
    ),
    Mutation(
        "dead-units-touching-zero",
        "aelib/metrics/codes.py",
        "(codes.amax(dim=0) == codes.amin(dim=0))",
        "(codes.amin(dim=0) == 0)",
        ("tests/test_metrics.py::test_dead_units_are_those_that_never_move",),
        chapter="02_autoencoder",
    ),
    Mutation(
        "s3-repair-keeps-relu",
        "aelib/systems/connected.py",
        "return _mlp(_GREY, [256, 64], 20, nn.Sigmoid())\n",
        "return _mlp(_GREY, [256, 64], 20, nn.Sigmoid(), code=nn.ReLU())  # \n",
        (
            "tests/test_systems.py"
            "::test_codes_are_rectified_as_found_and_linear_when_repaired",
        ),
        chapter="02_autoencoder",
    ),
    Mutation(
        "s0-fc-sigmoid-output",
        "aelib/systems/connected.py",
        "[128, 64, 32], 16, nn.Tanh())",
        "[128, 64, 32], 16, nn.Sigmoid())",
        ("tests/test_systems.py::test_the_last_activation_sets_the_output_range",),
        chapter="02_autoencoder",
    ),
    Mutation(
        "check-dead-units-only-zeros",
        "aelib/checks.py",
        "torch.tensor([0.0, 1.5, -0.5])",
        "torch.tensor([0.0, 0.0, 0.0])",
        ("tests/test_checks.py::test_wrong_counts_are_told_where_to_look",),
    ),
    Mutation(
        "check-glorot-bias-unseen",
        "aelib/checks.py",
        '"the mean |bias|", layer.bias.detach().abs().mean(), 0.0',
        '"the mean |bias|", 0 * layer.bias.detach().abs().mean(), 0.0',
        ("tests/test_checks.py::test_wrong_starts_are_told_where_to_look",),
    ),
    # what chapter 03 teaches
    Mutation(
        "systems-s1-conv-repair-uneven-kernel",
        "aelib/systems/convolutional.py",
        "nn.ConvTranspose2d(16, 8, 4, stride=4, padding=1),  # 4 -> 14",
        "nn.ConvTranspose2d(16, 8, 6, stride=4, padding=2),  # 4 -> 14",
        (
            "tests/test_systems.py"
            "::test_s1_conv_writes_pixels_unevenly_and_its_repair_evenly",
        ),
        chapter="03_convolutional_autoencoder",
    ),
    Mutation(
        "systems-s1-conv-mean-pooling",
        "aelib/systems/convolutional.py",
        "nn.MaxPool2d(2, stride=1),  # 3 -> 2",
        "nn.AvgPool2d(2, stride=1),  # 3 -> 2",
        ("tests/test_systems.py::test_s1_conv_pools_the_largest",),
        chapter="03_convolutional_autoencoder",
    ),
    Mutation(
        "systems-s4-conv-narrow-code",
        "aelib/systems/convolutional.py",
        "nn.Conv2d(24, 48, 4, stride=2, padding=1),  # 16 -> 8\n        nn.ReLU(),\n"
        "        nn.Flatten(),",
        "nn.Conv2d(24, 48, 4, stride=2, padding=1, bias=False),  # 16 -> 8\n"
        "        nn.ReLU(),\n        nn.Flatten(),",
        ("tests/test_systems.py::test_parameter_counts_codes_and_outputs[S4-CONV]",),
        chapter="03_convolutional_autoencoder",
    ),
    Mutation(
        "checks-out-size-forgets-dilation",
        "aelib/checks.py",
        "conv1d(signal, kernel, stride=s, padding=p, dilation=d)",
        "conv1d(signal, kernel, stride=s, padding=p)",
        ("tests/test_checks.py::test_right_sizes_and_fields_pass",),
        chapter="03_convolutional_autoencoder",
    ),
    Mutation(
        "checks-receptive-field-without-strides",
        "aelib/checks.py",
        "torch.ones(1, 1, k, dtype=torch.float64), stride=s)",
        "torch.ones(1, 1, k, dtype=torch.float64), stride=1)",
        ("tests/test_checks.py::test_right_sizes_and_fields_pass",),
        chapter="03_convolutional_autoencoder",
    ),
    Mutation(
        "autoencoder-takes-any-output-shape",
        "aelib/models.py",
        "    if output.shape != x.shape:",
        "    if output.ndim != x.ndim:",
        ("tests/test_models.py::test_models_refuse_what_does_not_fit",),
        chapter="03_convolutional_autoencoder",
    ),
]


def run_pytest(copy: str, arguments: list[str], log: str) -> None:
    """Run pytest inside the copy, with the copy's aelib, and exit with its code."""
    with Path(log).open("w") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    os.chdir(copy)
    os.environ["PYTHONPATH"] = copy  # for the processes that tests start
    sys.path.insert(0, copy)
    sys.dont_write_bytecode = True  # a stale .pyc would hide a change of equal length
    import aelib

    if not Path(aelib.__file__).is_relative_to(copy):
        print(f"aelib was imported from {aelib.__file__}, not from {copy}")
        sys.exit(WRONG_PACKAGE)
    import pytest

    sys.exit(int(pytest.main(["-q", "-p", "no:cacheprovider", *arguments])))


def spawn(context, copy: Path, arguments: list[str], log: Path) -> int | None:
    """Exit code of pytest in the copy, or None if it had to be stopped."""
    process = context.Process(target=run_pytest, args=(str(copy), arguments, str(log)))
    process.start()
    process.join(TIMEOUT_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        return None
    return process.exitcode


def copy_tree(folder: Path) -> Path:
    ignore = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "*.egg-info")
    for name in TREE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignore)
        elif source.exists():
            shutil.copy2(source, folder / name)
    return folder


def chapter_arguments(slug: str) -> list[str]:
    return ["-x", "--nbval-lax", "--nbval-current-env", f"notebooks/{slug}.ipynb"]


def verdict(code: int | None, log: Path) -> str:
    if code == 1:
        return "caught"
    if code == 0:
        return "SURVIVED"
    reason = "time is up" if code is None else f"exit code {code}"
    lines = log.read_text(errors="replace").splitlines()
    return f"INVALID ({reason}: {lines[-1] if lines else 'no output'})"


def try_mutation(context, copy: Path, mutation: Mutation, chapters: bool) -> list[str]:
    """Apply, run, restore: a verdict for the tests and, if asked, for the chapter."""
    path, log = copy / mutation.file, copy / "run.log"
    source = path.read_text() if path.exists() else ""
    found = source.count(mutation.old)
    if found != 1:
        return [f"INVALID (`old` found {found} times)"]
    runs = [["-x", *mutation.tests]]
    if chapters and mutation.chapter:
        runs.append(chapter_arguments(mutation.chapter))
    path.write_text(source.replace(mutation.old, mutation.new))
    try:
        return [verdict(spawn(context, copy, run, log), log) for run in runs]
    finally:
        path.write_text(source)


def green_before(context, copy: Path, chosen: list[Mutation], chapters: bool) -> bool:
    """Whether everything named passes without a mutation; prints what does not."""
    log = copy / "run.log"
    runs = [sorted({test for mutation in chosen for test in mutation.tests})]
    if chapters:
        slugs = sorted({m.chapter for m in chosen if m.chapter})
        runs += [chapter_arguments(slug) for slug in slugs]
    for run in runs:
        if spawn(context, copy, run, log) != 0:
            print(log.read_text(errors="replace")[-4000:])
            print("These must be green before any mutation is tried.")
            return False
    return True


def changed_since(revision: str) -> set[str]:
    """Paths that differ from the revision, untracked files included."""
    commands = (
        ["git", "diff", "--name-only", revision],
        ["git", "ls-files", "--others", "--exclude-standard"],
    )
    outputs = [
        subprocess.run(c, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for c in commands
    ]
    return set("".join(outputs).splitlines())


def choose(only: list[str] | None, changed: str | None) -> list[Mutation]:
    chosen = MUTATIONS
    if only is not None:
        unknown = sorted(set(only) - {mutation.id for mutation in MUTATIONS})
        if unknown:
            raise SystemExit(f"--only: no mutation is named {', '.join(unknown)}")
        chosen = [mutation for mutation in chosen if mutation.id in only]
    if changed is not None:
        paths = changed_since(changed)
        chosen = [
            mutation
            for mutation in chosen
            if mutation.file in paths
            or any(test.split("::")[0] in paths for test in mutation.tests)
        ]
    return chosen


def report(mutation: Mutation, seconds: float, verdicts: list[str]) -> bool:
    print(f"{seconds:6.1f} s  {mutation.id:34} {', '.join(verdicts)}", flush=True)
    return all(text == "caught" for text in verdicts)


def run_all(chosen: list[Mutation], chapters: bool, jobs: int, folder: Path) -> int:
    methods = multiprocessing.get_all_start_methods()
    method = "forkserver" if "forkserver" in methods else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(PRELOAD)
    copies: SimpleQueue[Path] = SimpleQueue()
    for job in range(jobs):
        copies.put(copy_tree(folder / str(job)))

    def work(mutation: Mutation) -> bool:
        copy, start = copies.get(), time.monotonic()
        try:
            verdicts = try_mutation(context, copy, mutation, chapters)
        finally:
            copies.put(copy)
        return report(mutation, time.monotonic() - start, verdicts)

    if not green_before(context, folder / "0", chosen, chapters):
        return 2
    with ThreadPoolExecutor(jobs) as pool:
        caught = list(pool.map(work, chosen))
    print(f"{sum(caught)} of {len(caught)} mutations caught")
    return 0 if all(caught) else 1


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="ID")
    parser.add_argument("--changed", metavar="REV")
    parser.add_argument("--chapters", action="store_true", help="run chapters as well")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    options = parser.parse_args(arguments)
    chosen = choose(options.only, options.changed)
    if not chosen:
        print("no mutation to try")
        return 0
    os.environ.update(OMP_NUM_THREADS="1", MPLBACKEND="agg", AELIB_PROGRESS="0")
    os.environ.update(PYTHONDONTWRITEBYTECODE="1")
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        code = run_all(chosen, options.chapters, max(1, options.jobs), Path(folder))
    print(f"{time.monotonic() - start:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main())
