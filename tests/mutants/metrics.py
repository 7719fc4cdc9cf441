"""Changes to the metrics."""

from mutants.entry import Mutation

MUTATIONS = [
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
