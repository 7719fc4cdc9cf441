"""Evidence of chapter 04: a weight has a unit, and the unit is a variance.

    make evidence CHAPTER=04_reconstruction_losses

Errors are squared errors summed over an image, pixels in [0, 1], in the mean over
images. Half of the script cleans noisy pictures with a linear autoencoder that never
saw a clean one; the other half trains one small network with several losses.
"""

import copy
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from aelib import data, features, losses, metrics
from aelib.data import Batches, ImageData, Split
from aelib.initialise import initialise_at_mean
from aelib.lab import Study
from aelib.linear import PCA
from aelib.models import Autoencoder, MLPDecoder, MLPEncoder

study = Study(
    "04_reconstruction_losses",
    seeds=[0, 1, 2],
    columns={
        "variance": "",  # that the line of code states
        "axes": "",  # singular values of the trained map above 0.05
        "axes predicted": "",
        "error": "",  # of cleaned test pictures, or of rebuilt ones
        "error predicted": "",
        "validation": "",  # error of cleaned validation pictures
        "validation predicted": "",
        "L1": "",
        "SSIM": "",
        "edges": "",  # variance of the Laplacian
        "1-NN": "%",  # labels of the nearest training picture that are right
        "beyond 4 sigma": "",  # share of residuals
        "Gaussian": "nats",  # -log density of the residuals at the best scale
        "Laplace": "nats",
        "gained": "pictures",  # right here, wrong with squares
        "lost": "pictures",
        "z": "",  # McNemar's
    },
)
SHAPE, N_PIXELS = (1, 28, 28), 784


def load() -> ImageData:
    """All images; at smoke scale a few of the embedded ones."""
    sets = data.fashion_mnist(profile=study.pick(smoke="fast", full="full"))
    few = study.pick(smoke=1000, full=len(sets.train.images))
    train, test = (
        Split(*(t[:few] for t in split)) for split in (sets.train, sets.test)
    )
    return sets._replace(train=train, test=test).to(study.device)


fashion = load()
x_train, x_test = fashion.train.images, fashion.test.images
mean_image = x_train.mean(dim=0)


def sse(x_hat: Tensor, x: Tensor) -> float:
    return metrics.sse(x_hat, x).mean().item()


# --- the weight has a unit: a linear autoencoder that cleans noisy pictures ---

N_NUMBERS, BATCH_SIZE = 64, 128
NOISE = 0.25  # variance of what is added to every pixel
VARIANCES = (0.03125, 0.0625, 0.125, 0.1875, 0.25, 0.3125, 0.375, 0.5, 1.0, 2.0)
SIZES = range(4, N_NUMBERS + 1)  # numbers of axes that PCA may choose from
n_validation = study.pick(smoke=200, full=5000)  # the last of the training images

# of the squared errors e (B, N) of a batch: the line, and its factor of the error
ERRORS: dict[str, tuple[Callable[[Tensor], Tensor], float]] = {
    "e.sum(1).mean()": (lambda e: e.sum(1).mean(), 1),
    "e.mean()": (lambda e: e.mean(), 1 / N_PIXELS),
    "e.sum()": (lambda e: e.sum(), BATCH_SIZE),
}
# of all weights w of the two matrices: the line, and its factor of half their squares
PENALTIES: dict[str, tuple[Callable[[Tensor], Tensor], float]] = {
    "(w**2).sum() / 2": (lambda w: (w**2).sum() / 2, 1),
    "(w**2).mean()": (lambda w: (w**2).mean(), 1 / (N_PIXELS * N_NUMBERS)),
}


def stated_variance(error: str, penalty: str, weight: float) -> float:
    """sigma^2 of a * error + b * half the squared weights: b / (2 a)."""
    return weight * PENALTIES[penalty][1] / (2 * ERRORS[error][1])


def noisy(images: Tensor, seed: int) -> Tensor:
    """With Gaussian noise on every pixel, not clipped: (n, C, H, W) -> (n, N)."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(images.shape, generator=generator).to(images)
    return (images + NOISE**0.5 * noise).flatten(1)


# Nobody who learns sees a clean picture; the mean is that of the noisy ones.
learned_from = noisy(x_train[:-n_validation], 1)
noisy_mean = learned_from.mean(dim=0)
learned_from = learned_from - noisy_mean
judges = {
    "validation": (noisy(x_train[-n_validation:], 2), x_train[-n_validation:]),
    "error": (noisy(x_test, 3), x_test),
}
noisy_pca = PCA.fit(learned_from)
axes = noisy_pca.axes[:N_NUMBERS].T  # (N, k)
eigenvalues = noisy_pca.variances[:N_NUMBERS]


def errors(clean: Callable[[Tensor], Tensor]) -> dict[str, float]:
    """Of a map of noisy pictures less their mean, (n, N) -> (n, N)."""
    return {
        name: sse(clean(shown - noisy_mean) + noisy_mean, truth.flatten(1))
        for name, (shown, truth) in judges.items()
    }


def gains(variance: float) -> Tensor:
    """Of each axis, by the formula of chapter 01."""
    return (1 - variance / eigenvalues).clamp(min=0)


def predicted(variance: float) -> dict[str, float]:
    """Without any training: gains on the principal axes of the noisy pictures."""
    found = errors(lambda x: x @ axes * gains(variance) @ axes.T)
    return {
        "axes predicted": (gains(variance) > 0.05).sum().item(),
        "error predicted": found["error"],
        "validation predicted": found["validation"],
    }


class TwoMatrices(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(N_PIXELS, N_NUMBERS, bias=False)
        self.decoder = nn.Linear(N_NUMBERS, N_PIXELS, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.encoder(x))

    def weights(self) -> Tensor:
        return torch.cat([w.flatten() for w in self.parameters()])


def n_axes(model: TwoMatrices) -> int:
    """Singular values of the whole map that are above 0.05."""
    outer = torch.linalg.qr(model.decoder.weight.detach().cpu().double()).R
    inner = model.encoder.weight.detach().cpu().double()
    return int((torch.linalg.svdvals(outer @ inner) > 0.05).sum())


def train_line(
    row: str, error: str, penalty: str, weight: float
) -> Sequence[nn.Module]:
    """A line of code, trained on noisy pictures."""
    variance = stated_variance(error, penalty, weight)

    def objective(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
        e = (model(x) - x) ** 2  # (B, N)
        price = PENALTIES[penalty][0](model.weights())
        return {"loss": ERRORS[error][0](e) + weight * price}

    def measure(model: nn.Module) -> dict[str, float]:
        found = {"variance": variance, "axes": n_axes(model)}
        return {**found, **predicted(variance), **errors(model)}

    return study.train(
        row,
        TwoMatrices,
        objective,
        lambda seed: Batches(learned_from, BATCH_SIZE, drop_last=True),
        measure=measure,
        epochs=study.pick(smoke=1, full=12),
        lr=3e-3,
    )


def six_lines() -> dict[str, nn.Module]:
    """One weight in all six, then in each the weight that states the noise."""
    first = {}
    nominal, converted = {}, {}
    for error in ERRORS:
        for penalty in PENALTIES:
            line = f"{error} + {penalty}"
            right = NOISE / stated_variance(error, penalty, 1.0)
            nominal[f"weight 1: {line}"] = line
            converted[f"converted: {line}"] = line
            first[line] = train_line(f"weight 1: {line}", error, penalty, 1.0)[0]
            train_line(f"converted: {line}", error, penalty, right)
    for name, rows in (("weight 1", nominal), ("converted", converted)):
        columns = ["variance", "axes predicted", "axes", "error predicted", "error"]
        study.table(name, rows, columns)
    return first


def sweep() -> None:
    """The rival: many weights of one line, judged on clean validation pictures."""
    error, penalty = "e.sum(1).mean()", "(w**2).sum() / 2"
    train_line("no penalty", error, penalty, 0.0)
    for variance in VARIANCES:
        weight = variance / stated_variance(error, penalty, 1.0)
        train_line(f"sweep: variance {variance:g}", error, penalty, weight)
    # what one measures who knows neither the noise nor a clean picture
    left = noisy_pca.variances[N_NUMBERS:].sum().item() / N_PIXELS
    weight = left / stated_variance(error, penalty, 1.0)
    train_line("measured: SSE / N", error, penalty, weight)
    grid = torch.logspace(math.log10(0.02), math.log10(4), 60)
    line = [predicted(v)["validation predicted"] for v in grid.tolist()]
    study.curve("predicted", {"variance": grid, "validation": torch.tensor(line)})
    study.curve("noisy eigenvalues", {"variance": noisy_pca.variances[:100]})


def by_axes(n_pictures: int, n_axes: int) -> Callable[[str, float], float]:
    """Error of cleaned pictures by judge and variance, of axes fitted to n pictures.

    With gains g, coordinates y of the noisy and c of the clean pictures, it is the sum
    of g^2 y^2 - 2 g y c over the axes and of c^2 over all directions.
    """
    seen = learned_from[:n_pictures]
    middle = seen.mean(dim=0)
    fitted = PCA.fit(seen - middle)
    basis, found = fitted.axes[:n_axes].T, fitted.variances[:n_axes]
    sums = {}
    for name, (shown, truth) in judges.items():
        clean = truth.flatten(1) - noisy_mean - middle
        y, c = (shown - noisy_mean - middle) @ basis, clean @ basis
        whole = clean.square().sum(dim=1).mean()
        sums[name] = (y.square().mean(dim=0), (y * c).mean(dim=0), whole)

    def error(name: str, variance: float) -> float:
        gain = (1 - variance / found).clamp(min=0)
        square, product, whole = sums[name]
        return (gain**2 * square - 2 * gain * product).sum().item() + whole.item()

    return error


def absorbed_noise() -> None:
    """What is left over, divided by all pixels or by those that no axis has fitted."""
    shown = {}
    for fitted in (16, 64, 200):
        error = by_axes(len(learned_from), fitted)
        left = noisy_pca.variances[fitted:].sum().item()
        for label, divisor in (("N", N_PIXELS), ("(N - k)", N_PIXELS - fitted)):
            row = f"left by {fitted} axes / {label}"
            variance = left / divisor
            study.note(row, variance=variance, error=error("error", variance))
            shown[row] = f"{fitted} axes, residual / {label}"
    study.table("measured", shown, ["variance", "error"])
    # and one is trained, as a learner would who has read the page
    left = noisy_pca.variances[N_NUMBERS:].mean().item()
    weight = left / stated_variance("e.sum(1).mean()", "(w**2).sum() / 2", 1.0)
    train_line("measured", "e.sum(1).mean()", "(w**2).sum() / 2", weight)


def few_pictures() -> None:
    """The best variance, by validation, where fewer noisy pictures were seen."""
    shown = {}
    fine = [i / 200 for i in range(40, 161)]
    for n in (2000, 6000, 20_000, 55_000):
        error = by_axes(n, N_NUMBERS)
        best = min(fine, key=lambda v, error=error: error("validation", v))
        for name, variance in (("the noise", NOISE), ("the best", best)):
            row = f"{n} pictures, {name}"
            study.note(row, variance=variance, error=error("error", variance))
            shown[row] = f"{n:,} pictures, {name}"
    study.table("few pictures", shown, ["variance", "error"])


def of_noisy_pictures() -> None:
    """Baselines: the picture as it comes, the mean, and axes without a penalty."""
    for name, clean in (
        ("noisy picture", lambda x: x),
        ("mean image", lambda x: torch.zeros_like(x)),
        ("PCA-64 of noisy pictures", lambda x: x @ axes @ axes.T),
        ("PCA-16 of noisy pictures", lambda x: x @ axes[:, :16] @ axes[:, :16].T),
    ):
        study.note(name, **errors(clean))
    # the best number of axes, whole or dropped, chosen on the validation pictures
    found = {k: errors(lambda x, k=k: x @ axes[:, :k] @ axes[:, :k].T) for k in SIZES}
    best = min(found, key=lambda k: found[k]["validation"])
    study.note("PCA of noisy pictures, best size", axes=best, **found[best])


def who_cleans_best() -> None:
    rows = {
        "noisy picture": "the noisy picture",
        "mean image": "mean image",
        "PCA-64 of noisy pictures": "PCA, 64 axes",
        "PCA of noisy pictures, best size": "PCA, number of axes by validation",
        "no penalty": "trained, no penalty",
        "sweep: variance 0.5": "trained, variance 0.5",
        "sweep: variance 0.25": "trained, variance 0.25: the noise",
        "measured": "trained, variance as measured",
    }
    study.table("who cleans best", rows, ["variance", "axes", "error"])


def cleaned_pictures(networks: dict[str, nn.Module]) -> None:
    shown, truth = (t[:10] for t in judges["error"])
    with torch.no_grad():
        rows = {
            name: networks[line](shown - noisy_mean) + noisy_mean
            for name, line in (
                ("e.mean()", "e.mean() + (w**2).sum() / 2"),
                ("e.sum(1).mean()", "e.sum(1).mean() + (w**2).sum() / 2"),
                ("e.sum()", "e.sum() + (w**2).sum() / 2"),
            )
        }
    rows["variance 0.25"] = (shown - noisy_mean) @ axes * gains(NOISE) @ axes.T
    rows["variance 0.25"] = rows["variance 0.25"] + noisy_mean
    pictures = {"noisy": shown, **rows, "clean": truth}
    study.picture(
        "cleaned",
        {k: v.reshape(-1, *SHAPE).clamp(0, 1) for k, v in pictures.items()},
    )


# --- one small network, several losses ---

judge = features.load("fashion_mnist").to(study.device)
n_neighbours = 6000


def network() -> Autoencoder:
    """784-128-16-128-784 without an output activation, from the mean image."""
    model = Autoencoder(MLPEncoder(SHAPE, [128], 16), MLPDecoder(16, [128], SHAPE))
    image = mean_image.cpu().clamp(0.02, 0.98).logit()
    return initialise_at_mean(model, image)


def blurred(x: Tensor) -> Tensor:
    """Means under SSIM's Gaussian window, (B, 1, H, W)."""
    offsets = torch.arange(-5, 6, device=x.device)
    window = torch.softmax(-(offsets**2) / (2 * 1.5**2), dim=0)
    return conv2d(conv2d(x, window.view(1, 1, -1, 1)), window.view(1, 1, 1, -1))


def ssim(a: Tensor, b: Tensor) -> Tensor:
    """As metrics.ssim, with gradients and in float32."""
    mean_a, mean_b = blurred(a), blurred(b)
    var_a, var_b = blurred(a * a) - mean_a**2, blurred(b * b) - mean_b**2
    cov = blurred(a * b) - mean_a * mean_b
    level = (2 * mean_a * mean_b + 1e-4) / (mean_a**2 + mean_b**2 + 1e-4)
    structure = (2 * cov + 9e-4) / (var_a + var_b + 9e-4)
    return (level * structure).flatten(1).mean(dim=1)


def maps(x: Tensor) -> Tensor:
    """32 maps of 14 by 14: the second block of the classifier."""
    return judge.trunk[:7](x)


LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {  # logits, x -> (B,)
    "squares": lambda out, x: metrics.sse(out.sigmoid(), x),
    "absolute": lambda out, x: (out.sigmoid() - x).abs().flatten(1).sum(dim=1),
    "cross-entropy": losses.bernoulli_nll,
    "SSIM": lambda out, x: 1 - ssim(out.sigmoid(), x),
    "features": lambda out, x: metrics.sse(maps(out.sigmoid()), maps(x)),
}


def rebuild(model: nn.Module, x: Tensor) -> Tensor:
    with torch.no_grad():
        return model(x).sigmoid()


def right_neighbours(x_hat: Tensor) -> Tensor:
    """Whether the nearest training picture has the label, for each test picture."""
    known = x_train[:n_neighbours].flatten(1)
    nearest = torch.cat(
        [torch.cdist(part, known).argmin(dim=1) for part in x_hat.flatten(1).split(500)]
    )
    return fashion.train.labels[nearest] == fashion.test.labels


def looks(x_hat: Tensor) -> dict[str, float]:
    """Of rebuilt test pictures."""
    some = slice(0, 2000)
    return {
        "error": sse(x_hat, x_test),
        "L1": (x_hat - x_test).abs().flatten(1).sum(dim=1).mean().item(),
        "SSIM": metrics.ssim(x_hat[some].clamp(0, 1), x_test[some]).mean().item(),
        "edges": metrics.laplacian_variance(x_hat).mean().item(),
        "1-NN": 100 * right_neighbours(x_hat).float().mean().item(),
    }


def train_network(
    row: str,
    build: Callable[[], nn.Module],
    loss: str,
    images: Tensor,
    *,
    n_epochs: int,
    lr: float,
    keep: bool = False,
) -> Sequence[nn.Module]:
    def objective(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
        return {"loss": LOSSES[loss](model(x), x).mean()}

    return study.train(
        row,
        build,
        objective,
        lambda seed: Batches(images, 128),
        measure=lambda model: looks(rebuild(model, x_test)),
        epochs=study.pick(smoke=1, full=n_epochs),
        lr=lr,
        keep=keep,
    )


def of_pictures() -> None:
    """Baselines of rebuilding: the mean image, 16 numbers of PCA, and the data."""
    pca = PCA.fit(x_train)
    study.note("mean image, rebuilt", **looks(mean_image.expand_as(x_test)))
    study.note("PCA-16, rebuilt", **looks(pca.rebuild(x_test, 16)))
    study.note("the data", **looks(x_test))


def three_noises() -> dict[str, Sequence[nn.Module]]:
    trained = {
        loss: train_network(
            loss, network, loss, x_train, n_epochs=20, lr=4e-3, keep=loss == "squares"
        )
        for loss in ("squares", "absolute", "cross-entropy")
    }
    shown = {
        "mean image, rebuilt": "mean image",
        "PCA-16, rebuilt": "PCA-16",
        "squares": "squared error",
        "absolute": "absolute error",
        "cross-entropy": "cross-entropy",
        "the data": "the test images",
    }
    study.table("noises", shown, ["error", "L1", "SSIM", "edges"])
    return trained


def afterwards(trained: Sequence[nn.Module]) -> dict[str, Sequence[nn.Module]]:
    """The network of squares, trained on for a while with other losses."""

    def build() -> nn.Module:
        # a training's seed is set just before its network is built
        at = {seed: i for i, seed in enumerate(study.seeds)}
        return copy.deepcopy(trained[at.get(torch.initial_seed(), 0)])

    few = x_train[: study.pick(smoke=500, full=15_000)]
    return {
        loss: train_network(f"then {loss}", build, loss, few, n_epochs=8, lr=2e-3)
        for loss in ("squares", "SSIM", "features")
    }


def compare(tuned: dict[str, Sequence[nn.Module]]) -> None:
    """Neighbours of the outputs, test picture by test picture."""

    def trial(seed: int, loss: str) -> dict[str, float]:
        i = study.seeds.index(seed)
        here, squares = (
            right_neighbours(rebuild(tuned[name][i], x_test))
            for name in (loss, "squares")
        )
        gained = (here & ~squares).sum().item()
        lost = (squares & ~here).sum().item()
        z = (gained - lost) / max(1, gained + lost) ** 0.5
        return {"gained": gained, "lost": lost, "z": z}

    for loss in ("SSIM", "features"):
        study.run(
            f"neighbours, {loss} against squares",
            lambda seed, loss=loss: trial(seed, loss),
        )
    shown = {
        "the data": "the test images",
        "then squares": "then squares",
        "then SSIM": "then SSIM",
        "then features": "then features",
    }
    study.table("afterwards", shown, ["error", "SSIM", "edges", "1-NN"])


def residuals(trained: dict[str, Sequence[nn.Module]]) -> None:
    """Is the measured variance the noise of the pixels?"""

    def missed(loss: str, seed: int) -> Tensor:
        model = trained[loss][study.seeds.index(seed)]
        return (rebuild(model, x_test) - x_test).double()

    def trial(loss: str, seed: int) -> dict[str, float]:
        r = missed(loss, seed)
        variance, scale = r.square().mean().item(), r.abs().mean().item()
        return {
            "variance": variance,
            "beyond 4 sigma": (r.abs() > 4 * variance**0.5).double().mean().item(),
            "Gaussian": N_PIXELS / 2 * (math.log(2 * math.pi * variance) + 1),
            "Laplace": N_PIXELS * (math.log(2 * scale) + 1),
        }

    def by_pixel(seed: int) -> dict[str, float]:
        """Unequal Gaussians have long tails together; is it only that?"""
        r = missed("squares", seed).flatten(1)
        variance, scale = r.square().mean(dim=0), r.abs().mean(dim=0)
        nats = ((2 * math.pi * variance).log() + 1) / 2
        return {
            "beyond 4 sigma": (r.abs() > 4 * variance.sqrt()).double().mean().item(),
            "Gaussian": nats.sum().item(),
            "Laplace": ((2 * scale).log() + 1).sum().item(),
        }

    for loss in trained:
        study.run(f"residuals, {loss}", lambda seed, loss=loss: trial(loss, seed))
    study.run("residuals, squares, by pixel", by_pixel)
    r = missed("squares", study.seeds[0])
    counts = torch.histc((r / r.square().mean().sqrt()).float(), 81, -8.1, 8.1)
    middle = torch.linspace(-8, 8, 81)
    study.curve("residuals", {"residual": middle, "density": counts / r.numel() / 0.2})


def rebuilt_pictures(
    trained: dict[str, Sequence[nn.Module]], tuned: dict[str, Sequence[nn.Module]]
) -> None:
    labels = fashion.test.labels
    x = x_test[[int((labels == c).nonzero()[0]) for c in range(10)]]
    rows = {name: rebuild(models[0], x) for name, models in trained.items()}
    study.picture("three noises", {"test image": x, **rows})
    rows = {f"then {name}": rebuild(models[0], x) for name, models in tuned.items()}
    study.picture("afterwards", {"test image": x, **rows})


def main() -> None:
    of_noisy_pictures()
    of_pictures()
    trained = three_noises()  # the longest first
    tuned = afterwards(trained["squares"])
    networks = six_lines()
    sweep()
    absorbed_noise()
    few_pictures()
    who_cleans_best()
    compare(tuned)
    residuals(trained)
    cleaned_pictures(networks)
    rebuilt_pictures(trained, tuned)
    print(study.save())


main()
