"""Changes to the variational autoencoder and to the systems that chapter 09 teaches."""

from mutants.entry import Mutation

CHAPTER = "09_variational_autoencoder"

MUTATIONS = [
    Mutation(
        "vae-never-draws",
        "aelib/models.py",
        "output = self.decode(posterior.sample())",
        "output = self.decode(posterior.mean)",
        ("tests/test_models.py",),
        chapter=CHAPTER,
    ),
    Mutation(
        "vae-swaps-its-heads",
        "aelib/models.py",
        "return Posterior(*heads.chunk(2, dim=1))",
        "return Posterior(*reversed(heads.chunk(2, dim=1)))",
        ("tests/test_models.py",),
        chapter=CHAPTER,
    ),
    Mutation(
        "s4-repaired-keeps-its-relu",
        "aelib/systems/variational.py",
        "return VAE(TwoHeads(trunk, _s4_head(), _s4_head()), s4_decoder())",
        "return VAE(TwoHeads(trunk, _s4_head(), nn.Sequential(_s4_head(), nn.ReLU())),"
        " s4_decoder())",
        ("tests/test_systems.py",),
    ),
    Mutation(
        "s1-found-without-its-relu",
        "aelib/systems/variational.py",
        "encoder = nn.Sequential(MLPEncoder(_GREY, [256, 64], 20), nn.ReLU())",
        "encoder = nn.Sequential(MLPEncoder(_GREY, [256, 64], 20))",
        ("tests/test_systems.py",),
    ),
    Mutation(
        "rate-of-another-variance",
        "aelib/losses/divergences.py",
        "torch.expm1(log_var) - log_var)",
        "torch.expm1(log_var) - 0.5 * log_var)",
        ("tests/test_losses.py::test_kl_standard_normal_agrees_with_torch",),
        chapter=CHAPTER,
    ),
    Mutation(
        "active-units-from-the-mean-square",
        "aelib/metrics/codes.py",
        "(mean.var(dim=0, correction=0) > threshold)",
        "(mean.square().mean(dim=0) > threshold)",
        ("tests/test_metrics.py",),
    ),
    Mutation(
        "check-slerp-forgets-parallel-codes",
        "aelib/checks/variational.py",
        "answer = slerp(torch.stack([one, one]), torch.stack([2 * one, across]), 0.5)",
        "answer = torch.stack([1.5 * one, (one + across) / 2**0.5])",
        ("tests/test_checks_variational.py",),
    ),
    Mutation(
        "check-slerp-of-parallel-codes-alone",
        "aelib/checks/variational.py",
        "answer = slerp(torch.stack([one, one]), torch.stack([2 * one, across]), 0.5)",
        "answer = torch.cat([slerp(one[None], 2 * one[None], 0.5),"
        " slerp(one[None], across[None], 0.5)])",
        ("tests/test_checks_variational.py",),
    ),
    Mutation(
        "check-vae-loss-without-rate",
        "aelib/checks/variational.py",
        "(distortion + rate).mean()",
        "distortion.mean()",
        ("tests/test_checks_variational.py",),
        chapter=CHAPTER,
    ),
]
