"""Evidence of chapter 07: what a wrong belief costs, and what its direction decides.

    make evidence CHAPTER=07_kl_divergence

Divergences are in nats. Errors are squared errors summed over an image, pixels in
[0, 1], in the mean over test images.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal, Normal
from torch.func import jvp

from aelib import data, losses, metrics
from aelib.data import Batches
from aelib.lab import Study
from aelib.models import VAE, MLPDecoder, MLPEncoder

SMOOTHING = (0.01, 0.5, 10.0)  # pixels added to the count of every grey level
NEAR, FAR = 0.1, 1.0  # shifts m of N(m, 1) against N(0, 1): KL 0.005 and 0.5
study = Study(
    "07_kl_divergence",
    seeds=[0, 1, 2],
    columns={
        "mean": "",
        "variance": "",
        "KL": "nats",
        "unseen levels": "",
        "infinite": "",  # 1 where the KL without smoothing is infinite
        **{f"+ {amount:g}": "nats" for amount in SMOOTHING},
        "k1": "",  # the three estimators: what of them, says the row
        "k2": "",
        "k3": "",
        "largest ratio": "",
        "loss": "",
        "width": "",  # median standard deviation of the posterior
        "mean square": "",  # of the posterior's mean
        "weight": "",  # median of what the decoder minds
        "own prediction": "",  # of the width, from the network's own weight
        "other prediction": "",  # from the weight of the network with the right price
        "error of the mean": "",
        "error of a draw": "",
    },
)
N_LEVELS, N_COMPONENTS, LATENT_DIM, NOISE_VARIANCE = 256, 8, 8, 0.0125
SHAPE = (1, 28, 28)
profile = study.pick(smoke="fast", full="full")
fashion = data.fashion_mnist(profile=profile).to(study.device)
digits = data.mnist(profile=profile)
x_train = fashion.train.images[: study.pick(smoke=500, full=60_000)]
x_test = fashion.test.images[: study.pick(smoke=100, full=10_000)]
n_samples = study.pick(smoke=10_000, full=10_000_000)


# --- two hills and one Gaussian ---

grid = torch.linspace(-25, 25, 5001, dtype=torch.float64)
step = (grid[1] - grid[0]).item()


def hills(half: float) -> Tensor:
    """Log-density on the grid: two Gaussians of width 1 at -half and half."""
    both = [Normal(place, 1.0).log_prob(grid) for place in (-half, half)]
    return torch.stack(both).logsumexp(dim=0) - math.log(2)


def kl_on_grid(log_first: Tensor, log_second: Tensor) -> Tensor:
    return (log_first.exp() * (log_first - log_second)).sum() * step


def fit(log_p: Tensor, direction: str, start: float) -> tuple[float, float, float]:
    """One Gaussian for the density log_p: mean, standard deviation and KL."""
    free = torch.tensor([start, 0.0], dtype=torch.float64, requires_grad=True)
    # steps of a tenth: a whole one can leave the grid where a minimum has just vanished
    optimizer = torch.optim.LBFGS(
        [free],
        lr=0.1,
        max_iter=2000,
        tolerance_change=1e-14,
        line_search_fn="strong_wolfe",
    )

    def cost() -> Tensor:
        log_q = Normal(free[0], free[1].exp()).log_prob(grid)
        return kl_on_grid(
            *((log_p, log_q) if direction == "forward" else (log_q, log_p))
        )

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = cost()
        value.backward()
        return value

    optimizer.step(closure)
    return free[0].item(), free[1].exp().item(), cost().item()


def two_hills() -> None:
    """The fits of the opening picture, and a strip while the hills are pulled apart."""
    log_p = hills(3.0)
    for row, direction, start in (
        ("forward", "forward", 0.0),
        ("reverse, from the left", "reverse", -2.0),
        ("reverse, from the right", "reverse", 2.0),
        ("reverse, from the middle", "reverse", 0.0),
        ("reverse, from just beside", "reverse", 0.5),
    ):
        mean, std, value = fit(log_p, direction, start)
        study.note(row, mean=mean, variance=std**2, KL=value)
    halves = torch.arange(0.0, 4.01, study.pick(smoke=1.0, full=0.05)).tolist()
    curves = {"half": torch.tensor(halves)}
    for name, direction, from_hill in (
        ("forward", "forward", 0.0),
        ("covering", "reverse", 0.0),
        ("choosing", "reverse", 1.0),
    ):
        fits = [fit(hills(h), direction, from_hill * h) for h in halves]
        curves[name] = torch.tensor(fits)  # (n, 3): mean, standard deviation, KL
    study.curve("pulled apart", curves)


# --- a belief from a few pictures ---


def level_counts(images: Tensor) -> Tensor:
    """How often each grey level occurs, (n, C, H, W) -> (256,)."""
    levels = (images * (N_LEVELS - 1)).round().long()
    return torch.bincount(levels.flatten(), minlength=N_LEVELS).double()


def kl_discrete(p: Tensor, q: Tensor) -> float:
    return torch.where(p > 0, p * (p / q).log(), 0.0).sum().item()


sneakers = fashion.train.images[
    fashion.train.labels == fashion.classes.index("Sneaker")
].cpu()
all_levels = level_counts(sneakers) / sneakers.numel()


def believed(n_pictures: int) -> Callable[[int], Mapping[str, float]]:
    def trial(seed: int) -> Mapping[str, float]:
        counts = level_counts(sneakers[torch.randperm(len(sneakers))[:n_pictures]])
        costs = {
            f"+ {amount:g}": kl_discrete(
                all_levels, (counts + amount) / (counts + amount).sum()
            )
            for amount in SMOOTHING
        }
        unseen = ((counts == 0) & (all_levels > 0)).sum().item()
        return {"unseen levels": unseen, "infinite": float(unseen > 0), **costs}

    return trial


# --- ten digits as ten Gaussians, and three estimators ---


def digit_gaussians() -> tuple[Tensor, Tensor]:
    """Mean and covariance of each class in the first principal components."""
    x = digits.train.images.flatten(1).double()
    x = x - x.mean(dim=0)
    axes = torch.linalg.eigh(x.T @ x).eigenvectors[:, -N_COMPONENTS:]
    codes = [x[digits.train.labels == c] @ axes for c in range(10)]
    means = torch.stack([code.mean(dim=0) for code in codes])
    return means, torch.stack([code.T.cov() for code in codes])


means, covariances = digit_gaussians()


def estimators(log_r: Tensor) -> Tensor:
    """k1, k2, k3 of KL(q || p) for each sample of q; r = p / q."""
    return torch.stack([-log_r, log_r**2 / 2, torch.expm1(log_r) - log_r])


def named(values: Tensor) -> dict[str, float]:
    return dict(zip(("k1", "k2", "k3"), values.tolist(), strict=True))


def on_shift(m: float, what: str) -> Callable[[int], Mapping[str, float]]:
    """Of q = N(m, 1) and p = N(0, 1), in units of their KL."""

    def trial(seed: int) -> Mapping[str, float]:
        sample = m + torch.randn(n_samples, dtype=torch.float64)
        each = estimators(0.5 * (sample - m) ** 2 - 0.5 * sample**2) / (m**2 / 2)
        return named(each.std(dim=1) if what == "spread" else each.mean(dim=1) - 1)

    return trial


def on_digits(what: str) -> Callable[[int], Mapping[str, float]]:
    """Of the Gaussians of four and nine, in nats."""
    q, p = (MultivariateNormal(means[c], covariances[c]) for c in (4, 9))

    def trial(seed: int) -> Mapping[str, float]:
        sample = q.sample((n_samples // N_COMPONENTS,))
        log_r = p.log_prob(sample) - q.log_prob(sample)
        each = estimators(log_r)
        found = each.std(dim=1) if what == "spread" else each.mean(dim=1)
        return named(found) | {"largest ratio": log_r.max().exp().item()}

    return trial


# --- the arguments swapped, in training ---


def vae() -> VAE:
    """784-128-8 and back."""
    decoder = nn.Sequential(MLPDecoder(LATENT_DIM, [128], SHAPE), nn.Sigmoid())
    return VAE(MLPEncoder(SHAPE, [128], 2 * LATENT_DIM), decoder)


def swapped_price(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(0, I) || N(mean, diag exp log_var)), (B,): the mistake."""
    zero = torch.zeros_like(mean)
    return losses.kl_gaussians(zero, zero, mean, log_var)


def paying(
    price: Callable[[Tensor, Tensor], Tensor],
) -> Callable[[nn.Module, Tensor], dict[str, Tensor]]:
    def objective(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
        x_hat, posterior = model(x)
        error = metrics.sse(x_hat, x).mean()
        return {"loss": error / (2 * NOISE_VARIANCE) + price(*posterior).mean()}

    return objective


def last_loss(
    price: Callable[[Tensor, Tensor], Tensor],
) -> Callable[[nn.Module], dict[str, float]]:
    """Something to measure; the table is measured below, without training again."""

    def measure(model: nn.Module) -> dict[str, float]:
        return {"loss": paying(price)(model, x_test[:1000])["loss"].item()}

    return measure


def trained(row: str, price: Callable[[Tensor, Tensor], Tensor]) -> Sequence[nn.Module]:
    return study.train(
        row,
        vae,
        paying(price),
        lambda seed: Batches(x_train, 128),
        measure=last_loss(price),
        epochs=study.pick(smoke=1, full=10),
        lr=3e-3,
    )


def weights(model: nn.Module, mean: Tensor, std: Tensor) -> Tensor:
    """|J_j|^2 / sigma^2 of each unit, over eight draws of each posterior, (B, D)."""
    total = torch.zeros_like(mean)
    for _ in range(8):
        z = mean + std * torch.randn_like(mean)
        for j in range(LATENT_DIM):
            direction = torch.zeros_like(z)
            direction[:, j] = 1.0
            slope = jvp(model.decoder, (z,), (direction,))[1]
            total[:, j] += slope.flatten(1).square().sum(dim=1)
    return total / (8 * NOISE_VARIANCE)


def right_width(weight: Tensor) -> Tensor:
    return (1 / (1 + weight)).sqrt()


def swapped_width(weight: Tensor, square: Tensor) -> Tensor:
    """The root v of a v^2 + v = 1 + m^2, as a standard deviation."""
    return (((1 + 4 * weight * (1 + square)).sqrt() - 1) / (2 * weight)).sqrt()


@torch.no_grad()
def judged(
    model: nn.Module, right: nn.Module, is_swapped: bool
) -> Callable[[], Mapping[str, float]]:
    mean, log_var = model.encode(x_test)
    std, some = (log_var / 2).exp(), slice(0, 2000)
    own = weights(model, mean[some], std[some])
    mean_r, log_var_r = right.encode(x_test[some])
    other = weights(right, mean_r, (log_var_r / 2).exp()).median()
    square = mean[some].square()
    predicted = [
        swapped_width(weight, square) if is_swapped else right_width(weight)
        for weight in (own, other)
    ]
    draw = model.decoder(mean + std * torch.randn_like(mean))
    return {
        "width": std.median().item(),
        "mean square": mean.square().mean().item(),
        "weight": own.median().item(),
        "own prediction": predicted[0].median().item(),
        "other prediction": predicted[1].median().item(),
        "error of the mean": metrics.sse(model.decoder(mean), x_test).mean().item(),
        "error of a draw": metrics.sse(draw, x_test).mean().item(),
    }


def swapped() -> None:
    right = trained("VAE, right price", losses.kl_standard_normal)
    wrong = trained("VAE, swapped price", swapped_price)
    study.run("right", lambda seed: judged(right[seed], right[seed], False))
    study.run("swapped", lambda seed: judged(wrong[seed], right[seed], True))
    study.table(
        "swapped",
        ["right", "swapped"],
        [
            "width",
            "other prediction",
            "own prediction",
            "error of the mean",
            "error of a draw",
        ],
    )
    shown = [int((fashion.test.labels == c).nonzero()[0]) for c in range(10)]
    x = fashion.test.images[shown]
    torch.manual_seed(0)
    with torch.no_grad():
        rows = {"right": right[0](x)[0], "swapped": wrong[0](x)[0]}
    study.picture("draws", {"test image": x, **rows})


def main() -> None:
    two_hills()
    pictures = (1, 4, 16, 64, 256)
    rows = {f"{n} picture{'s' if n > 1 else ''}": n for n in pictures}
    for row, n in rows.items():
        study.run(row, believed(n))
    smoothed = [f"+ {amount:g}" for amount in SMOOTHING]
    study.table("smoothing", list(rows), ["unseen levels", "infinite", *smoothed])
    study.curve("digits", {"mean": means.float(), "covariance": covariances.float()})
    # as the note prints them: joschu.net/blog/kl-approx.html
    noted = {NEAR: (20.0, 1.42, 1.42), FAR: (2.0, 1.73, 1.7)}
    for m, values in noted.items():
        study.note(f"KL {m**2 / 2:g}, Schulman", **named(torch.tensor(values).double()))
    for what in ("spread", "bias"):
        for m in (NEAR, FAR):
            study.run(f"{what}, KL {m**2 / 2:g}", on_shift(m, what))
    for what in ("average", "spread"):
        study.run(f"{what}, 4 and 9", on_digits(what))
    ours = [f"KL {m**2 / 2:g}" for m in (NEAR, FAR)]
    spreads = {f"spread, {name}": f"{name}, ours" for name in ours}
    study.table(
        "spreads",
        {f"{name}, Schulman": f"{name}, Schulman" for name in ours} | spreads,
        ["k1", "k2", "k3"],
    )
    biases = {f"bias, {name}": name for name in ours}
    study.table("biases", biases, ["k1", "k2", "k3"])
    pair = {f"{what}, 4 and 9": what for what in ("average", "spread")}
    study.table("digits", pair, ["k1", "k2", "k3"])
    swapped()
    print(study.save())


main()
