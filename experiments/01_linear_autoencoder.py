"""Evidence of chapter 01: the loss of a linear autoencoder is known before it trains.

    make evidence CHAPTER=01_linear_autoencoder

Errors are squared errors summed over an image, pixels in [0, 1], in the mean over
images; "excess" is what the loss of the training images has over the least possible.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from aelib import data, metrics
from aelib.data import Batches, ImageData, Split
from aelib.lab import Study
from aelib.linear import PCA

study = Study(
    "01_linear_autoencoder",
    seeds=[0, 1, 2],
    columns={
        "excess": "%",
        "error": "",  # of the test images
        "angle": "degrees",  # the largest principal angle to the principal subspace
        "cosine": "",  # of a decoder column and the axis nearest to it, in the mean
        "garments": "",
        "digits": "",
    },
)
SIZES = (16, 32)


def load(name: str) -> ImageData:
    """All images; at smoke scale a few of the embedded ones."""
    loader = {"garments": data.fashion_mnist, "digits": data.mnist}[name]
    sets = loader(profile=study.pick(smoke="fast", full="full"))
    few = study.pick(smoke=1000, full=len(sets.train.images))
    train, test = (
        Split(*(t[:few] for t in split)) for split in (sets.train, sets.test)
    )
    return sets._replace(train=train, test=test)


worlds = {name: load(name) for name in ("garments", "digits")}
fitted = {name: PCA.fit(world.train.images) for name, world in worlds.items()}
pca = fitted["garments"]
mean_image = worlds["garments"].train.images.double().mean(dim=0).flatten()
centred, centred_test = (
    split.images.double().flatten(1) - mean_image
    for split in (worlds["garments"].train, worlds["garments"].test)
)
n_pixels = centred.shape[1]
covariance = centred.T @ centred / len(centred)  # (N, N)
eigenvalues, eigenvectors = torch.linalg.eigh(covariance)
eigenvalues, axes = eigenvalues.flip(0).clamp(min=0), eigenvectors.flip(1)


def tail(k: int) -> float:
    return eigenvalues[k:].sum().item()


def projected(basis: Tensor, points: Tensor) -> float:
    """Error of points (n, N) projected on the columns of an orthonormal (N, k)."""
    return (points - points @ basis @ basis.T).square().sum(dim=1).mean().item()


def largest_cosines(vectors: Tensor, k: int) -> Tensor:
    """Of each column of `vectors` (N, m) with the nearest of k axes, (m,)."""
    unit = vectors / vectors.norm(dim=0)
    return (axes[:, :k].T @ unit).abs().amax(dim=0)


def of_subspace(decoder: Tensor) -> dict[str, float]:
    """What the column space of a decoder (N, k) is worth."""
    k, basis = decoder.shape[1], torch.linalg.qr(decoder).Q
    return {
        "excess": 100 * (projected(basis, centred) / tail(k) - 1),
        "error": projected(basis, centred_test),
        "angle": metrics.principal_angles(decoder, axes[:, :k]).max().item(),
        "cosine": largest_cosines(decoder, k).mean().item(),
    }


# --- the three ways to a subspace ---


def baselines() -> None:
    """The mean image, and PCA with as many numbers as each code has."""
    for name, world in worlds.items():
        test = world.test.images
        missed = metrics.sse(fitted[name].mean.expand_as(test), test).mean()
        study.note(f"mean image, {name}", error=missed)
        for k in (*SIZES, 30):
            missed = metrics.sse(fitted[name].rebuild(test, k), test).mean()
            study.note(f"PCA-{k}, {name}", error=missed)


def sweeps(k: int, n_sweeps: int) -> dict[str, float]:
    """Alternating least squares: each sweep multiplies the subspace by C."""
    basis = torch.linalg.qr(torch.randn(n_pixels, k, dtype=torch.float64)).Q
    for _ in range(n_sweeps):
        basis = torch.linalg.qr(covariance @ basis).Q
    return of_subspace(basis)


def linear_autoencoder(k: int) -> nn.Module:
    encoder = nn.Linear(n_pixels, k, bias=False)
    return nn.Sequential(encoder, nn.Linear(k, n_pixels, bias=False))


def objective(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    return {"loss": (model(x) - x).square().sum(dim=1).mean()}


def by_adam(k: int, *, keep: bool = False) -> Sequence[nn.Module]:
    x = centred.float().to(study.device)
    return study.train(
        f"Adam, {k}",
        lambda: linear_autoencoder(k),
        objective,
        lambda seed: Batches(x, 128),
        measure=lambda model: of_subspace(model[1].weight.detach().cpu().double()),
        epochs=study.pick(smoke=1, full=40),
        lr=3e-3,
        keep=keep,
    )


def three_ways() -> nn.Module:
    """The trained network of sixteen numbers."""
    trained, shown = {}, {}
    for k in SIZES:
        for n in (10, 100):
            study.run(f"{n} sweeps, {k}", lambda seed, k=k, n=n: sweeps(k, n))
            shown[f"{n} sweeps, {k}"] = f"{n} sweeps, {k} numbers"
        trained[k] = by_adam(k, keep=k == 16)
        shown[f"Adam, {k}"] = f"Adam, {k} numbers"
    study.table("three ways", shown, ["excess", "angle"])
    return trained[16][0]


def chance() -> None:
    """Directions of the principal subspace drawn at random: no axis among them."""

    def trial(seed: int) -> dict[str, float]:
        inside = axes[:, :16] @ torch.randn(16, 2000, dtype=torch.float64)
        return {"cosine": largest_cosines(inside, 16).mean().item()}

    study.run("random directions", trial)
    study.table(
        "cosines",
        {"random directions": "random directions of the subspace", "Adam, 16": "Adam"},
        ["cosine"],
    )


# --- the staircase ---


def loss_of(encoder: Tensor, decoder: Tensor) -> Tensor:
    """J(V, W) for V (k, N) and W (N, k), from the covariance alone."""
    encoded = covariance @ encoder.T  # C V', (N, k)
    square = ((decoder.T @ decoder) * (encoder @ encoded)).sum()
    return covariance.trace() - 2 * (decoder * encoded).sum() + square


def staircase() -> None:
    """Plain gradient descent from a tiny start, of the first seed."""
    k, step, n_steps = 6, 0.0025, study.pick(smoke=20, full=4000)
    torch.manual_seed(study.seeds[0])
    encoder = 1e-9 * torch.randn(k, n_pixels, dtype=torch.float64)
    decoder = 1e-9 * torch.randn(n_pixels, k, dtype=torch.float64)
    found = []
    for _ in range(n_steps):
        encoded = covariance @ encoder.T  # C V', (N, k)
        found.append(loss_of(encoder, decoder))
        of_decoder = 2 * (decoder @ (encoder @ encoded) - encoded)
        of_encoder = 2 * ((decoder.T @ decoder) @ encoded.T - decoder.T @ covariance)
        encoder, decoder = encoder - step * of_encoder, decoder - step * of_decoder
    tails = torch.tensor([tail(i) for i in range(k + 1)])
    study.curve("staircase", {"loss": torch.stack(found), "tails": tails})


# --- shrinkage ---


def minimised(loss_of_pair, k: int) -> tuple[Tensor, Tensor]:
    """V (k, N) and W (N, k) at a minimum, by L-BFGS from a random start."""
    pair = [0.1 * torch.randn(s, dtype=torch.float64) for s in ((k, 784), (784, k))]
    pair = [matrix.requires_grad_() for matrix in pair]
    optimizer = torch.optim.LBFGS(
        pair,
        max_iter=study.pick(smoke=5, full=500),
        history_size=20,
        tolerance_grad=1e-9,
        tolerance_change=1e-14,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = loss_of_pair(*pair)
        loss.backward()
        return loss

    optimizer.step(closure)
    return pair[0].detach(), pair[1].detach()


def gains() -> None:
    """What is left of each of eight axes under three rules, gamma = sigma^2 = 2."""
    k, strength = 8, 2.0
    torch.manual_seed(study.seeds[0])

    def penalised(encoder: Tensor, decoder: Tensor) -> Tensor:
        size = encoder.square().sum() + decoder.square().sum()
        return loss_of(encoder, decoder) + strength * size

    def noisy(encoder: Tensor, decoder: Tensor) -> Tensor:
        size = ((decoder.T @ decoder) * (encoder @ encoder.T)).sum()  # |WV|^2
        return loss_of(encoder, decoder) + strength * size

    def inner(decoder: Tensor) -> Tensor:
        gram = decoder.T @ decoder
        return gram + strength * torch.eye(k, dtype=gram.dtype)

    def nll(encoder: Tensor, decoder: Tensor) -> Tensor:
        """-2 log-likelihood of N(0, WW' + sigma^2 I), without constants."""
        seen = decoder.T @ covariance @ decoder
        kept = torch.linalg.solve(inner(decoder), seen).trace()
        return inner(decoder).logdet() - kept / strength + 0 * encoder.sum()

    def gain(encoder: Tensor, decoder: Tensor) -> Tensor:
        first = axes[:, :k]
        return ((first.T @ decoder) * (encoder @ first).T).sum(dim=1)

    likeliest = minimised(nll, k)[1]
    posterior_mean = torch.linalg.solve(inner(likeliest), likeliest.T)
    study.curve(
        "gains",
        {
            "eigenvalue": eigenvalues[:k],
            "weight penalty": gain(*minimised(penalised, k)),
            "denoising": gain(*minimised(noisy, k)),
            "probabilistic PCA": gain(posterior_mean, likeliest),
        },
    )


# --- other data ---


def other_worlds() -> None:
    """Means and axes of the two sets, crossed, on test images; 16 numbers."""

    def error(x: Tensor, mean: Tensor, axes: Tensor) -> float:
        flat = x.double().flatten(1) - mean.double().flatten()
        return projected(axes.double().T, flat)

    def trial(seed: int) -> dict[str, float]:
        found = {}
        for name, world in worlds.items():
            random_axes = torch.linalg.qr(torch.randn(n_pixels, 16)).Q.T
            found[name] = error(world.test.images, fitted[name].mean, random_axes)
        return found

    study.run("random axes", trial)
    for row, own_mean, own_axes in (
        ("own mean, own axes", True, True),
        ("own mean, other axes", True, False),
        ("other mean, own axes", False, True),
        ("other mean, other axes", False, False),
    ):
        found = {}
        for name, other in (("garments", "digits"), ("digits", "garments")):
            mean = fitted[name if own_mean else other].mean
            axes_of = fitted[name if own_axes else other].axes[:16]
            found[name] = error(worlds[name].test.images, mean, axes_of.flatten(1))
        study.note(row, **found)
    without = {
        name: metrics.sse(fitted[name].mean.expand_as(x), x).mean()
        for name, x in ((name, world.test.images) for name, world in worlds.items())
    }
    study.note("own mean, no axes", **without)
    study.table(
        "worlds",
        {
            "own mean, no axes": "own mean, no numbers",
            "random axes": "own mean, random axes",
            "own mean, other axes": "own mean, axes of the others",
            "other mean, own axes": "mean of the others, own axes",
            "other mean, other axes": "mean and axes of the others",
            "own mean, own axes": "own mean, own axes",
        },
        list(worlds),
    )


def as_pictures(vectors: Tensor) -> Tensor:
    """Columns (N, m) as images (m, 1, 28, 28), zero at mid grey."""
    scale = vectors.abs().amax(dim=0)
    return (0.5 + 0.5 * vectors / scale).T.reshape(-1, 1, 28, 28)


def columns(model: nn.Module) -> None:
    """Principal axes, columns of a decoder, and these turned back by a matrix."""
    decoder = model[1].weight.detach().cpu().double()  # (N, 16)
    turning = torch.linalg.lstsq(decoder, axes[:, :16]).solution  # (16, 16)
    rows = {
        "principal axes": axes,
        "decoder columns": decoder,
        "turned back": decoder @ turning,
    }
    shown = {name: as_pictures(some[:, :8]) for name, some in rows.items()}
    study.picture("columns", shown)


def spectrum() -> None:
    study.curve("eigenvalues", {"variance": eigenvalues[:100]})


def pictures() -> None:
    """Ten garments rebuilt from few and from many numbers."""
    test = worlds["garments"].test
    first = [int((test.labels == c).nonzero()[0]) for c in range(10)]
    x = test.images[first]
    sizes = (2, 8, 16, 64)
    rows = {f"{k} numbers": pca.rebuild(x, k).clamp(0, 1) for k in sizes}
    study.picture("rebuilt", {"test image": x, **rows})


def main() -> None:
    baselines()
    network = three_ways()
    columns(network)
    chance()
    staircase()
    gains()
    other_worlds()
    spectrum()
    pictures()
    print(study.save())


main()
