"""Changes to the divergences that chapter 07 teaches."""

from mutants.entry import Mutation

CHAPTER = "07_kl_divergence"
STANDARD = ("tests/test_losses.py::test_kl_standard_normal_agrees_with_torch",)
PAIR = ("tests/test_losses.py::test_kl_gaussians_agrees_with_torch",)
DIVERGENCES = "aelib/losses/divergences.py"

MUTATIONS = [
    Mutation(
        "kl-forgets-the-half",
        DIVERGENCES,
        "return 0.5 * (mean.square() + torch.expm1(log_var) - log_var)",
        "return mean.square() + torch.expm1(log_var) - log_var",
        STANDARD,
        chapter=CHAPTER,
    ),
    Mutation(
        "kl-log-var-taken-as-log-std",
        DIVERGENCES,
        "torch.expm1(log_var) - log_var)",
        "torch.expm1(2 * log_var) - 2 * log_var)",
        STANDARD,
        chapter=CHAPTER,
    ),
    Mutation(
        "kl-mean-over-the-code",
        DIVERGENCES,
        "return kl_per_dim(mean, log_var).sum(dim=1)",
        "return kl_per_dim(mean, log_var).mean(dim=1)",
        STANDARD,
        chapter=CHAPTER,
    ),
    Mutation(
        "kl-gaussians-shift-unscaled",
        DIVERGENCES,
        "shift = (mean_q - mean_p).square() * (-log_var_p).exp()",
        "shift = (mean_q - mean_p).square()",
        PAIR,
        chapter=CHAPTER,
    ),
    Mutation(
        "kl-gaussians-ratio-upside-down",
        DIVERGENCES,
        "log_ratio = log_var_q - log_var_p",
        "log_ratio = log_var_p - log_var_q",
        PAIR,
        chapter=CHAPTER,
    ),
    Mutation(
        "check-kl-swaps-its-truth",
        "aelib/checks/divergence.py",
        "kl_divergence(q, p)",
        "kl_divergence(p, q)",
        ("tests/test_checks_divergence.py::test_right_divergences_pass",),
        chapter=CHAPTER,
    ),
]
