"""Changes to the bounds and samples that chapter 08 teaches."""

from mutants.entry import Mutation

CHAPTER = "08_evidence_lower_bound"
DISTRIBUTIONS = "aelib/metrics/distributions.py"

MUTATIONS = [
    Mutation(
        "importance-forgets-log-n",
        DISTRIBUTIONS,
        "return math.log(n_samples) - total",
        "return -total",
        ("tests/test_metrics.py",),
        chapter=CHAPTER,
    ),
    Mutation(
        "posterior-sample-uses-variance",
        "aelib/models.py",
        "return self.mean + (0.5 * self.log_var).exp() * torch.randn_like(self.mean)",
        "return self.mean + self.log_var.exp() * torch.randn_like(self.mean)",
        ("tests/test_models.py",),
        chapter=CHAPTER,
    ),
    Mutation(
        "gaussian-nll-drops-log-sigma-of-the-bound",
        "aelib/losses/likelihoods.py",
        "constant = n_values * (0.5 * math.log(2 * math.pi) + log_sigma)",
        "constant = n_values * 0.5 * math.log(2 * math.pi)",
        ("tests/test_losses.py::test_gaussian_nll_agrees_with_torch",),
        chapter=CHAPTER,
    ),
    Mutation(
        "rate-with-doubled-mean",
        "aelib/losses/divergences.py",
        "0.5 * (mean.square() +",
        "0.5 * (2 * mean.square() +",
        ("tests/test_losses.py::test_kl_standard_normal_agrees_with_torch",),
    ),
    Mutation(
        "check-reparameterise-wants-another-slope",
        "aelib/checks/bound.py",
        "to_log_var = (z - mean).detach() / 2",
        "to_log_var = (z - mean).detach()",
        ("tests/test_checks_bound.py",),
        chapter=CHAPTER,
    ),
    Mutation(
        "check-reparameterise-without-statistics",
        "aelib/checks/bound.py",
        "    _check_distribution(reparameterise)\n    print",
        "    print",
        ("tests/test_checks_bound.py",),
    ),
    Mutation(
        "check-reparameterise-one-draw",
        "aelib/checks/bound.py",
        "if torch.equal(z, again):",
        "if z is again:",
        ("tests/test_checks_bound.py",),
    ),
    Mutation(
        "check-gradient-never-missing",
        "aelib/checks/expect.py",
        "if not (isinstance(answer, Tensor) and answer.requires_grad):",
        "if not isinstance(answer, Tensor):",
        ("tests/test_checks_regularised.py",),
    ),
    Mutation(
        "chapter-08-has-a-smaller-amortisation-gap",
        "notebooks/08_evidence_lower_bound.ipynb",
        "hidden units 0.011 more",
        "hidden units 0.019 more",
        ("tests/test_claims.py::test_claims[08_evidence_lower_bound]",),
    ),
    Mutation(
        "chapter-08-lets-the-narrow-one-catch-up",
        "notebooks/08_evidence_lower_bound.ipynb",
        "but with five hundred still 0.17",
        "but with five hundred still 0.07",
        ("tests/test_claims.py::test_claims[08_evidence_lower_bound]",),
    ),
    Mutation(
        "chapter-08-lets-the-best-q-converge",
        "notebooks/08_evidence_lower_bound.ipynb",
        "five hundred samples leave 0.35 nats",
        "five hundred samples leave 0.04 nats",
        ("tests/test_claims.py::test_claims[08_evidence_lower_bound]",),
    ),
]
