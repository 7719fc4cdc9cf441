"""Changes to the metrics."""

from mutants.entry import Mutation

_BASELINES = "aelib/metrics/baselines.py"

MUTATIONS = [
    Mutation(
        "constant-mean-of-all-numbers",
        _BASELINES,
        "return targets.to(dtype).mean(dim=0)",
        "return targets.to(dtype).mean()",
        ("tests/test_baselines.py::test_the_mean_scores_the_sum_of_the_variances",),
    ),
    Mutation(
        "constant-given-to-the-wrong-side",
        _BASELINES,
        "metric(answer.clone(memory_format=torch.contiguous_format), targets)",
        "metric(targets, answer.clone(memory_format=torch.contiguous_format))",
        ("tests/test_baselines.py::test_a_detector_with_one_score_guesses",),
    ),
    Mutation(
        "constant-answer-without-memory",
        _BASELINES,
        "metric(answer.clone(memory_format=torch.contiguous_format), targets)",
        "metric(answer.contiguous(), targets)",
        (
            "tests/test_baselines.py::test_a_metric_that_writes_does_not_change_the_constant",
        ),
    ),
    Mutation(
        "constant-of-any-dtype",
        _BASELINES,
        "    if floating:\n",
        "    if not floating:\n",
        ("tests/test_wrong_calls.py::test_wrong_calls_are_named[constant float64]",),
    ),
    Mutation(
        "constant-of-any-shape",
        _BASELINES,
        "    if constant.shape != targets.shape[1:]:\n",
        "    if constant.ndim > targets.ndim:\n",
        ("tests/test_wrong_calls.py::test_wrong_calls_are_named[constant a batch]",),
    ),
    Mutation(
        "constant-any-result",
        _BASELINES,
        "elif result.shape not in ((), (n,)):",
        "elif result.ndim > 4:",
        ("tests/test_wrong_calls.py::test_wrong_calls_are_named[constant by pixels]",),
    ),
    Mutation(
        "constant-nan-is-a-score",
        _BASELINES,
        "    if math.isnan(score):\n",
        "    if score is None:\n",
        ("tests/test_wrong_calls.py::test_wrong_calls_are_named[constant to NaN]",),
    ),
    Mutation(
        "constant-summed-in-the-dtype-of-the-metric",
        _BASELINES,
        "result.detach().cpu().double().mean()",
        "result.detach().cpu().float().mean()",
        ("tests/test_baselines.py::test_what_a_metric_may_return",),
    ),
    Mutation(
        "constant-targets-not-finite",
        _BASELINES,
        '        _expect.measured("targets", targets)\n',
        '        _expect.precise("targets", targets)\n',
        ("tests/test_wrong_calls.py::test_wrong_calls_are_named[constant for NaN]",),
    ),
    Mutation(
        "importance-forgets-the-count",
        "aelib/metrics/distributions.py",
        "return math.log(n_samples) - total",
        "return -total",
        ("tests/test_metrics.py::test_importance_nll_is_exact_however_it_is_cut",),
    ),
    Mutation(
        "importance-forgets-the-posterior",
        "aelib/metrics/distributions.py",
        "terms = noise.square() + log_var - z.square()",
        "terms = log_var - z.square()",
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
]
