"""Evidence of chapter 03: what convolution buys, and where a decoder's grid comes from.

    make evidence CHAPTER=03_convolutional_autoencoder

All errors are means over test images of the squared error per pixel, pixels in [0, 1].
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

from aelib import data, systems
from aelib.data import Batches, ImageData, Split
from aelib.initialise import initialise_at_mean
from aelib.lab import Study
from aelib.linear import PCA
from aelib.models import Autoencoder

study = Study(
    "03_convolutional_autoencoder",
    seeds=[0, 1, 2],
    columns={
        "MSE": "",
        "digits": "",
        "garments": "",
        "digits, moved": "",  # the test images, two pixels to the right
        "garments, moved": "",
        "digits, shuffled": "",  # one order of the pixels, the same for all images
        "parameters": "",
        # What one code at all places paints: root mean square about its own mean
        "grid": "",
        "fine grid": "",  # of that, the periods of three pixels and less
        "transpose": "",  # relative errors of what is got back from C x
        "pseudo-inverse": "",
    },
)
CODE, N_HIDDEN = 32, 72  # 72 makes the connected network as large as the other
N_WIDE = 256
N_MOVED = 2
RATE, PASSES = 6e-3, 4


def load(loader: Callable[..., ImageData]) -> ImageData:
    """All images; at smoke scale a few of the embedded ones."""
    sets = loader(profile=study.pick(smoke="fast", full="full"))
    few = study.pick(smoke=500, full=len(sets.train.images))
    train, test = (
        Split(*(t[:few] for t in split)) for split in (sets.train, sets.test)
    )
    return sets._replace(train=train, test=test).to(study.device)


def shuffled(images: Tensor) -> Tensor:
    """Images with all pixels in another order, which is the same for all."""
    order = torch.randperm(784, generator=torch.Generator().manual_seed(0))
    return images.flatten(1)[:, order.to(images.device)].reshape(images.shape)


def moved(images: Tensor) -> Tensor:
    """Images two pixels further right, black on the left."""
    return pad(images, (N_MOVED, -N_MOVED))


digits, garments = load(data.mnist), load(data.fashion_mnist)
train_images = {
    "digits": digits.train.images,
    "garments": garments.train.images,
    "digits, shuffled": shuffled(digits.train.images),
}
test_images = {
    "digits": digits.test.images,
    "garments": garments.test.images,
    "digits, moved": moved(digits.test.images),
    "garments, moved": moved(garments.test.images),
    "digits, shuffled": shuffled(digits.test.images),
}


@torch.no_grad()
def error(rebuild: Callable[[Tensor], Tensor], images: Tensor) -> float:
    return (rebuild(images) - images).square().mean().item()


def n_parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


# The networks of the page: pixels in [0, 1], a code of 32 numbers ---------------------


def conv_encoder() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 16, 4, stride=2, padding=1),  # 28 -> 14
        nn.ReLU(),
        nn.Conv2d(16, 32, 4, stride=2, padding=1),  # 14 -> 7
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, CODE),
    )


def conv_decoder(kernel: int = 4) -> nn.Sequential:
    """Kernels of 4; or of 3, which need output_padding."""
    twice = {"stride": 2, "padding": 1, "output_padding": 4 - kernel}
    return nn.Sequential(
        nn.Linear(CODE, 32 * 7 * 7),
        nn.ReLU(),
        nn.Unflatten(1, (32, 7, 7)),
        nn.ConvTranspose2d(32, 16, kernel, **twice),  # 7 -> 14
        nn.ReLU(),
        nn.ConvTranspose2d(16, 1, kernel, **twice),  # 14 -> 28
    )


def connected_encoder(n_hidden: int = N_HIDDEN) -> nn.Sequential:
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, n_hidden), nn.ReLU(), nn.Linear(n_hidden, CODE)
    )


def connected_decoder(n_hidden: int = N_HIDDEN) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(CODE, n_hidden),
        nn.ReLU(),
        nn.Linear(n_hidden, 784),
        nn.Unflatten(1, (1, 28, 28)),
    )


def convolutional() -> Autoencoder:
    return Autoencoder(conv_encoder(), conv_decoder())


def connected(n_hidden: int = N_HIDDEN) -> Autoencoder:
    return Autoencoder(connected_encoder(n_hidden), connected_decoder(n_hidden))


def objective(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    return {"loss": (model(x) - x).square().flatten(1).sum(dim=1).mean()}


def fit(
    row: str,
    build: Callable[[], nn.Module],
    of: str,
    *,
    passes: int = PASSES,
    lr: float = RATE,
    **more,
) -> Sequence[nn.Module]:
    """Train a network of the page on images by name."""
    x = train_images[of].contiguous(memory_format=torch.channels_last)
    return study.train(
        f"{row}, {of}",
        lambda: build().to(memory_format=torch.channels_last),
        objective,
        lambda seed: Batches(x, 128),
        measure=lambda model: {"MSE": error(model, test_images[of])},
        epochs=study.pick(smoke=1, full=passes),
        lr=lr,
        **more,
    )


def does_it_help() -> dict[str, Sequence[nn.Module]]:
    """Convolutional against connected of equal size, on three sets of images."""
    of_digits = {}
    for row, build, passes in (
        ("connected", connected, PASSES),
        ("connected, ten times as long", connected, 10 * PASSES),
        ("convolutional", convolutional, PASSES),
    ):
        keep = row == "convolutional"
        models = {
            of: fit(row, build, of, passes=passes, keep=keep and of == "digits")
            for of in train_images
        }
        study.run(row, lambda seed, m=models: all_errors(m, study.seeds.index(seed)))
        of_digits[row] = models["digits"]
    for row, how in {
        "connected, half the rate": {"lr": RATE / 2},
        "connected, twice the rate": {"lr": 2 * RATE},
        "connected, from the mean image": {"build": connected_at_mean},
    }.items():
        fit(row, how.pop("build", connected), "digits", **how)
    return of_digits


def a_few_seconds() -> Sequence[nn.Module]:
    """The network as the page trains it: three passes over the embedded digits."""
    x = data.mnist(profile="fast").train.images.to(study.device)
    return study.train(
        "convolutional, a few seconds, digits",
        convolutional,
        objective,
        lambda seed: Batches(x, 32),
        measure=lambda model: {"MSE": error(model, test_images["digits"])},
        epochs=study.pick(smoke=1, full=3),
        lr=3e-3,
    )


def connected_at_mean() -> Autoencoder:
    return initialise_at_mean(connected(), digits.train.images.mean(dim=0).cpu())


def all_errors(models: dict[str, Sequence[nn.Module]], seed: int) -> dict[str, float]:
    found = {"parameters": n_parameters(models["digits"][seed])}
    for column, images in test_images.items():
        of = column.removesuffix(", moved")
        found[column] = error(models[of][seed], images)
    return found


def wider() -> None:
    """Connected networks whose last layer spans more than 72 dimensions."""
    spanned = {}  # no network that ends in N_HIDDEN units has less on its own images
    for of in ("digits", "garments"):
        pca = PCA.fit(train_images[of])
        spanned[of] = error(lambda x, p=pca: p.rebuild(x, N_HIDDEN), test_images[of])
    study.note(f"PCA-{N_HIDDEN}", **spanned)
    for row, passes in (("wide", PASSES), ("wide, ten times as long", 10 * PASSES)):
        models = fit(
            f"connected, {row}",
            lambda: connected(N_WIDE),
            "digits",
            passes=passes,
            lr=RATE / 4,
        )
        study.run(
            row,
            lambda seed, m=models: {
                "digits": error(m[study.seeds.index(seed)], test_images["digits"]),
                "parameters": n_parameters(m[study.seeds.index(seed)]),
            },
        )
    fit(
        "convolutional encoder, wide decoder",
        lambda: Autoencoder(conv_encoder(), connected_decoder(N_WIDE)),
        "digits",
        lr=RATE / 2,
    )
    # the same rate, so that encoder and rate are not changed at once
    fit(
        "connected, wide, twice the rate",
        lambda: connected(N_WIDE),
        "digits",
        lr=RATE / 2,
    )


def which_half() -> None:
    """Convolutions in the encoder x in the decoder."""
    halves = {
        "convolutional encoder alone": (conv_encoder, connected_decoder),
        "convolutional decoder alone": (connected_encoder, conv_decoder),
    }
    for row, (encoder, decoder) in halves.items():
        fit(row, lambda e=encoder, d=decoder: Autoencoder(e(), d()), "digits")


def baselines() -> None:
    """The mean image, and PCA with as many numbers as the code has."""
    pca = {name: PCA.fit(x) for name, x in train_images.items()}
    rows: dict[str, dict[str, float]] = {"mean image": {}, f"PCA-{CODE}": {}}
    for column, images in test_images.items():
        own = pca[column.removesuffix(", moved")]
        rows["mean image"][column] = error(lambda x, p=own: p.mean, images)
        rows[f"PCA-{CODE}"][column] = error(lambda x, p=own: p.rebuild(x, CODE), images)
    for row, values in rows.items():
        study.note(row, **values)
    study.note(f"PCA-{CODE}, digits", MSE=rows[f"PCA-{CODE}"]["digits"])
    study.note("mean image, digits", MSE=rows["mean image"]["digits"])


# A tutorial's small network, kernels x code: pixels in [-1, 1], Tanh ------------------


def small_encoder(*, relu: bool, pool: bool) -> nn.Sequential:
    """To 8 numbers at 2 x 2 places; as published with both, repaired with neither."""
    layers = list((systems.s1_conv() if pool else systems.s1_conv_repaired()).encoder)
    layers = [m for m in layers[:4] if not isinstance(m, nn.Flatten)]
    if relu:
        layers.append(nn.ReLU())
    if pool:
        layers.append(nn.MaxPool2d(2, stride=1))  # 3 -> 2
    return nn.Sequential(*layers, nn.Flatten())


def resizing_decoder() -> nn.Sequential:
    """Repeats pixels, then convolves with stride 1."""
    return nn.Sequential(
        nn.Unflatten(1, (8, 2, 2)),
        nn.Upsample(scale_factor=2.0),  # 2 -> 4
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.Upsample(scale_factor=3.5),  # 4 -> 14
        nn.Conv2d(16, 8, 3, padding=1),
        nn.ReLU(),
        nn.Upsample(scale_factor=2.0),  # 14 -> 28
        nn.Conv2d(8, 1, 3, padding=1),
        nn.Tanh(),
    )


small_decoders = {
    "uneven": lambda: systems.s1_conv().decoder,
    "even": lambda: systems.s1_conv_repaired().decoder,
    "resizing": resizing_decoder,
}
PERIODS = {"uneven": 12, "even": 16, "resizing": 14, "plain": 4}  # of the strides


def fit_small(row: str, kernels: str, *, relu: bool, pool: bool) -> Sequence[nn.Module]:
    x = 2 * train_images["digits"] - 1
    x = x.contiguous(memory_format=torch.channels_last)
    mean = x.mean(dim=0).cpu()

    def build() -> nn.Module:
        encoder = small_encoder(relu=relu, pool=pool)
        model = Autoencoder(encoder, small_decoders[kernels]())
        model = initialise_at_mean(model, mean)
        return model.to(memory_format=torch.channels_last)

    return study.train(
        row,
        build,
        objective,
        lambda seed: Batches(x, 128),
        measure=lambda model: {
            "MSE": error(in_unit_range(model), test_images["digits"]),
            "parameters": n_parameters(model),
        },
        epochs=study.pick(smoke=1, full=PASSES),
        lr=2e-2,
        keep=True,
    )


def small_with_grid(model: nn.Module, period: int) -> dict[str, float]:
    return {
        "MSE": error(in_unit_range(model), test_images["digits"]),
        **grid_of(lambda: small_constants(model), period),
    }


def in_unit_range(model: nn.Module) -> Callable[[Tensor], Tensor]:
    """Images in [0, 1] through a network that works in [-1, 1]."""
    return lambda images: (model(2 * images - 1) + 1) / 2


def kernels_and_code() -> dict[str, Sequence[nn.Module]]:
    """Kernels x code, crossed; then what of the code matters; then resizing."""
    codes = {
        "ReLU and pooling": {"relu": True, "pool": True},
        "linear": {"relu": False, "pool": False},
        "pooling alone": {"relu": False, "pool": True},
        "ReLU alone": {"relu": True, "pool": False},
    }
    cells = [(k, c) for c in list(codes)[:2] for k in ("uneven", "even")]
    cells += [("even", "pooling alone"), ("even", "ReLU alone"), ("resizing", "linear")]
    trained = {}
    for kernels, code in cells:
        row = f"{kernels} kernels, code: {code}"
        trained[row] = fit_small(row, kernels, **codes[code])
        study.run(
            f"grid, {row}",
            lambda seed, m=trained[row], k=kernels: small_with_grid(
                m[study.seeds.index(seed)], PERIODS[k]
            ),
        )
    study.table(
        "kernels and code",
        {
            "mean image, digits": "mean image",
            "PCA-32, digits": "PCA-32",
            "grid, uneven kernels, code: ReLU and pooling": "uneven, ReLU and pooling",
            "grid, even kernels, code: ReLU and pooling": "even, ReLU and pooling",
            "grid, uneven kernels, code: linear": "uneven, linear",
            "grid, even kernels, code: linear": "even, linear",
            "grid, resizing kernels, code: linear": "resizing, linear",
        },
        ["MSE", "grid", "fine grid"],
    )
    study.table(
        "what of the code",
        {
            f"even kernels, code: {code}": code
            for code in ("ReLU and pooling", "ReLU alone", "pooling alone", "linear")
        },
        ["MSE"],
    )
    return trained


# What one code everywhere paints ------------------------------------------------------

# Codes that are tried, places of a code each way, periods that are measured
N_CODES, N_PLACES, N_PERIODS = 32, 12, 3


@torch.no_grad()
def small_constants(model: nn.Module) -> Tensor:
    """Codes of some test images at one place each, laid everywhere and decoded."""
    codes = model.encode(2 * digits.test.images[:N_CODES] - 1).reshape(-1, 8, 4)
    place = torch.arange(len(codes), device=codes.device) % 4
    codes = codes[torch.arange(len(codes), device=codes.device), :, place]
    return (painted(model.decoder[1:], codes) + 1) / 2


@torch.no_grad()
def plain_constants(model: nn.Module) -> Tensor:
    """The same for a network of the page: its 7 x 7 places, one of them everywhere."""
    layers = model.decoder
    maps = layers[:3](model.encode(digits.test.images[:N_CODES])).flatten(
        2
    )  # (M, 32, 49)
    place = torch.arange(len(maps), device=maps.device) % 49
    chosen = maps[torch.arange(len(maps), device=maps.device), :, place]
    return painted(layers[3:], chosen)


def painted(layers: nn.Sequential, codes: Tensor) -> Tensor:
    """(M, C) -> (M, 1, H, W), in float64: one code at all places."""
    everywhere = codes.double()[:, :, None, None].expand(-1, -1, N_PLACES, N_PLACES)
    try:
        return layers.double()(everywhere)
    finally:
        layers.float()


def grid_of(constants: Callable[[], Tensor], period: int) -> dict[str, float]:
    """How far pixels are from their mean, away from the border: all, and fine."""
    images = middle(constants(), period)
    waves = torch.fft.fft2(
        images - images.mean(dim=(2, 3), keepdim=True), norm="forward"
    )
    power = waves.abs().square()  # sums up to the variance
    cycles = torch.fft.fftfreq(images.shape[2], device=images.device).abs()
    fine = torch.maximum(cycles[:, None], cycles) > 1 / 3 - 1e-6  # cycles a pixel
    return {
        "grid": power.sum(dim=(1, 2, 3)).mean().sqrt().item(),
        "fine grid": (power * fine).sum(dim=(1, 2, 3)).mean().sqrt().item(),
    }


def middle(images: Tensor, period: int, n_periods: int = N_PERIODS) -> Tensor:
    side = n_periods * period
    start = (images.shape[2] - side) // 2
    return images[:, :, start : start + side, start : start + side]


def common_kernel(plain: Sequence[nn.Module]) -> Sequence[nn.Module]:
    """The page's network, and the same with decoder kernels of 3."""
    three = fit(
        "convolutional, kernels of 3",
        lambda: Autoencoder(conv_encoder(), conv_decoder(3)),
        "digits",
        keep=True,
    )
    for row, models in (("kernels of 4", plain), ("kernels of 3", three)):
        study.run(
            f"grid, {row}",
            lambda seed, m=models: {
                "MSE": error(m[study.seeds.index(seed)], test_images["digits"]),
                **grid_of(
                    lambda: plain_constants(m[study.seeds.index(seed)]),
                    PERIODS["plain"],
                ),
            },
        )
    study.table(
        "kernels of 3 and 4",
        {
            "PCA-32, digits": "PCA-32",
            "grid, kernels of 3": "kernels of 3",
            "grid, kernels of 4": "kernels of 4",
        },
        ["MSE", "fine grid"],
    )
    return three


# What a convolution loses -------------------------------------------------------------


def matrix_of(kernel: Tensor) -> Tensor:
    """C (196, 784), of a kernel (4, 4) with stride 2 and padding 1."""
    basis = torch.eye(784, dtype=kernel.dtype).reshape(-1, 1, 28, 28)
    columns = conv2d(basis, kernel[None, None], stride=2, padding=1)
    return columns.flatten(1).T


def relative_error(guess: Tensor, truth: Tensor) -> float:
    """Of the guess at its best scale."""
    scale = (guess * truth).sum() / guess.square().sum()
    return ((scale * guess - truth).norm() / truth.norm()).item()


def lost(kernel: Tensor) -> dict[str, float]:
    c = matrix_of(kernel.double())
    x = garments.test.images[:100].cpu().double().flatten(1)  # images are rows
    y = x @ c.T
    return {
        "transpose": relative_error(y @ c, x),
        "pseudo-inverse": relative_error(y @ c.pinverse().T, x),
    }


def what_is_lost() -> None:
    tent = torch.tensor([1.0, 3.0, 3.0, 1.0])
    means = torch.zeros(4, 4)
    means[1:3, 1:3] = 1
    study.note("kernel: all ones", **lost(torch.ones(4, 4)))
    study.note("kernel: 1, 3, 3, 1 each way", **lost(tent[:, None] * tent))
    study.note("kernel: means of 2 x 2", **lost(means))
    x = garments.test.images[:100].cpu().double()
    best = PCA.fit(garments.train.images).rebuild(x, 196)
    study.note("the best 196 numbers", **{"pseudo-inverse": relative_error(best, x)})
    study.run("kernel: random", lambda seed: lost(torch.randn(4, 4)), seeds=range(5))


def pictures(
    networks: dict[str, Sequence[nn.Module]],
    three: Sequence[nn.Module],
    brief: Sequence[nn.Module],
    small: dict[str, Sequence[nn.Module]],
) -> None:
    labels, images = digits.test.labels, digits.test.images
    first = [int((labels == c).nonzero()[0]) for c in range(10)]
    shown = images[first]
    pca = PCA.fit(digits.train.images)
    few = ["even kernels, code: linear", "uneven kernels, code: ReLU and pooling"]
    with torch.no_grad():
        study.picture(
            "digits",
            {
                "digits": shown,
                f"PCA-{CODE}": pca.rebuild(shown, CODE).clamp(0, 1),
                "after a few seconds": brief[0](shown).clamp(0, 1),
                "connected": networks["connected"][0](shown).clamp(0, 1),
                "convolutional": networks["convolutional"][0](shown).clamp(0, 1),
                **{row: in_unit_range(small[row][0])(shown) for row in few},
            },
        )
    fields = {
        row: middle(small_constants(models[0]), PERIODS[row.split()[0]])[:6]
        for row, models in small.items()
    }
    fields |= {
        row: middle(plain_constants(models[0]), 4, 10)[:6].clamp(0, 1)
        for row, models in {
            "kernels of 4": networks["convolutional"],
            "kernels of 3": three,
        }.items()
    }
    for row, field in fields.items():
        study.picture(f"one code everywhere: {row}", {row: field.float()})


def tables() -> None:
    rivals = {
        "mean image": "mean image",
        f"PCA-{CODE}": f"PCA-{CODE}",
        "connected": "connected",
        "connected, ten times as long": "connected, ten times as long",
        "convolutional": "convolutional",
    }
    rows = list(rivals.items())
    wide = ("wide, ten times as long", "connected, wide, ten times as long")
    with_wide = dict([*rows[:-1], wide, rows[-1]])
    study.table("does it help", with_wide, ["digits", "garments"])
    study.table(
        "halves",
        {
            "PCA-32, digits": "PCA-32",
            "connected, digits": "neither",
            "convolutional encoder alone, digits": "encoder",
            "connected, wide, twice the rate, digits": "neither, wide",
            "convolutional encoder, wide decoder, digits": "encoder, wide decoder",
            "convolutional decoder alone, digits": "decoder",
            "convolutional, digits": "both",
        },
        ["MSE"],
    )
    study.table("moved", rivals, ["digits", "digits, moved"])
    study.table("shuffled", rivals, ["digits", "digits, shuffled"])


def main() -> None:
    baselines()
    brief = a_few_seconds()
    networks = does_it_help()
    small = kernels_and_code()
    three = common_kernel(networks["convolutional"])
    wider()
    which_half()
    what_is_lost()
    tables()
    pictures(networks, three, brief, small)
    print(study.save())


main()
