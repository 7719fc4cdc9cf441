"""Evidence of chapter 05: what a denoiser learns, and when it beats the best filter.

    make evidence CHAPTER=05_denoising_autoencoder

Pixels lie in [0, 1], and noise is never clipped; answers are, before they are judged.
A column "PSNR, 0.1" is the mean over 1,000 test images with noise of that standard
deviation, the same noise for all. Networks and Wiener's filter know 20,000 garments.

In the plane, errors of arrows are root mean squares over a grid, in per cent of that of
the true arrows; "inside" is where the density of noisy points is so high that 95 % of
them lie there.
"""

from collections.abc import Callable, Sequence
from functools import cache

import torch
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle
from torch import Tensor, nn

from aelib import data, metrics
from aelib.data import Batches
from aelib.initialise import initialise_at_mean
from aelib.lab import Study
from aelib.linear import PCA

LEVELS = (0.1, 0.25, 0.5)  # standard deviations of the noise, in pixels
LADDER = (2.0, 1.43, 1.02, 0.74, 0.53, 0.38, 0.27, 0.19, 0.14, 0.1)  # of the plane
SHOWN = (0.1, 0.25, 0.5, 1.0)  # levels at which arrows are judged
study = Study(
    "05_denoising_autoencoder",
    seeds=[0, 1, 2],
    columns={
        **{f"PSNR, {s}": "dB" for s in LEVELS},
        **{f"SSIM, {s}": "" for s in LEVELS},
        "clean": "dB",  # PSNR when the input has no noise at all
        "loss": "",
        "reached": "%",  # share of the plane that lies inside
        "inside": "%",
        "outside": "%",
        "cosine": "",  # of learned and true arrows, inside
        "energy distance": "",  # of drawn points and digits
        "zeros": "%",  # of drawn points, nearest to the middle of the zeros
    },
)


# --- garments ---

fashion = data.fashion_mnist(profile=study.pick(smoke="fast", full="full"))
x_train = fashion.train.images[: study.pick(smoke=128, full=20_000)]
x_test = fashion.test.images[: study.pick(smoke=24, full=1000)]
x_tune = x_train[: study.pick(smoke=10, full=100)]  # for the strengths of filters
mean_image, n_pixels = x_train.mean(dim=0), x_train[0].numel()
x_batches = x_train.to(study.device)


def noisy(x: Tensor, sigma: float, seed: int) -> Tensor:
    return data.gaussian_noise(
        x, sigma, generator=torch.Generator().manual_seed(int(1000 * sigma) + seed)
    )


y_test = {sigma: noisy(x_test, sigma, 0) for sigma in LEVELS}


def psnr(x_hat: Tensor, x: Tensor = x_test) -> float:
    return metrics.psnr(x_hat.clamp(0, 1), x).mean().item()


def judged(x_hat: Tensor, sigma: float) -> dict[str, float]:
    return {
        f"PSNR, {sigma}": psnr(x_hat),
        f"SSIM, {sigma}": metrics.ssim(x_hat.clamp(0, 1), x_test).mean().item(),
    }


# --- filters: noisy images, the noise, a strength -> images ---

Filter = Callable[[Tensor, float, float], Tensor]
pca = PCA.fit(x_train)
centred = (x_train - mean_image).flatten(1).double()
variances, axes = torch.linalg.eigh(centred.T @ centred / len(centred))  # ascending


def along_axes(y: Tensor, gains: Tensor) -> Tensor:
    """One gain for each principal axis of y - mean."""
    turned = (y - mean_image).flatten(1).double() @ axes
    return mean_image + (turned * gains @ axes.T).float().view_as(y)


def wiener(y: Tensor, sigma: float, strength: float = 0) -> Tensor:
    gains = variances.clamp(min=0) / (variances.clamp(min=0) + sigma**2)
    return along_axes(y, gains)


def best_axes(y: Tensor, sigma: float, k: float) -> Tensor:
    return along_axes(y, (torch.arange(n_pixels) >= n_pixels - k).double())


def median(y: Tensor, sigma: float, size: float) -> Tensor:
    """Of size x size neighbours, mirrored at the border."""
    size = int(size)
    wide = nn.functional.pad(y, [size // 2] * 4, mode="reflect")
    windows = wide.unfold(2, size, 1).unfold(3, size, 1)  # (B, 1, H, W, size, size)
    return windows.flatten(-2).median(dim=-1).values


def one_by_one(denoise: Callable) -> Filter:
    """A filter of scikit-image takes one picture (H, W) at a time."""

    def apply(y: Tensor, sigma: float, strength: float) -> Tensor:
        pictures = [denoise(one, sigma, strength) for one in y[:, 0].double().numpy()]
        return torch.stack([torch.from_numpy(p) for p in pictures])[:, None].float()

    return apply


@one_by_one
def total_variation(picture, sigma, strength):
    return denoise_tv_chambolle(picture, weight=strength * sigma)


@one_by_one
def non_local_means(picture, sigma, strength):
    return denoise_nl_means(
        picture, patch_size=5, patch_distance=6, sigma=sigma, h=strength * sigma
    )


def windows_of(y: Tensor, width: int) -> Tensor:
    """The width x width pixels around each, and a one: (B, H * W, width^2 + 1)."""
    around = nn.functional.unfold(y, width, padding=width // 2).transpose(1, 2)
    return torch.cat([around, torch.ones_like(around[:, :, :1])], dim=2)


@cache
def window_weights(sigma: float, width: int) -> Tensor:
    """Least squares over all places of all training images; beyond a border is zero."""
    square = torch.zeros(width**2 + 1, width**2 + 1, dtype=torch.float64)
    product = torch.zeros(width**2 + 1, dtype=torch.float64)
    y_train = noisy(x_train, sigma, 2)
    for part, y in zip(x_train.split(500), y_train.split(500), strict=True):
        around = windows_of(y, width).flatten(0, 1)
        square += (around.T @ around).double()
        product += (around.T @ part.flatten()).double()
    return torch.linalg.solve(square, product).float()


def linear_window(y: Tensor, sigma: float, width: float) -> Tensor:
    """One affine rule for all places, as far as a window network sees."""
    weights = window_weights(sigma, int(width))
    parts = [windows_of(part, int(width)) @ weights for part in y.split(500)]
    return torch.cat(parts).view_as(y)


def mean_of_training_images(y: Tensor, sigma: float, strength: float = 0) -> Tensor:
    """E[x | y] if there were no other garments than those of training."""
    far = torch.cdist(y.flatten(1), x_train.flatten(1)).square() / (2 * sigma**2)
    return ((-far).softmax(dim=1) @ x_train.flatten(1)).view_as(y)


FILTERS: dict[str, tuple[Filter, Sequence[float]]] = {  # and the strengths to try
    "nothing": (lambda y, sigma, strength: y, [0]),
    "median": (median, [3, 5, 7]),
    "total variation": (total_variation, [0.4, 0.6, 0.8, 1.0, 1.3]),
    "non-local means": (non_local_means, [0.3, 0.5, 0.7, 0.9]),
    "PCA": (best_axes, [8, 16, 32, 64, 128, 256]),
    "Wiener": (wiener, [0]),
    "linear, 11 by 11": (linear_window, [11]),
    "mean of training images": (mean_of_training_images, [0]),
}


def tuned(name: str, sigma: float) -> Callable[[Tensor], Tensor]:
    """A filter at the strength that is best on training images."""
    denoise, strengths = FILTERS[name]
    y = noisy(x_tune, sigma, 1)
    best = max(strengths, key=lambda a: psnr(denoise(y, sigma, a), x_tune))
    return lambda y: denoise(y, sigma, best)


def filters() -> dict[str, Tensor]:
    """Notes every filter; what each makes of the loudest test images."""
    answers = {}
    for name in FILTERS:
        found = {}
        for sigma in LEVELS:
            answers[name] = tuned(name, sigma)(y_test[sigma])
            found |= judged(answers[name], sigma)
        study.note(name, **found)
    for sigma in LEVELS:
        study.note(f"Wiener for {sigma}", clean=psnr(wiener(x_test, sigma)))
    return answers


# --- networks for garments ---


def dense_network() -> nn.Module:
    """784-512-512-784: every pixel from all pixels; starts as the mean image."""
    network = nn.Sequential(
        nn.Flatten(),
        nn.Linear(n_pixels, 512),
        nn.ReLU(),
        nn.Linear(512, 512),
        nn.ReLU(),
        nn.Linear(512, n_pixels),
        nn.Sigmoid(),
        nn.Unflatten(1, (1, 28, 28)),
    )
    return initialise_at_mean(network, mean_image)


DILATIONS = {7: (1, 1, 1, 0, 0), 11: (1, 1, 1, 1, 1), 19: (1, 2, 3, 2, 1)}


def window_network(width: int) -> nn.Module:
    """Five convolutions, sixteen maps: a pixel from width x width pixels.

    A layer looks at the 3 x 3 neighbours that are d pixels apart; d = 0 stands for a
    layer that looks at its own place alone. (With the channels last in memory a CPU
    is half as fast again.)
    """
    layers, n_in = [], 1
    for i, d in enumerate(DILATIONS[width]):
        n_out = 1 if i == 4 else 16
        size = 3 if d else 1
        layers += [nn.Conv2d(n_in, n_out, size, padding=d, dilation=max(d, 1))]
        layers += [nn.ReLU()] if i < 4 else []
        n_in = n_out
    return nn.Sequential(*layers).to(memory_format=torch.channels_last)


def convolution(n_in: int, n_out: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(n_in, n_out, 3, padding=1), nn.ReLU())


class UNet(nn.Module):
    """Looks at the image at three sizes; (B, 1, 28, 28) -> the same."""

    def __init__(self) -> None:
        super().__init__()
        self.down_28, self.down_14 = convolution(1, 8), convolution(8, 16)
        self.at_7 = nn.Sequential(convolution(16, 32), convolution(32, 32))
        self.up_14, self.up_28 = convolution(48, 16), convolution(24, 8)
        self.last = nn.Conv2d(8, 1, 3, padding=1)
        self.smaller, self.larger = nn.MaxPool2d(2), nn.Upsample(scale_factor=2)

    def forward(self, y: Tensor) -> Tensor:
        at_28 = self.down_28(y)
        at_14 = self.down_14(self.smaller(at_28))
        at_7 = self.at_7(self.smaller(at_14))
        at_14 = self.up_14(torch.cat([self.larger(at_7), at_14], dim=1))
        return self.last(self.up_28(torch.cat([self.larger(at_14), at_28], dim=1)))


def u_network() -> nn.Module:
    return UNet().to(memory_format=torch.channels_last)


def denoising(sigma: float) -> Callable[[nn.Module, Tensor], dict[str, Tensor]]:
    def objective(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
        x_hat = model(data.gaussian_noise(x, sigma))
        return {"loss": (x_hat - x).square().flatten(1).sum(dim=1).mean()}

    return objective


def last_loss(sigma: float) -> Callable[[nn.Module], dict[str, float]]:
    """Something to measure; the tables are measured below, without training again."""

    def measure(model: nn.Module) -> dict[str, float]:
        return {"loss": denoising(sigma)(model, x_batches[:1000])["loss"].item()}

    return measure


def trained_dense(sigma: float) -> Sequence[nn.Module]:
    return study.train(
        f"dense, trained at {sigma}",
        dense_network,
        denoising(sigma),
        lambda seed: Batches(x_batches, 128),
        measure=last_loss(sigma),
        epochs=study.pick(smoke=1, full=20),
        lr=4e-3,
    )


def trained_convolutions(
    row: str,
    build: Callable[[], nn.Module],
    sigma: float,
    n_epochs: int = 3,
    seeds: Sequence[int] | None = None,
    *,
    keep: bool = False,
) -> Sequence[nn.Module]:
    return study.train(
        f"{row}, trained at {sigma}",
        build,
        denoising(sigma),
        lambda seed: Batches(x_batches, 16),
        measure=last_loss(sigma),
        epochs=study.pick(smoke=1, full=n_epochs),
        lr=4e-3,
        seeds=seeds,
        keep=keep,
    )


def trained_window(width: int, sigma: float) -> Sequence[nn.Module]:
    return trained_convolutions(
        f"window {width}", lambda: window_network(width), sigma, keep=width == 11
    )


def trained_u_net(sigma: float) -> Sequence[nn.Module]:
    return trained_convolutions("U-Net", u_network, sigma, keep=sigma == LEVELS[-1])


Networks = dict[tuple[str, float], Sequence[nn.Module]]


def answer(model: nn.Module, y: Tensor) -> Tensor:
    """Part by part, on the device of the networks."""
    with torch.no_grad():
        return torch.cat([model(part.to(study.device)).cpu() for part in y.split(500)])


def judge_all(networks: Networks) -> None:
    for name in dict.fromkeys(name for name, _ in networks):
        levels = {s: models for (n, s), models in networks.items() if n == name}

        def trial(seed: int, levels=levels) -> dict[str, float]:
            found = {}
            for sigma, models in levels.items():
                x_hat = answer(models[study.seeds.index(seed)], y_test[sigma])
                found |= judged(x_hat, sigma)
            return found

        study.run(name, trial)
    psnrs = [f"PSNR, {sigma}" for sigma in LEVELS]
    rows = ("nothing", "total variation", "non-local means", "PCA", "Wiener")
    ours = ("linear, 11 by 11", "dense", "window 11")
    study.table("filters", [*rows, *ours], psnrs)
    windows = ("dense", "window 7", "window 11", "window 19", "U-Net")
    study.table("windows", ["Wiener", *windows], [psnrs[0], psnrs[-1]])


def other_levels(networks: Networks) -> None:
    """Networks that are used at a level they were not trained at, or at none."""
    for sigma in LEVELS:

        def trial(seed: int, models=networks["dense", sigma]) -> dict[str, float]:
            model = models[study.seeds.index(seed)]
            found = {f"PSNR, {s}": psnr(answer(model, y_test[s])) for s in LEVELS}
            return {**found, "clean": psnr(answer(model, x_test))}

        study.run(f"dense of {sigma}", trial)
    rows = {f"dense of {s}": f"trained at {s}" for s in LEVELS}
    study.table("levels", rows, [f"PSNR, {s}" for s in LEVELS])
    study.table("clean", rows, ["clean", f"PSNR, {LEVELS[-1]}"])


def garments(networks: Networks, answers: dict[str, Tensor]) -> None:
    """Ten test images at the loudest noise, cleaned; first seed."""
    first = [int((fashion.test.labels == c).nonzero()[0]) for c in range(10)]
    first = [i for i in first if i < len(x_test)]
    y = y_test[LEVELS[-1]][first]
    rows = {"clean": x_test[first], "noisy": y}
    for name in ("total variation", "non-local means", "Wiener"):
        rows[name] = answers[name][first]
    for name in ("window 11", "dense", "U-Net"):
        rows[name] = answer(networks[name, LEVELS[-1]][0], y)
    study.picture("garments", {name: x.clamp(0, 1) for name, x in rows.items()})


# --- zeros, ones and fours in the plane of their first two principal axes ---

digits = data.mnist(profile="fast").train  # those of the page
DIGITS = (0, 1, 4)
is_shown = torch.isin(digits.labels, torch.tensor(DIGITS))
labels = digits.labels[is_shown]


def plane() -> Tensor:
    """Points (n, 2); along the first axis their standard deviation is one."""
    pixels = digits.images[is_shown].flatten(1).double()
    away = pixels - pixels.mean(dim=0)
    first = torch.linalg.eigh(away.T @ away).eigenvectors[:, [-1, -2]]
    flat = away @ first
    flat = flat / flat[:, 0].std()
    return (flat * flat[labels == 1].mean(dim=0).sign()).float()  # ones: up, right


points = plane()
SIDE = 3.0  # half of the square that is looked at


def squared_distances(y: Tensor) -> Tensor:
    return torch.cdist(y, points).square()


def true_arrows(y: Tensor, sigma: float) -> Tensor:
    """The score of the points with noise, (n, 2) -> (n, 2)."""
    near = (-squared_distances(y) / (2 * sigma**2)).softmax(dim=1)
    return (near @ points - y) / sigma**2


def log_density(y: Tensor, sigma: float) -> Tensor:
    """Up to a constant, (n,)."""
    return (-squared_distances(y) / (2 * sigma**2)).logsumexp(dim=1)


class Denoiser(nn.Module):
    """Subtracts the noise that it believes in: y (n, 2), sigma (n,) -> (n, 2)."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(3, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 2)
        )

    def forward(self, y: Tensor, sigma: Tensor) -> Tensor:
        s = sigma[:, None]
        size = (1 + s**2).sqrt()  # of y, where points have a variance of one
        return y - s * self.net(torch.cat([y / size, s.log()], dim=1))


def learned_arrows(model: nn.Module, y: Tensor, sigma: float) -> Tensor:
    with torch.no_grad():
        return (model(y, torch.full((len(y),), sigma)) - y) / sigma**2


def between(low: float, high: float) -> Callable:
    """The objective with a level for each point, from low to high, even in its log."""

    def objective(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
        sigma = low * (high / low) ** torch.rand(len(x))
        x_hat = model(data.gaussian_noise(x, sigma), sigma)
        return {"loss": ((x_hat - x) / sigma[:, None]).square().sum(dim=1).mean()}

    return objective


def in_the_plane(
    row: str, low: float, high: float, *, keep: bool = False
) -> Sequence[nn.Module]:
    objective = between(low, high)
    return study.train(
        row,
        Denoiser,
        objective,
        lambda seed: Batches(points, 256),
        measure=lambda model: {"loss": objective(model, points)["loss"].item()},
        epochs=study.pick(smoke=2, full=600),
        lr=1e-2,
        keep=keep,
    )


def squared(n_side: int) -> Tensor:
    """A grid of n_side x n_side points over the square."""
    line = torch.linspace(-SIDE, SIDE, n_side)
    return torch.cartesian_prod(line, line)


def noisy_points(sigma: float, n: int) -> Tensor:
    return points[torch.randint(len(points), (n,))] + sigma * torch.randn(n, 2)


def is_inside(y: Tensor, sigma: float) -> Tensor:
    threshold = log_density(noisy_points(sigma, 5000), sigma).quantile(0.05)
    return log_density(y, sigma) > threshold


def compared(model: nn.Module, sigma: float) -> dict[str, float]:
    y = squared(61)
    true, learned = true_arrows(y, sigma), learned_arrows(model, y, sigma)
    inside = is_inside(y, sigma)

    def error(where: Tensor) -> float:
        missed, length = (learned - true)[where], true[where]
        return 100 * (missed.square().sum() / length.square().sum()).sqrt().item()

    cosine = torch.cosine_similarity(learned, true, dim=1)[inside].mean()
    return {
        "reached": 100 * inside.float().mean().item(),
        "inside": error(inside),
        "outside": error(~inside),
        "cosine": cosine.item(),
    }


def arrows(everywhere: Sequence[nn.Module], quiet: Sequence[nn.Module]) -> None:
    for sigma in SHOWN:
        study.run(
            f"arrows at {sigma}",
            lambda seed, s=sigma: compared(everywhere[study.seeds.index(seed)], s),
        )
    alone = f"arrows at {SHOWN[0]}, trained there alone"
    study.run(alone, lambda seed: compared(quiet[study.seeds.index(seed)], SHOWN[0]))
    rows = {f"arrows at {s}": f"noise {s}" for s in SHOWN}
    study.table("arrows", rows, ["reached", "inside", "outside"])
    study.table(
        "alone",
        {f"arrows at {SHOWN[0]}": "all levels", alone: "this level alone"},
        ["inside", "outside"],
    )


def plane_drawn(model: nn.Module) -> None:
    """The digits, and both kinds of arrows at the places of a coarse grid."""
    sigma, at = SHOWN[1], squared(19)
    both = {"true": true_arrows(at, sigma), "learned": learned_arrows(model, at, sigma)}
    study.curve("plane", {"points": points, "labels": labels, "places": at, **both})


def follow(step_arrows: Callable, levels: Sequence[float], n_steps: int) -> Tensor:
    """A thousand points, from a corner, along the arrows and with noise."""
    y = 3 + torch.randn(1000, 2)
    for sigma in levels:
        eta = 0.5 * sigma**2
        for _ in range(n_steps):
            y = y + eta / 2 * step_arrows(y, sigma) + eta**0.5 * torch.randn(len(y), 2)
    return y


def drawn(y: Tensor) -> dict[str, float]:
    """How far a cloud is from the digits."""
    apart = 2 * torch.cdist(y, points).mean()
    within = torch.cdist(y, y).mean() + torch.cdist(points, points).mean()
    middles = torch.stack([points[labels == c].mean(dim=0) for c in DIGITS])
    zeros = torch.cdist(y, middles).argmin(dim=1) == 0
    distance = (apart - within).item()
    return {
        "energy distance": distance,
        "zeros": 100 * zeros.float().mean().item(),
    }


def walks(models: Sequence[nn.Module]) -> None:
    def model_of(seed: int) -> Callable:
        model = models[study.seeds.index(seed)]
        return lambda y, sigma: learned_arrows(model, y, sigma)

    def gaussian(seed: int) -> dict[str, float]:
        root = torch.linalg.cholesky(points.T.cov())
        return drawn(points.mean(dim=0) + torch.randn(1000, 2) @ root.T)

    low, few = LADDER[-1:], study.pick(smoke=1, full=10)
    study.run("digits with noise", lambda seed: drawn(noisy_points(low[0], 1000)))
    study.run("fitted Gaussian", gaussian)
    study.run("last level only", lambda s: drawn(follow(model_of(s), low, 10 * few)))
    study.run("learned arrows", lambda s: drawn(follow(model_of(s), LADDER, few)))
    study.run("true arrows", lambda s: drawn(follow(true_arrows, LADDER, few)))
    study.table(
        "walks",
        [
            "digits with noise",
            "fitted Gaussian",
            "last level only",
            "learned arrows",
            "true arrows",
        ],
        ["energy distance", "zeros"],
    )


def main() -> None:
    everywhere = in_the_plane("plane", LADDER[-1], LADDER[0], keep=True)
    quiet = in_the_plane("plane, 0.1 alone", LADDER[-1], LADDER[-1])
    low, high = LEVELS[0], LEVELS[-1]
    networks = {("dense", sigma): trained_dense(sigma) for sigma in LEVELS}
    for sigma in (high, low, LEVELS[1]):
        networks["window 11", sigma] = trained_window(11, sigma)
    for sigma in (high, low):
        networks["U-Net", sigma] = trained_u_net(sigma)
        for width in (7, 19):
            networks[f"window {width}", sigma] = trained_window(width, sigma)
    answers = filters()
    judge_all(networks)
    other_levels(networks)
    garments(networks, answers)
    arrows(everywhere, quiet)
    walks(everywhere)
    plane_drawn(everywhere[0])
    print(study.save())


main()
