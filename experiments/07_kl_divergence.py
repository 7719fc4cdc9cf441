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
        "best multiple": "",  # k1 + c (r - 1), with the c of least variance
        "largest ratio": "",
        "loss": "",
        "width": "",  # median standard deviation of the posterior
        "mean square": "",  # of the posterior's means
        "median square": "",  # of the posterior's means
        "weight": "",  # median of what the decoder minds
        "error of the mean": "",
        "error of a draw": "",
        "rate": "nats",  # the price with its arguments in the right order
        "bound": "nats",  # error of a draw / 2 sigma^2 + rate
        "sample deviation": "",  # of a pixel, root mean square over pictures
    },
)
N_LEVELS, N_COMPONENTS, LATENT_DIM, NOISE_VARIANCE = 256, 8, 8, 0.0125
# factors of the price: 15 brings about the error of the swapped, 80 about its width
HEAVY = (15, 80)
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


def one_hill_minimum(half: float, start: Tensor) -> Tensor | None:
    """Mean and log standard deviation by Newton's method; None if there is none."""
    log_p, free = hills(half), start.clone()

    def cost(free: Tensor) -> Tensor:
        return kl_on_grid(Normal(free[0], free[1].exp()).log_prob(grid), log_p)

    for _ in range(20):
        slope = torch.autograd.functional.jacobian(cost, free)
        bend = torch.autograd.functional.hessian(cost, free)
        free = free - torch.linalg.solve(bend, slope)
        if not (1 < free[0] < 5 and free[1].abs() < 1):  # it left for another place
            return None
    is_minimum = slope.abs().max() < 1e-9 and torch.linalg.eigvalsh(bend)[0] > 0
    return free if is_minimum else None


def smallest_half() -> tuple[float, Tensor]:
    """Where the reverse fit on one hill ends when the hills come closer."""
    half, width = 3.0, 0.1
    place = one_hill_minimum(half, torch.tensor([half, 0.0], dtype=torch.float64))
    while width > study.pick(smoke=0.05, full=0.001):
        found = one_hill_minimum(half - width, place)
        if found is None:
            width /= 2
        else:
            half, place = half - width, found
    return half, place


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
    half, (mean, log_std) = smallest_half()
    ends = {"half": half, "mean": mean.item(), "width": log_std.exp().item()}
    study.curve("ends", {name: torch.tensor([x]) for name, x in ends.items()})


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


def on_shift(m: float) -> Callable[[int], Mapping[str, float]]:
    """Spread of one sample of q = N(m, 1), p = N(0, 1), in units of their KL."""

    def trial(seed: int) -> Mapping[str, float]:
        sample = m + torch.randn(n_samples, dtype=torch.float64)
        log_r = 0.5 * (sample - m) ** 2 - 0.5 * sample**2
        best = m**2 / math.expm1(m**2)  # = Cov(ln r, r) / Var r
        multiple = best * torch.expm1(log_r) - log_r
        each = torch.cat([estimators(log_r), multiple[None]]) / (m**2 / 2)
        found = each.std(dim=1)
        return named(found[:3]) | {"best multiple": found[3].item()}

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


def with_right_price() -> Sequence[nn.Module]:
    return trained("VAE, right price", losses.kl_standard_normal)


def with_swapped_price() -> Sequence[nn.Module]:
    return trained("VAE, swapped price", swapped_price)


def with_heavy_price(factor: int) -> Sequence[nn.Module]:
    """The arguments in the right order, and too much asked."""

    def price(mean: Tensor, log_var: Tensor) -> Tensor:
        return factor * losses.kl_standard_normal(mean, log_var)

    return trained(f"VAE, {factor} times the price", price)


# --- what became of them ---


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


def deviation(images: Tensor) -> float:
    """Of a pixel between pictures, root mean square over the pixels."""
    return images.flatten(1).var(dim=0).mean().sqrt().item()


@torch.no_grad()
def judged(model: nn.Module) -> Mapping[str, float]:
    mean, log_var = model.encode(x_test)
    std, some = (log_var / 2).exp(), slice(0, 2000)
    draw = model.decoder(mean + std * torch.randn_like(mean))
    error = metrics.sse(draw, x_test).mean().item()
    rate = losses.kl_standard_normal(mean, log_var).mean().item()
    samples = model.decoder(torch.randn(10_000, LATENT_DIM, device=study.device))
    return {
        "width": std.median().item(),
        "mean square": mean.square().mean().item(),
        "median square": mean.square().median().item(),
        "weight": weights(model, mean[some], std[some]).median().item(),
        "error of the mean": metrics.sse(model.decoder(mean), x_test).mean().item(),
        "error of a draw": error,
        "rate": rate,
        "bound": error / (2 * NOISE_VARIANCE) + rate,
        "sample deviation": deviation(samples),
    }


def compared(networks: Mapping[str, Sequence[nn.Module]]) -> None:
    study.note("test images", **{"sample deviation": deviation(x_test)})
    for row, models in networks.items():
        study.run(row, lambda seed, models=models: judged(models[seed]))
    columns = ["width", "mean square", "error of a draw", "bound", "sample deviation"]
    study.table("swapped", ["test images", *networks], columns)
    shown = [int((fashion.test.labels == c).nonzero()[0]) for c in range(10)]
    x = fashion.test.images[shown]
    torch.manual_seed(0)
    z = torch.randn(10, LATENT_DIM, device=study.device)
    both = {name: networks[name][0] for name in ("right", "swapped")}
    with torch.no_grad():
        draws = {name: model(x)[0] for name, model in both.items()}
        samples = {name: model.decoder(z) for name, model in both.items()}
    study.picture("draws", {"test image": x, **draws})
    study.picture("samples", samples)


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
    for m in (NEAR, FAR):
        study.run(f"spread, KL {m**2 / 2:g}", on_shift(m))
    for what in ("average", "spread"):
        study.run(f"{what}, 4 and 9", on_digits(what))
    pair = {f"{what}, 4 and 9": what for what in ("average", "spread")}
    study.table("digits", pair, ["k1", "k2", "k3"])
    networks = {"right": with_right_price(), "swapped": with_swapped_price()}
    networks |= {f"right, times {k}": with_heavy_price(k) for k in HEAVY}
    compared(networks)
    print(study.save())


main()
