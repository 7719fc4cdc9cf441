"""Evidence of chapter 06: seven ways to train one layer, judged by one probe.

    make evidence CHAPTER=06_regularized_autoencoder

All networks have 128 sigmoid units and a decoder with the same matrix, transposed. They
see 20,000 images. A probe is ridge regression from frozen codes to the ten labels. What
must be chosen, the strength of a method and the ridge of its probe, is what has the
largest mean of two accuracies on 5,000 other images: clean, and with Gaussian noise of
0.5 a pixel. "unwarned" is the noisy accuracy of a probe whose ridge was chosen by clean
images alone; rows that end in "own ridge" have both accuracies of that probe. Strengths
are chosen with a seed of their own, and all else is of 10,000 test images, with other
seeds. Three rows are trained once more with the betas that Adam has by default.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from aelib import data, losses, metrics
from aelib.config import seed_everything
from aelib.data import Batches, ImageData
from aelib.lab import Study
from aelib.linear import PCA

study = Study(
    "06_regularized_autoencoder",
    seeds=[0, 1, 2],
    columns={
        "clean": "%",  # test images that the probe names
        "noisy": "%",
        "unwarned": "%",
        "moved": "",  # E |h(x + e) - h(x)|^2 over the variance of the codes
        "SSE": "",
        "on": "",  # units above a tenth, of an image
        "directions": "",  # that hold nine tenths of |J|^2, of an image
        "roughness": "",  # of the first five directions; of white noise it is 4
        "strength": "",
        "place": "",  # of the chosen strength among those tried, from 0
        "tried": "",
        "W": "",  # squared norms, and the price that is paid
        "V": "",
        "price": "",
    },
)
WIDTH, N_PIXELS, NOISE, RHO = 128, 784, 0.5, 0.05
CHOOSER = 3  # the seed with which strengths are chosen
RIDGES = (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)

# --- images ---


class Images(NamedTuple):
    """What networks and probes learn from, choose by, and are judged by."""

    train: Tensor
    labels: Tensor
    held: Tensor
    held_labels: Tensor
    test: Tensor
    test_labels: Tensor


def load(loader: Callable[..., ImageData]) -> Images:
    sets = loader(profile=study.pick(smoke="fast", full="full")).to(study.device)
    n, m = study.pick(smoke=(300, 100), full=(20_000, 5000))
    x, labels = sets.train
    test = [t[: study.pick(smoke=100, full=10_000)] for t in sets.test]
    return Images(x[:n], labels[:n], x[n : n + m], labels[n : n + m], *test)


SETS = {"garments": load(data.fashion_mnist), "digits": load(data.mnist)}


def noisy(x: Tensor, seed: int) -> Tensor:
    return data.gaussian_noise(
        x, NOISE, generator=torch.Generator().manual_seed(1000 + seed)
    )


HELD = {where: noisy(images.held, 0) for where, images in SETS.items()}
TEST = {where: noisy(images.test, 1) for where, images in SETS.items()}

# --- one network, seven ways ---


class TiedAutoencoder(nn.Module):
    """128 sigmoid units; k > 0 keeps the k largest, all others are 0."""

    def __init__(self, mean_image: Tensor, k: int = 0) -> None:
        super().__init__()
        start = torch.randn(WIDTH, N_PIXELS) / N_PIXELS**0.5
        self.weight = nn.Parameter(start)
        self.bias = nn.Parameter(torch.zeros(WIDTH))
        # units begin near one half: the first answer is near the mean image
        logits = mean_image.flatten().clamp(0.01, 0.99).logit()
        self.out_bias = nn.Parameter(logits - 0.5 * start.sum(dim=0))
        self.k = k

    def encode(self, x: Tensor) -> Tensor:
        h = (x.flatten(1) @ self.weight.T + self.bias).sigmoid()  # (B, 128)
        return losses.top_k(h, self.k) if self.k else h

    def decode(self, h: Tensor) -> Tensor:
        return (h @ self.weight + self.out_bias).sigmoid().unflatten(1, (1, 28, 28))


def objective_of(method: str, strength: float) -> Callable:
    def objective(model: TiedAutoencoder, x: Tensor) -> dict[str, Tensor]:
        seen = data.gaussian_noise(x, strength) if method == "denoising" else x
        h = model.encode(seen)
        used = nn.functional.dropout(h, strength) if method == "dropout" else h
        error = metrics.sse(model.decode(used), x).mean()
        if method == "weight decay":
            price = model.weight.square().sum()
        elif method == "contractive":
            price = losses.contractive_penalty(h, model.weight).mean()
        elif method == "KL-sparse":  # a unit that is never on has an infinite price
            rates = h.mean(dim=0).clamp(1e-4, 1 - 1e-4)
            price = losses.kl_sparsity(rates, RHO).sum()
        else:
            return {"loss": error}
        return {"loss": error + strength * price}

    return objective


def trained(
    row: str, where: str, method: str, strength: float, seeds: Sequence[int]
) -> Sequence[nn.Module]:
    images = SETS[where]
    mean_image = images.train.mean(dim=0).cpu()

    def build() -> TiedAutoencoder:
        return TiedAutoencoder(mean_image, int(strength) if method == "k-sparse" else 0)

    def measure(model: TiedAutoencoder) -> dict[str, float]:
        h = model.encode(images.test)
        return {"SSE": metrics.sse(model.decode(h), images.test).mean().item()}

    return study.train(
        row,
        build,
        objective_of(method, strength),
        lambda seed: Batches(images.train, 125),
        measure=measure,
        seeds=seeds,
        epochs=study.pick(smoke=1, full=12),
        lr=8e-3,
    )


def trained_as_usual(
    row: str, where: str, method: str, strength: float
) -> Sequence[nn.Module]:
    """The same with Adam's default betas; aelib.train has 0.95 for the second."""
    images = SETS[where]
    mean_image = images.train.mean(dim=0).cpu()

    def optimizer(model: nn.Module) -> torch.optim.Optimizer:
        return torch.optim.Adam(model.parameters(), lr=8e-3, betas=(0.9, 0.999))

    def measure(model: TiedAutoencoder) -> dict[str, float]:
        h = model.encode(images.test)
        return {"SSE": metrics.sse(model.decode(h), images.test).mean().item()}

    return study.train(
        row,
        lambda: TiedAutoencoder(mean_image),
        objective_of(method, strength),
        lambda seed: Batches(images.train, 125),
        measure=measure,
        epochs=study.pick(smoke=1, full=12),
        optimizer=optimizer,
    )


# --- one probe ---

Encoder = Callable[[Tensor], Tensor]


class Probes:
    """Ridge regression from codes to the ten labels, once for each ridge.

    Codes are centred and divided by one number, so that the scale of a code is nothing;
    not unit by unit, which would blow up units that hardly vary.
    """

    def __init__(self, codes: Tensor, labels: Tensor) -> None:
        codes = codes.double()
        self.mean, self.scale = codes.mean(dim=0), codes.var(dim=0).mean().sqrt()
        z = (codes - self.mean) / self.scale
        wanted = nn.functional.one_hot(labels, 10).double()
        self.shares = wanted.mean(dim=0)
        sizes, axes = torch.linalg.eigh(z.T @ z / len(z))
        along = axes.T @ z.T @ (wanted - self.shares) / len(z)  # (D, 10)
        self.weights = [axes @ (along / (sizes + ridge)[:, None]) for ridge in RIDGES]

    def accuracies(self, codes: Tensor, labels: Tensor) -> Tensor:
        """In per cent, one for each ridge."""
        z = (codes.double() - self.mean) / self.scale
        guesses = [(z @ w + self.shares).argmax(dim=1) for w in self.weights]
        return torch.stack([100 * (g == labels).double().mean() for g in guesses])


class Judged(NamedTuple):
    """Accuracies by ridge, on images to choose by and on test images."""

    held: Tensor  # (ridges, 2), clean and noisy
    test: Tensor

    @property
    def warned(self) -> int:
        return int(self.held.mean(dim=1).argmax())

    @property
    def unwarned(self) -> int:
        return int(self.held[:, 0].argmax())


@torch.no_grad()
def judged(encode: Encoder, where: str) -> Judged:
    images = SETS[where]
    probes = Probes(encode(images.train), images.labels)
    both = []
    for pair, labels in (
        ((images.held, HELD[where]), images.held_labels),
        ((images.test, TEST[where]), images.test_labels),
    ):
        found = [probes.accuracies(encode(x), labels) for x in pair]
        both.append(torch.stack(found, dim=1))
    return Judged(*both)


def score(found: Judged) -> float:
    """What all choices are made by."""
    return found.held[found.warned].mean().item()


def on_held(found: Judged) -> dict[str, float]:
    clean, loud = found.held[found.warned].tolist()
    return {"clean": clean, "noisy": loud}


@torch.no_grad()
def report(encode: Encoder, where: str) -> dict[str, float]:
    """What is said of a code, on test images."""
    found = judged(encode, where)
    clean, loud = found.test[found.warned].tolist()
    h, shaken = encode(SETS[where].test), encode(TEST[where])
    moved = (shaken - h).square().sum(dim=1).mean() / h.var(dim=0).sum()
    return {
        "clean": clean,
        "noisy": loud,
        "unwarned": found.test[found.unwarned, 1].item(),
        "moved": moved.item(),
    }


@torch.no_grad()
def unwarned(encode: Encoder, where: str) -> dict[str, float]:
    """What is said of a code whose ridge was chosen by clean images alone."""
    found = judged(encode, where)
    clean, loud = found.test[found.unwarned].tolist()
    return {"clean": clean, "noisy": loud}


# --- baselines that learn nothing, or linear algebra alone ---


def place_of(scores: Sequence[float], tried: Sequence[float], row: str) -> int:
    """The best of the values tried, noted."""
    place = max(range(len(tried)), key=lambda i: scores[i])
    study.note(f"{row}, chosen", strength=tried[place], place=place, tried=len(tried))
    return place


def untrained(where: str, scale: float) -> Encoder:
    model = TiedAutoencoder(SETS[where].train.mean(dim=0).cpu()).to(study.device)
    with torch.no_grad():
        model.weight.mul_(scale)
    return model.encode


def baselines(where: str) -> None:
    study.note(f"{where}: raw pixels", **report(lambda x: x.flatten(1), where))
    own = unwarned(lambda x: x.flatten(1), where)
    study.note(f"{where}: raw pixels, own ridge", **own)
    pca = PCA.fit(SETS[where].train)
    sizes = (16, 32, 64, 128, 256, 512)[: study.pick(smoke=5, full=6)]
    scores = [score(judged(lambda x, k=k: pca.codes(x, k), where)) for k in sizes]
    k = sizes[place_of(scores, sizes, f"{where}: PCA")]
    study.note(f"{where}: PCA", **report(lambda x: pca.codes(x, k), where))
    own = unwarned(lambda x: pca.codes(x, k), where)
    study.note(f"{where}: PCA, own ridge", **own)
    for k in (32, WIDTH):
        test = SETS[where].test
        sse = metrics.sse(pca.rebuild(test, k), test).mean().item()
        moved = report(lambda x, k=k: pca.codes(x, k), where)
        study.note(f"{where}: PCA-{k}", SSE=sse, **moved)
    scales = (0.1, 0.3, 1.0, 3.0, 10.0)
    scores = []
    for scale in scales:
        seed_everything(CHOOSER)
        scores.append(score(judged(untrained(where, scale), where)))
    scale = scales[place_of(scores, scales, f"{where}: untrained layer")]
    study.run(
        f"{where}: untrained layer",
        lambda seed: report(untrained(where, scale), where),
    )


# --- the family ---


@torch.no_grad()
def directions(model: TiedAutoencoder, x: Tensor) -> tuple[Tensor, Tensor]:
    """Singular values (B, 128) of dh/dx, and five right singular vectors (B, 5, N)."""
    h, weight = model.encode(x).double(), model.weight.double()
    slopes = h * (1 - h)  # J = diag(slopes) W: J J' has only 128 x 128 numbers
    gram = slopes[:, :, None] * (weight @ weight.T) * slopes[:, None, :]
    squares, left = torch.linalg.eigh(gram)  # ascending
    sizes = squares.clamp(min=0).sqrt().flip(dims=[1])
    left = left.flip(dims=[2])[:, :, :5]
    right = (left * slopes[:, :, None]).mT @ weight / sizes[:, :5, None]
    return sizes.float(), right.float()


def some_of(where: str) -> Tensor:
    return SETS[where].test[: study.pick(smoke=2, full=50)]


def roughness(v: Tensor) -> float:
    """Squared steps from pixel to pixel over squares, of patterns (..., N)."""
    v = v.reshape(-1, 28, 28)
    steps = sum(v.diff(dim=axis).square().sum() for axis in (1, 2))
    return (steps / v.square().sum()).item()


def nature(model: TiedAutoencoder, where: str) -> dict[str, float]:
    """What is said of a trained layer beside its code's worth."""
    with torch.no_grad():
        h = model.encode(SETS[where].test)
    sizes, v = directions(model, some_of(where))
    share = sizes.square().cumsum(dim=1) / sizes.square().sum(dim=1, keepdim=True)
    return {
        "on": (h > 0.1).sum(dim=1).double().mean().item(),
        "directions": 1 + (share < 0.9).sum(dim=1).double().mean().item(),
        "roughness": roughness(v),
    }


def squared_weights(model: TiedAutoencoder) -> float:
    return model.weight.square().sum().item()


def undecided(model: TiedAutoencoder, where: str) -> float:
    """Mean of h (1 - h): a quarter where all units are at one half."""
    with torch.no_grad():
        h = model.encode(SETS[where].test)
    return (h * (1 - h)).mean().item()


def held_out(row: str, where: str, model: TiedAutoencoder) -> float:
    """Notes how well a network does on the images to choose by; its score."""
    found = judged(model.encode, where)
    held = {**on_held(found), "W": squared_weights(model)}
    study.run(f"{row}, held out", lambda seed: held, [CHOOSER])
    return score(found)


def examine(where: str, row: str, strength: float, models: Sequence[nn.Module]) -> None:
    def trial(seed: int) -> dict[str, float]:
        model = models[study.seeds.index(seed)]
        images = SETS[where].test
        with torch.no_grad():
            sse = metrics.sse(model.decode(model.encode(images)), images).mean()
        found = report(model.encode, where) | nature(model, where)
        found |= {"SSE": sse.item(), "W": squared_weights(model)}
        return found | ({"strength": strength} if strength else {})

    study.run(f"{where}: {row}", trial)
    study.run(
        f"{where}: {row}, own ridge",
        lambda seed: unwarned(models[study.seeds.index(seed)].encode, where),
    )


def scaled(v: Tensor) -> Tensor:
    """Patterns (n, N) of any sign -> (n, 1, 28, 28) in [0, 1], 0 is middle grey."""
    return (0.5 + v / (2 * v.abs().amax(dim=1, keepdim=True))).unflatten(1, (1, 28, 28))


def drawn(where: str, networks: dict[str, Sequence[nn.Module]]) -> None:
    """What the first seed's codes notice of one image; filters; codes."""
    images = SETS[where]
    first = int((images.test_labels == 3).nonzero()[0])  # a three, or a dress
    x = images.test[first : first + 1]
    noticed, filters, codes, spectra = {}, {}, {}, {}
    for name, models in networks.items():
        model = models[0]
        noticed[name] = torch.cat([x, scaled(directions(model, x)[1][0])])
        with torch.no_grad():
            h = model.encode(images.test)
        busiest = h.var(dim=0).topk(10).indices
        filters[name] = scaled(model.weight.detach()[busiest])
        codes[name] = h[first]
        sizes = directions(model, some_of(where))[0]
        spectra[name] = (sizes / sizes[:, :1]).mean(dim=0)[:100]
    study.picture(f"{where}: noticed", noticed)
    study.picture(f"{where}: filters", filters)
    study.curve(f"{where}: codes", codes)
    study.curve(f"{where}: singular values", spectra)


# --- a price that can be dodged ---


class LinearAutoencoder(nn.Module):
    """32 linear units; the decoder has a matrix of its own unless tied."""

    def __init__(self, mean_image: Tensor, tied: bool) -> None:
        super().__init__()
        self.register_buffer("mean", mean_image.flatten())
        start = torch.randn(32, N_PIXELS) / N_PIXELS**0.5
        self.encoder = nn.Parameter(start)
        self.free = None if tied else nn.Parameter(start.clone())

    @property
    def decoder(self) -> Tensor:
        return self.encoder if self.free is None else self.free

    def encode(self, x: Tensor) -> Tensor:
        return (x.flatten(1) - self.mean) @ self.encoder.T

    def forward(self, x: Tensor) -> Tensor:
        return self.mean + self.encode(x) @ self.decoder


def linear(row: str, tied: bool, strength: float) -> None:
    images = SETS["garments"]
    mean_image = images.train.mean(dim=0).cpu()

    def objective(model: LinearAutoencoder, x: Tensor) -> dict[str, Tensor]:
        error = (model(x) - x.flatten(1)).square().sum(dim=1).mean()
        return {"loss": error + strength * model.encoder.square().sum()}

    def measure(model: LinearAutoencoder) -> dict[str, float]:
        h, shaken = model.encode(images.test), model.encode(TEST["garments"])
        moved = (shaken - h).square().sum(dim=1).mean() / h.var(dim=0).sum()
        error = (model(images.test) - images.test.flatten(1)).square().sum(dim=1)
        w, v = (m.square().sum().item() for m in (model.encoder, model.decoder))
        return {"moved": moved, "W": w, "V": v, "SSE": error.mean(), "price": strength}

    study.train(
        row,
        lambda: LinearAutoencoder(mean_image, tied),
        objective,
        lambda seed: Batches(images.train, 125),
        measure=measure,
        epochs=study.pick(smoke=1, full=10),
        lr=4e-3,
    )


PRICES = (0, 1e-3, 1e-2, 1e-1, 1.0)


def dodge() -> None:
    for kind in ("free", "tied"):
        for strength in PRICES:
            linear(f"linear, {kind}, {strength:g}", kind == "tied", strength)


def tables() -> None:
    nothing = ("raw pixels", "PCA")
    flat = ("plain", "weight decay", "denoising", "contractive")
    few = {"garments": ("dropout", "k-sparse"), "digits": ("KL-sparse",)}
    for where in SETS:
        rows = (*nothing, *flat, *few[where])
        columns = ["strength", "clean", "noisy", "moved"]
        study.table(where, {f"{where}: {row}": row for row in rows}, columns)
        study.table(
            f"{where}, own ridge",
            {f"{where}: {row}, own ridge": row for row in (*nothing, *flat)},
            ["clean", "noisy"],
        )
    ways = ("PCA-128", *flat, *few["garments"], "KL-sparse")
    study.table(
        "codes",
        {f"garments: {row}": row for row in ways},
        ["strength", "on", "directions", "SSE"],
    )


GRIDS = {
    "garments": {
        "weight decay": (3e-4, 1e-3, 3e-3, 1e-2, 3e-2),
        "denoising": (0.2, 0.4, 0.8),
        "contractive": (0.03, 0.1, 0.3, 1.0),
        "dropout": (0.1, 0.3),
        "KL-sparse": (0.01, 0.03, 0.1),
        "k-sparse": (64, 32),
    },
    "digits": {
        "weight decay": (3e-3, 1e-2, 3e-2),
        "denoising": (0.4, 0.8, 1.6, 3.2),
        "contractive": (0.1, 0.3, 1.0, 3.0, 10.0),
        "KL-sparse": (0.01, 0.03, 0.1),
    },
}
# Where no strength has the score of the plain network, one to look at all the same.
SHOWN = {"dropout": 0.1, "KL-sparse": 0.1, "k-sparse": 32}


def main() -> None:
    sweeps = {}  # all are begun before the first is looked at: two processes share them
    for where, grids in GRIDS.items():
        for method, grid in ({"plain": (0,)} | grids).items():
            for strength in grid:
                row = f"{where}: {method}, {strength:g}"
                sweeps[row] = trained(row, where, method, strength, [CHOOSER])
    networks, strengths = {}, {}
    for where, grids in GRIDS.items():
        row = f"{where}: plain, 0"
        without, best = held_out(row, where, sweeps[row][0]), {"plain": 0.0}
        for method, grid in grids.items():
            rows = [f"{where}: {method}, {strength:g}" for strength in grid]
            scores = [held_out(row, where, sweeps[row][0]) for row in rows]
            tried = (0, *grid)
            place = place_of([without, *scores], tried, f"{where}: {method}")
            best[method] = tried[place] or SHOWN.get(method, grid[0])
        strengths[where] = best
        networks[where] = {
            method: trained(
                f"{where}: {method}, networks", where, method, strength, study.seeds
            )
            for method, strength in best.items()
        }
    as_usual = {
        method: trained_as_usual(
            f"garments: {method}, usual Adam, networks",
            "garments",
            method,
            strengths["garments"][method],
        )
        for method in ("plain", "weight decay", "contractive")
    }
    dodge()
    for method, found in as_usual.items():
        strength = strengths["garments"][method]
        examine("garments", f"{method}, usual Adam", strength, found)
    for where, models in networks.items():
        baselines(where)
        for method, trained_ones in models.items():
            examine(where, method, strengths[where][method], trained_ones)
        seen = {k: v for k, v in models.items() if k != "KL-sparse"}  # like plain
        drawn(where, seen)
        study.curve(
            f"{where}: undecided",
            {
                name: [undecided(m, where) for m in found]
                for name, found in seen.items()
            },
        )
    tables()
    print(study.save())


main()
