"""Evidence of chapter 02: what a nonlinear code buys, and what keeps it from working.

    make evidence CHAPTER=02_autoencoder

All errors are means over test images of the squared error per pixel, pixels in [0, 1].
"""

from collections.abc import Callable
from itertools import pairwise, product

import torch
from torch import Tensor, nn

from aelib import data, metrics, systems
from aelib.data import Batches, ImageData, Split
from aelib.initialise import initialise_at_mean
from aelib.lab import Study
from aelib.linear import PCA
from aelib.models import Autoencoder, MLPDecoder, MLPEncoder

study = Study(
    "02_autoencoder",
    seeds=[0, 1, 2],
    columns={
        "MSE": "",
        "SSE": "",
        "dead units": "",
        "5-NN": "%",
        "shoes": "",
        "upside down": "",
        "digits": "",
        "ramp": "",
        "noise": "",
    },
)
SHAPE = (1, 28, 28)


def load(loader: Callable[..., ImageData]) -> ImageData:
    """All images; at smoke scale a few of the embedded ones."""
    sets = loader(profile=study.pick(smoke="fast", full="full"))
    few = study.pick(smoke=600, full=len(sets.train.images))
    return sets._replace(train=Split(*(t[:few] for t in sets.train))).to(study.device)


fashion, digits = load(data.fashion_mnist), load(data.mnist)


def epochs(full: int) -> int:
    """Passes over the 60,000; one over the small set at smoke scale."""
    return study.pick(smoke=1, full=full)


def in_range(images: Tensor, low: float) -> Tensor:
    """Pixels from [0, 1] to [low, 1]."""
    return low + (1 - low) * images


def rebuild(model: nn.Module, images: Tensor, low: float) -> Tensor:
    """Images in [0, 1] through a network that works in [low, 1]."""
    with torch.no_grad():
        return (model(in_range(images, low)) - low) / (1 - low)


def error(x_hat: Tensor, images: Tensor) -> float:
    return (x_hat - images).square().mean().item()


def train(
    row: str,
    build: Callable[[], nn.Module],
    sets: ImageData,
    low: float,
    *,
    n_epochs: int,
    batch_size: int = 128,
    at_mean: bool = True,
    more: Callable[[nn.Module], dict[str, float]] = lambda model: {},
    **recipe,
):
    """Train a row on a data set in [low, 1], from the mean image or as it is built."""
    x = in_range(sets.train.images, low)

    def started() -> nn.Module:
        return initialise_at_mean(build(), x.mean(dim=0).cpu()) if at_mean else build()

    def objective(model: nn.Module, batch: Tensor) -> dict[str, Tensor]:
        sse = (model(batch) - batch).square().flatten(1).sum(dim=1)  # (B,)
        return {"loss": sse.mean() / (1 - low) ** 2}

    def measure(model: nn.Module) -> dict[str, float]:
        mse = error(rebuild(model, sets.test.images, low), sets.test.images)
        return {"MSE": mse, **more(model)}

    return study.train(
        row,
        started,
        objective,
        lambda seed: Batches(x, batch_size),
        measure=measure,
        epochs=epochs(n_epochs),
        **recipe,
    )


def baselines() -> dict[str, PCA]:
    """The mean image, and PCA with as many numbers as each code has."""
    fitted = {}
    for name, sets in (("garments", fashion), ("digits", digits)):
        x, test = sets.train.images, sets.test.images
        fitted[name] = PCA.fit(x)
        study.note(f"mean image, {name}", MSE=error(x.mean(dim=0), test))
        sizes = (2, 4, 8, 16, 32, 64) if name == "garments" else (3, 20, 30, 32)
        for k in sizes:
            mse = error(fitted[name].rebuild(test, k), test)
            study.note(f"PCA-{k}, {name}", MSE=mse, SSE=test[0].numel() * mse)
    clipped = fitted["garments"].rebuild(fashion.test.images, 16).clamp(0, 1)
    study.note("PCA-16 clipped, garments", MSE=error(clipped, fashion.test.images))
    below = in_range(digits.test.images, -1).clamp(max=0)  # out of a Sigmoid's reach
    study.note("floor of a Sigmoid, digits", MSE=below.square().mean() / 4)
    return fitted


def sixteen_numbers(pca: PCA) -> None:
    """The 16-number code trained long; what it does with pictures it never saw."""
    models = train(
        "16-number code, 30 epochs",
        systems.s0_fc,
        fashion,
        -1,
        n_epochs=30,
        lr=4e-3,
        keep=True,
    )
    labels, images = fashion.test.labels, fashion.test.images
    first = [int((labels == c).nonzero()[0]) for c in range(len(fashion.classes))]
    study.picture(
        "opening",
        {
            "original": images[first],
            "PCA-16": pca.rebuild(images[first], 16).clamp(0, 1),
            "16-number code": rebuild(models[0], images[first], -1).clamp(0, 1),
        },
    )
    per_image = {
        "PCA-16": metrics.sse(pca.rebuild(images, 16), images),
        "16-number code": metrics.sse(rebuild(models[0], images, -1), images),
    }
    study.curve("error of each test image", per_image)
    study.curve("test labels", {"label": labels})
    unseen = never_seen()
    study.note(
        "mean image, never seen",
        **{k: error(fashion.train.images.mean(dim=0), x) for k, x in unseen.items()},
    )
    study.note(
        "PCA-16, never seen",
        **{k: error(pca.rebuild(x, 16), x) for k, x in unseen.items()},
    )
    study.note(
        "PCA-16 clipped, never seen",
        **{k: error(pca.rebuild(x, 16).clamp(0, 1), x) for k, x in unseen.items()},
    )
    study.run(
        "16-number code, never seen",
        lambda seed: {
            k: error(rebuild(models[study.seeds.index(seed)], x, -1), x)
            for k, x in unseen.items()
        },
    )
    some = torch.cat([x[:2] for x in unseen.values()])
    study.picture(
        "never seen",
        {
            "shown": some,
            "PCA-16": pca.rebuild(some, 16).clamp(0, 1),
            "16-number code": rebuild(models[0], some, -1).clamp(0, 1),
        },
    )
    study.table(
        "never seen",
        {
            "mean image, never seen": "mean image",
            "PCA-16, never seen": "PCA-16",
            "PCA-16 clipped, never seen": "PCA-16, clipped to [0, 1]",
            "16-number code, never seen": "16-number code",
        },
        list(unseen),
    )


def never_seen() -> dict[str, Tensor]:
    """Shoes as they are, and four kinds of pictures that no training set held."""
    kinds = torch.tensor(
        [fashion.classes.index(c) for c in ("Sandal", "Sneaker", "Ankle boot")],
        device=study.device,
    )
    shoes = fashion.test.images[torch.isin(fashion.test.labels, kinds)]
    across = torch.linspace(0, 1, SHAPE[2], device=study.device).expand(1, *SHAPE)
    generator = torch.Generator().manual_seed(0)
    noise = torch.rand(len(shoes), *SHAPE, generator=generator).to(study.device)
    return {
        "shoes": shoes,
        "upside down": shoes.flip(2),
        "digits": digits.test.images,
        "ramp": torch.cat([across, across.transpose(2, 3)]),
        "noise": noise,
    }


def range_and_start() -> None:
    """Range of the pixels x start, each at three learning rates, 8 epochs."""
    rates = (1e-3, 4e-3, 8e-3)
    for low, at_mean, lr in product((0, -1), (False, True), rates):
        start = "mean image" if at_mean else "PyTorch"
        train(
            f"[{low}, 1], start: {start}, rate {lr:g}",
            systems.s0_fc,
            fashion,
            low,
            at_mean=at_mean,
            n_epochs=8,
            lr=lr,
        )
    for lr in rates:
        study.table(
            f"range and start, rate {lr:g}",
            {
                "PCA-16, garments": "PCA-16",
                f"[0, 1], start: PyTorch, rate {lr:g}": "[0, 1], PyTorch's start",
                f"[0, 1], start: mean image, rate {lr:g}": "[0, 1], our start",
                f"[-1, 1], start: PyTorch, rate {lr:g}": "[−1, 1], PyTorch's start",
                f"[-1, 1], start: mean image, rate {lr:g}": "[−1, 1], our start",
            },
            ["MSE"],
        )


def start_with(*, small: bool, mean: bool) -> Callable[[], nn.Module]:
    """Our start, with or without the small last layer and the mean image."""

    def build() -> nn.Module:
        image = in_range(fashion.train.images, -1).mean(dim=0).cpu()
        model = initialise_at_mean(systems.s0_fc(), image)
        last = [m for m in model.modules() if isinstance(m, nn.Linear)][-1]
        with torch.no_grad():
            if not small:
                last.weight.mul_(10)  # as large as all the others
            if not mean:
                last.bias.zero_()
        return model

    return build


def parts_of_the_start() -> None:
    """Size of the last layer x mean image, on weights of variance 2/n; 8 epochs."""
    for small, mean in ((False, False), (False, True), (True, False)):
        train(
            f"start: small last layer {small}, mean image {mean}",
            start_with(small=small, mean=mean),
            fashion,
            -1,
            at_mean=False,
            n_epochs=8,
            lr=4e-3,
        )
    study.table(
        "parts of the start",
        {
            "PCA-16, garments": "PCA-16",
            "[-1, 1], start: PyTorch, rate 0.004": "PyTorch's start",
            "start: small last layer False, mean image False": "variance 2/n",
            "start: small last layer False, mean image True": "2/n, mean image",
            "start: small last layer True, mean image False": "2/n, small last layer",
            "[-1, 1], start: mean image, rate 0.004": "all three: our start",
        },
        ["MSE"],
    )


def input_and_output() -> None:
    """Which of the two is it that wants [-1, 1]? From PyTorch's start, 8 epochs."""
    x, test = fashion.train.images, fashion.test.images
    rows = {"PCA-16, garments": "PCA-16"}
    for low_in, low_out in product((0, -1), (0, -1)):

        def predict(model: nn.Module, batch: Tensor, ends=(low_in, low_out)) -> Tensor:
            """Pixels in [0, 1] through a network with these two ranges."""
            return (model(in_range(batch, ends[0])) - ends[1]) / (1 - ends[1])

        def objective(model: nn.Module, batch: Tensor, predict=predict):
            sse = (predict(model, batch) - batch).square().flatten(1).sum(dim=1)
            return {"loss": sse.mean()}

        row = f"input [{low_in}, 1], output [{low_out}, 1]"
        study.train(
            row,
            systems.s0_fc,
            objective,
            lambda seed: Batches(x, 128),
            measure=lambda model, predict=predict: {
                "MSE": error(predict(model, test), test)
            },
            epochs=epochs(8),
            lr=4e-3,
        )
        rows[row] = row
    study.table("input and output", rows, ["MSE"])


def linear_network() -> nn.Module:
    """The layers of the 16-number code without any activation, at a start that fits."""
    sizes = (784, 128, 64, 32, 16, 32, 64, 128, 784)
    layers = [nn.Linear(a, b) for a, b in pairwise(sizes)]
    for layer in layers:
        nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
        nn.init.zeros_(layer.bias)
    return nn.Sequential(nn.Flatten(), *layers, nn.Unflatten(1, SHAPE))


def without_activations() -> None:
    """What the bend is worth: the same layers, straight."""
    for lr in (5e-4, 1e-3, 2e-3):
        row = f"no activation, rate {lr:g}"
        train(row, linear_network, fashion, -1, at_mean=False, n_epochs=8, lr=lr)


def dead(low: float) -> Callable[[nn.Module], dict[str, float]]:
    """Units of the code with one value for all test digits."""

    def count(model: nn.Module) -> dict[str, float]:
        codes = model.encode(in_range(digits.test.images, low))
        return {"dead units": metrics.dead_units(codes)}

    return count


def activation_of_the_code() -> None:
    """ReLU or nothing on the code x start, for two networks; the wrong range."""
    twenty = {"ReLU": systems.s3_ae, "linear": systems.s3_ae_repaired}
    for (code, build), at_mean in product(twenty.items(), (False, True)):
        start = "mean image" if at_mean else "PyTorch"
        row = f"20-number code, {code}, start: {start}"
        train(
            row,
            build,
            digits,
            0,
            at_mean=at_mean,
            n_epochs=10,
            lr=4e-3,
            more=dead(0),
        )
    keras = {"ReLU": systems.s2_keras, "linear": systems.s2_keras_repaired}
    for (code, build), start in product(keras.items(), ("PyTorch", "Keras")):
        train(
            f"Keras recipe, {code}, start: {start}",
            build
            if start == "PyTorch"
            else lambda b=build: systems.keras_initialise(b()),
            digits,
            0,
            at_mean=False,
            n_epochs=10,
            batch_size=256,
            optimizer=lambda m: torch.optim.Adam(m.parameters(), lr=1e-3, eps=1e-7),
            schedule="constant",
            more=dead(0),
        )
    for low in (0, -1):
        train(
            f"one hidden layer, pixels in [{low}, 1]",
            systems.s2_mlp,
            digits,
            low,
            at_mean=False,
            n_epochs=10,
            lr=1e-3,
        )
    study.table(
        "activation",
        {
            "PCA-20, digits": "PCA-20",
            "20-number code, ReLU, start: PyTorch": "ReLU, PyTorch's start",
            "20-number code, linear, start: PyTorch": "linear, PyTorch's start",
            "20-number code, ReLU, start: mean image": "ReLU, our start",
            "20-number code, linear, start: mean image": "linear, our start",
        },
        ["MSE", "dead units"],
    )
    study.table(
        "Keras recipe",
        {
            "PCA-32, digits": "PCA-32",
            "Keras recipe, ReLU, start: PyTorch": "ReLU, PyTorch's start",
            "Keras recipe, linear, start: PyTorch": "linear, PyTorch's start",
            "Keras recipe, ReLU, start: Keras": "ReLU, Keras' start",
            "Keras recipe, linear, start: Keras": "linear, Keras' start",
        },
        ["MSE", "dead units"],
    )


def sweep_network(latent_dim: int) -> Autoencoder:
    """784-256-128-D and back, Sigmoid."""
    encoder = MLPEncoder(SHAPE, [256, 128], latent_dim)
    decoder = MLPDecoder(latent_dim, [128, 256], SHAPE)
    return Autoencoder(encoder, nn.Sequential(decoder, nn.Sigmoid()))


def size_of_the_code() -> None:
    """From 2 to 64 numbers; the two-number code is drawn."""
    sizes = (2, 4, 8, 16, 32, 64)
    trained = {
        size: train(
            f"{size} numbers",
            lambda size=size: sweep_network(size),
            fashion,
            0,
            n_epochs=8,
            lr=4e-3,
            seeds=study.seeds[:2],
        )
        for size in sizes
    }
    with torch.no_grad():
        codes = trained[2][0].encode(fashion.test.images[:1000])  # (1000, 2)
        low, high = (codes.quantile(q, dim=0) for q in (0.05, 0.95))
        steps = torch.linspace(0, 1, 11, device=study.device)
        across = torch.cartesian_prod(1 - steps, steps).flip(1)  # top row: largest z_2
        grid = trained[2][0].decode(low + across * (high - low))
    study.curve("two numbers", {"code": codes, "label": fashion.test.labels[:1000]})
    study.curve("corners of the grid", {"low": low, "high": high})
    study.picture("two numbers", {"grid": grid.clamp(0, 1)})


def deep_network() -> Autoencoder:
    """784-1000-500-250-30 and back, Sigmoid: Hinton and Salakhutdinov's sizes."""
    encoder = MLPEncoder(SHAPE, [1000, 500, 250], 30)
    decoder = MLPDecoder(30, [250, 500, 1000], SHAPE)
    return Autoencoder(encoder, nn.Sequential(decoder, nn.Sigmoid()))


def landmark() -> None:
    """The deep autoencoder of 2006 without its pre-training."""

    def squared_error(model: nn.Module) -> dict[str, float]:
        return {
            "SSE": metrics.sse(model(digits.test.images), digits.test.images).mean()
        }

    train(
        "784-1000-500-250-30",
        deep_network,
        digits,
        0,
        n_epochs=30,
        lr=2e-3,
        more=squared_error,
    )
    study.table(
        "landmark",
        {"PCA-30, digits": "PCA-30", "784-1000-500-250-30": "784-1000-500-250-30"},
        ["SSE"],
    )


def three_numbers(pca: PCA) -> None:
    """A code that can be drawn: its error, and what it tells of the labels."""

    def accuracy(codes_of: Callable[[Tensor], Tensor]) -> float:
        train_codes, codes = codes_of(digits.train.images), codes_of(digits.test.images)
        probe = metrics.fit_probe(train_codes, digits.train.labels)
        return 100 * probe.accuracy(codes, digits.test.labels).knn

    def of_network(model: nn.Module) -> dict[str, float]:
        return {"5-NN": accuracy(lambda x: model.encode(in_range(x, -1)))}

    train(
        "three-number code",
        systems.s1_fc,
        digits,
        -1,
        n_epochs=20,
        lr=4e-3,
        more=of_network,
        keep=True,
    )
    study.note("PCA-3, codes", **{"5-NN": accuracy(lambda x: pca.codes(x, 3))})


def main() -> None:
    pca = baselines()
    landmark()  # the longest runs first: the processes then end together
    sixteen_numbers(pca["garments"])
    three_numbers(pca["digits"])
    activation_of_the_code()
    size_of_the_code()
    range_and_start()
    parts_of_the_start()
    input_and_output()
    without_activations()
    print(study.save())


main()
