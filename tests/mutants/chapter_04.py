"""Changes to the likelihoods and measures that chapter 04 teaches."""

from mutants.entry import Mutation

CHAPTER = "04_reconstruction_losses"
QUADRATURE = ("tests/test_losses.py::test_continuous_bernoulli_agrees_with_quadrature",)

MUTATIONS = [
    Mutation(
        "laplace-drops-log-two",
        "aelib/losses/likelihoods.py",
        "n_values * (math.log(2) + log_scale)",
        "n_values * log_scale",
        ("tests/test_losses.py::test_laplace_nll_agrees_with_torch",),
    ),
    Mutation(
        "laplace-divides-by-standard-deviation",
        "aelib/losses/likelihoods.py",
        "return absolute / scale +",
        "return absolute * 2**0.5 / scale +",
        (
            "tests/test_losses.py::test_laplace_nll_agrees_with_torch",
            "tests/test_losses.py::test_laplace_nll_learns_its_scale",
        ),
    ),
    Mutation(
        "gaussian-forgets-the-half",
        "aelib/losses/likelihoods.py",
        "constant = n_values * (0.5 * math.log(2 * math.pi)",
        "constant = n_values * (math.log(2 * math.pi)",
        ("tests/test_losses.py::test_gaussian_nll_agrees_with_torch",),
        chapter=CHAPTER,
    ),
    Mutation(
        "continuous-bernoulli-without-relu",
        "aelib/losses/likelihoods.py",
        "closed = logits.relu() + (-torch.expm1(-far)).log()",
        "closed = 0.5 * logits + (-torch.expm1(-far)).log()",
        QUADRATURE,
        chapter=CHAPTER,
    ),
    Mutation(
        "continuous-bernoulli-without-its-constant",
        "aelib/losses/likelihoods.py",
        "return (normaliser - logits * x).flatten(1)",
        "return (logits.exp().log1p() - logits * x).flatten(1)",
        QUADRATURE,
        chapter=CHAPTER,
    ),
    Mutation(
        "continuous-bernoulli-shows-lambda",
        "aelib/losses/likelihoods.py",
        "above = -1 / torch.expm1(-far) - 1 / far",
        "above = far.sigmoid()",
        QUADRATURE,
    ),
    Mutation(
        "continuous-bernoulli-wrong-series",
        "aelib/losses/likelihoods.py",
        "square * (1 / 24 - square / 2880)",
        "square * (1 / 12 - square / 2880)",
        QUADRATURE,
    ),
    Mutation(
        "continuous-bernoulli-unguarded-branch",
        "aelib/losses/likelihoods.py",
        "size.masked_fill(small, 1.0)",
        "size",
        QUADRATURE,
    ),
    Mutation(
        "ssim-one-constant",
        "aelib/metrics/images.py",
        "c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2",
        "c1, c2 = (0.03 * peak) ** 2, (0.03 * peak) ** 2",
        ("tests/test_metrics.py",),
    ),
    Mutation(
        "laplacian-of-another-kernel",
        "aelib/metrics/images.py",
        "- 4 * x[..., 1:-1, 1:-1]",
        "- 2 * x[..., 1:-1, 1:-1]",
        ("tests/test_metrics.py::test_laplacian_variance_agrees_with_scipy",),
    ),
    Mutation(
        "check-continuous-bernoulli-gradient-unseen",
        "aelib/checks/reconstruction.py",
        '_near("the gradient", logits.grad, mean - x, given, hint)',
        '_expect("the gradient", mean - x, mean - x, given, hint)',
        (
            "tests/test_checks_reconstruction.py"
            "::test_wrong_likelihoods_are_told_where_to_look",
        ),
    ),
    Mutation(
        "check-box-ssim-sample-variance",
        "aelib/checks/reconstruction.py",
        "torch.stack([a, b]), correction=0)",
        "torch.stack([a, b]), correction=1)",
        ("tests/test_checks_reconstruction.py::test_right_answers_pass_with_one_line",),
        chapter=CHAPTER,
    ),
]
