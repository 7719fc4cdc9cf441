"""Changes to the losses."""

from mutants.entry import Mutation

MUTATIONS = [
    Mutation(
        "nll-variance-for-twice-variance",
        "aelib/losses/likelihoods.py",
        "return sse / (2 * sigma**2) + constant",
        "return sse / sigma**2 + constant",
        ("tests/test_losses.py::test_gaussian_nll_agrees_with_torch",),
    ),
    Mutation(
        "nll-drops-log-two-pi",
        "aelib/losses/likelihoods.py",
        "0.5 * math.log(2 * math.pi) + log_sigma",
        "log_sigma",
        ("tests/test_losses.py::test_gaussian_nll_agrees_with_torch",),
    ),
    Mutation(
        "nll-drops-log-sigma",
        "aelib/losses/likelihoods.py",
        "0.5 * math.log(2 * math.pi) + log_sigma",
        "0.5 * math.log(2 * math.pi)",
        (
            "tests/test_losses.py::test_gaussian_nll_agrees_with_torch",
            "tests/test_losses.py::test_gaussian_nll_learns_sigma",
        ),
    ),
    Mutation(
        "nll-mean-for-sum",
        "aelib/losses/likelihoods.py",
        "(x_hat - x).square().flatten(1).sum(dim=1)",
        "(x_hat - x).square().flatten(1).mean(dim=1)",
        ("tests/test_losses.py::test_losses_sum_over_pixels_not_over_the_batch",),
    ),
    Mutation(
        "bernoulli-mean-for-sum",
        "aelib/losses/likelihoods.py",
        "return nll.flatten(1).sum(dim=1)",
        "return nll.flatten(1).mean(dim=1)",
        ("tests/test_losses.py::test_bernoulli_nll_agrees_with_torch",),
    ),
    Mutation(
        "kl-log-var-sign",
        "aelib/losses/divergences.py",
        "torch.expm1(log_var) - log_var)",
        "torch.expm1(log_var) + log_var)",
        ("tests/test_losses.py::test_kl_standard_normal_agrees_with_torch",),
    ),
    Mutation(
        "kl-drops-mean",
        "aelib/losses/divergences.py",
        "0.5 * (mean.square() + torch.expm1(log_var)",
        "0.5 * (torch.expm1(log_var)",
        ("tests/test_losses.py::test_kl_standard_normal_agrees_with_torch",),
    ),
    Mutation(
        "kl-gaussians-swapped",
        "aelib/losses/divergences.py",
        "log_ratio = log_var_q - log_var_p",
        "log_ratio = log_var_p - log_var_q",
        ("tests/test_losses.py::test_kl_gaussians_agrees_with_torch",),
    ),
]
