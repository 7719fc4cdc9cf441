"""Evidence of chapter 09: what the price on the code buys, and what it does not.

    make evidence CHAPTER=09_variational_autoencoder

Errors are squared errors summed over an image, pixels in [0, 1], in the mean over test
images; rates are in nats an image. FFD compares 10,000 decoded codes with the test
images, in the features of our classifier; the energy distance compares a third of them,
pixel by pixel.
"""

import math
from collections.abc import Callable, Sequence

import torch
from sklearn.mixture import GaussianMixture
from torch import Tensor, nn
from torch.func import jacfwd, vmap

from aelib import data, features, losses, metrics, systems
from aelib.data import Batches, ImageData, Split
from aelib.lab import Study
from aelib.linear import PCA
from aelib.models import VAE, Autoencoder, MLPDecoder, MLPEncoder

KINDS = ("standard Gaussian", "fitted Gaussian", "mixture of ten")  # of densities
WIDE = ("around zero", "around their mean")  # draws as wide as a network's codes
study = Study(
    "09_variational_autoencoder",
    seeds=[0, 1, 2],
    columns={
        "error": "",  # of the decoded mean
        "error of a draw": "",
        "rate": "nats",
        "active": "",
        "dead means": "",
        "-ELBO": "nats",
        "noise variance": "",
        "FFD": "",
        "energy": "",  # distance of pixels, not of features
        **dict.fromkeys([*KINDS, *WIDE], "FFD"),
        **{f"{name}, pixels": "energy" for name in (*KINDS, *WIDE)},
        **{f"{name}, gain": "nats" for name in KINDS[1:]},
        "largest spread": "",  # standard deviation of a unit's draws over all images
        "smallest spread": "",
        "widest cloud": "",  # the largest of the units' mean standard deviations
        "narrowest cloud": "",
        "smallest sigma": "",
        "correlation": "",
        "within units": "",
        "one constant per unit": "",
        "R2 within units": "",
    },
)
SHAPE, SIZE, N_PIXELS = (1, 28, 28), 10, 784
VARIANCES = {  # of the noise -> the line of code that implies it
    392: "MSE + KL",
    39.2: "MSE + 0.1 KL",
    3.92: "MSE + 0.01 KL",
    0.5: "SSE + KL",
    0.1: "SSE + 0.2 KL",
    0.03: "SSE + 0.06 KL",
    0.0125: "SSE + 0.025 KL",
    0.006: "SSE + 0.012 KL",
}


def load() -> ImageData:
    """All images; at smoke scale a few of the embedded ones."""
    sets = data.fashion_mnist(profile=study.pick(smoke="fast", full="full"))
    few = study.pick(smoke=300, full=len(sets.train.images))
    train, test = (
        Split(*(t[:few] for t in split)) for split in (sets.train, sets.test)
    )
    return sets._replace(train=train, test=test).to(study.device)


fashion = load()
x_train, x_test = fashion.train.images, fashion.test.images
n_samples = len(x_test)
judge = features.load("fashion_mnist").to(study.device)
real = judge.features(x_test)
emoji = data.emoji().to(study.device)


def ffd(images: Tensor) -> float:
    return metrics.frechet_distance(judge.features(images.clamp(0, 1)), real)


def energy(images: Tensor) -> float:
    """Energy distance to the test images: 2 E|x - y| - E|x - x'| - E|y - y'|."""
    # every third, since draws of a mixture come part by part
    some, others = (x[::3].flatten(1).cpu() for x in (images, x_test))
    within = [torch.pdist(x).mean() for x in (some, others)]
    return (2 * torch.cdist(some, others).mean() - sum(within)).item()


def judged(images: Tensor, name: str) -> dict[str, float]:
    """A set of draws by both measures, under the columns of that name."""
    return {name: ffd(images), f"{name}, pixels": energy(images)}


def sse(x_hat: Tensor, x: Tensor) -> float:
    return metrics.sse(x_hat, x).mean().item()


# --- networks: 784-256-64-D and back, Sigmoid, as PyTorch starts them ---


def decoder(size: int) -> nn.Module:
    return nn.Sequential(MLPDecoder(size, [64, 256], SHAPE), nn.Sigmoid())


def vae(size: int = SIZE) -> VAE:
    return VAE(MLPEncoder(SHAPE, [256, 64], 2 * size), decoder(size))


def autoencoder(size: int = SIZE) -> Autoencoder:
    return Autoencoder(MLPEncoder(SHAPE, [256, 64], size), decoder(size))


def linear_sigma() -> systems.SigmaVAE:
    """The network as found without the ReLU on its heads."""
    network = vae()
    return systems.SigmaVAE(network.encoder, network.decoder)


def relu_log_var() -> VAE:
    """The repaired network with the ReLU on its heads."""
    network = vae()
    return VAE(nn.Sequential(network.encoder, nn.ReLU()), network.decoder)


# --- objectives, in nats an image up to a constant ---


def terms(
    model: nn.Module, x: Tensor, price: Callable[[Tensor, Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """Squared error and rate of a batch; `price` of the two heads, (B, D) each."""
    x_hat, code = model(x)
    return metrics.sse(x_hat, x).mean(), price(*code).mean()


def stated(noise_variance: float) -> Callable[[nn.Module, Tensor], dict[str, Tensor]]:
    def objective(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
        error, rate = terms(model, x, losses.kl_standard_normal)
        total = error / (2 * noise_variance) + rate
        return {"loss": total, "error": error, "rate": rate}

    return objective


def calibrated(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    error, rate = terms(model, x, losses.kl_standard_normal)
    total = N_PIXELS / 2 * (error / N_PIXELS).log() + rate
    return {"loss": total, "error": error, "rate": rate}


def noise_without_a_price(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """Random codes, and nobody who pays for them."""
    error, rate = terms(model, x, losses.kl_standard_normal)
    return {"loss": error, "error": error, "rate": rate}


def price_without_noise(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """What the means of the clouds would cost, and a code without a cloud."""
    codes = model.encode(x)
    error = metrics.sse(model.decode(codes), x).mean()
    rate = codes.square().sum(dim=1).mean() / 2
    total = N_PIXELS / 2 * (error / N_PIXELS).log() + rate
    return {"loss": total, "error": error, "rate": rate}


def with_sigma_head(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """The loss as found, times 784: noise variance 1/2, and an epsilon in the KL."""

    def price(mean: Tensor, sigma: Tensor) -> Tensor:
        per_unit = mean**2 + sigma**2 - (1e-8 + sigma**2).log() - 1
        return 0.5 * per_unit.sum(dim=1)

    error, rate = terms(model, x, price)
    return {"loss": error + rate, "error": error, "rate": rate}


def plain(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    error = metrics.sse(model(x), x).mean()
    return {"loss": error, "error": error}


# --- what is measured ---


def prior(n: int, size: int = SIZE) -> Tensor:
    return torch.randn(n, size, device=study.device)


def measure_vae(
    noise_variance: float | None,
) -> Callable[[nn.Module], dict[str, float]]:
    """Of a VAE whose heads are mean and log-variance; None: no density is meant."""

    def measure(model: nn.Module) -> dict[str, float]:
        code = model.encode(x_test)
        draws, sigma = code.sample(), (code.log_var / 2).exp().mean(dim=0)
        rate = losses.kl_standard_normal(*code).mean().item()
        drawn = sse(model.decode(draws), x_test)
        found = {
            "error": sse(model.decode(code.mean), x_test),
            "error of a draw": drawn,
            "rate": rate,
            "active": metrics.active_units(code.mean),
            "dead means": metrics.dead_units(code.mean),
            "FFD": ffd(model.decode(prior(n_samples, draws.shape[1]))),
            "largest spread": draws.std(dim=0).max().item(),
            "smallest spread": draws.std(dim=0).min().item(),
            "widest cloud": sigma.max().item(),
            "narrowest cloud": sigma.min().item(),
            "smallest sigma": (code.log_var / 2).exp().min().item(),
        }
        if noise_variance is not None:
            constant = N_PIXELS / 2 * math.log(2 * math.pi * noise_variance)
            found["-ELBO"] = drawn / (2 * noise_variance) + constant + rate
            found["noise variance"] = noise_variance
        return found

    return measure


def measure_calibrated(model: nn.Module) -> dict[str, float]:
    """With the noise variance that fits the training images best."""
    return measure_vae(sse(model(x_train)[0], x_train) / N_PIXELS)(model)


def measure_sigma_head(model: nn.Module) -> dict[str, float]:
    code = model.encode(x_test)
    return {
        "error": sse(model.decode(code.mean), x_test),
        "error of a draw": sse(model.decode(code.sample()), x_test),
        "rate": with_sigma_head(model, x_test)["rate"].item(),
        "active": metrics.active_units(code.mean),
        "dead means": metrics.dead_units(code.mean),
        "FFD": ffd(model.decode(prior(n_samples))),
    }


def measure_plain(model: nn.Module) -> dict[str, float]:
    codes = model.encode(x_test)
    return {
        "error": sse(model.decode(codes), x_test),
        "FFD": ffd(model.decode(prior(n_samples, codes.shape[1]))),
        "largest spread": codes.std(dim=0).max().item(),
        "smallest spread": codes.std(dim=0).min().item(),
    }


def train(
    row: str,
    build: Callable[[], nn.Module],
    objective: Callable[[nn.Module, Tensor], dict[str, Tensor]],
    measure: Callable[[nn.Module], dict[str, float]],
    *,
    n_epochs: int = 20,
    seeds: Sequence[int] | None = None,
    keep: bool = False,
) -> Sequence[nn.Module]:
    """The recipe of every row: batches of 128, a rate of 3e-3 at its peak."""
    return study.train(
        row,
        build,
        objective,
        lambda seed: Batches(x_train, 128),
        measure=measure,
        epochs=study.pick(smoke=1, full=n_epochs),
        lr=3e-3,
        seeds=seeds,
        keep=keep,
    )


# --- the experiments ---


def baselines() -> PCA:
    pca = PCA.fit(x_train)
    study.note("mean image", error=sse(x_train.mean(dim=0).expand_as(x_test), x_test))
    study.note("PCA-10", error=sse(pca.rebuild(x_test, SIZE), x_test))
    study.note("training images", FFD=ffd(x_train[:n_samples]))
    return pca


def from_pca(pca: PCA, codes: Tensor) -> Tensor:
    return pca.mean + torch.einsum("nk,kchw->nchw", codes, pca.axes[:SIZE])


def fitted_gaussian(codes: Tensor, n: int) -> Tensor:
    """n draws of the Gaussian with the codes' mean and covariance."""
    root = torch.linalg.cholesky(codes.T.cov().cpu().double()).float().to(codes.device)
    return codes.mean(dim=0) + prior(n) @ root.T


def fitted_mixture(codes: Tensor, n: int, seed: int) -> Tensor:
    """n draws of ten Gaussians fitted to the codes."""
    mixture = GaussianMixture(10, random_state=seed, reg_covar=1e-4, max_iter=300)
    mixture.fit(codes.cpu().double().numpy())
    draws = torch.as_tensor(mixture.sample(n)[0]).float().to(codes.device)
    return draws


def codes_of(model: nn.Module, x: Tensor) -> Tensor:
    """Codes, or draws of the posteriors: what the decoder was trained on."""
    code = model.encode(x)
    return code if isinstance(code, Tensor) else code.sample()


def samples(pca: PCA, networks: dict[str, Sequence[nn.Module]]) -> None:
    """Codes from three densities, decoded by each network."""

    def found(
        seed: int, codes: Tensor, decode: Callable[[Tensor], Tensor]
    ) -> dict[str, float]:
        draws = {
            "standard Gaussian": prior(n_samples),
            "fitted Gaussian": fitted_gaussian(codes, n_samples),
            "mixture of ten": fitted_mixture(codes, n_samples, seed),
        }
        scores = [judged(decode(z), kind) for kind, z in draws.items()]
        return {name: value for part in scores for name, value in part.items()}

    study.run(
        "samples, PCA-10",
        lambda seed: found(seed, pca.codes(x_train, SIZE), lambda z: from_pca(pca, z)),
    )
    for name, models in networks.items():

        @torch.no_grad()
        def trial(seed: int, models=models) -> dict[str, float]:
            model = models[study.seeds.index(seed)]
            return found(seed, codes_of(model, x_train), model.decode)

        study.run(f"samples, {name}", trial)
    rows = {f"samples, {name}": name for name in ("PCA-10", *networks)}
    shown = [f"{kind}{of}" for of in ("", ", pixels") for kind in KINDS[1:]]
    study.table("samples", rows, shown)
    ideas = {"AE": "neither: autoencoder", "VAE": "both: VAE"}
    crossed = ("AE", "noise alone", "price alone", "VAE")
    study.table(
        "from the prior",
        {f"samples, {name}": ideas.get(name, name) for name in crossed},
        [KINDS[0], f"{KINDS[0]}, pixels"],
    )


def as_wide_as_the_codes(networks: dict[str, Sequence[nn.Module]]) -> None:
    """Draws as wide as the codes, and the codes of test images themselves."""
    for name, models in networks.items():

        @torch.no_grad()
        def draws(seed: int, models=models) -> dict[str, float]:
            model = models[study.seeds.index(seed)]
            codes = codes_of(model, x_train)
            # one standard deviation for all units, that of the codes
            z = codes.var(dim=0).mean().sqrt() * prior(n_samples)
            around_mean = model.decode(codes.mean(dim=0) + z)
            return judged(model.decode(z), WIDE[0]) | judged(around_mean, WIDE[1])

        @torch.no_grad()
        def of_images(seed: int, models=models) -> dict[str, float]:
            model = models[study.seeds.index(seed)]
            images = model.decode(codes_of(model, x_test))
            return {"FFD": ffd(images), "energy": energy(images)}

        study.run(f"equal width, {name}", draws)
        study.run(f"test images, {name}", of_images)
    study.table(
        "equal width",
        {f"equal width, {name}": name for name in networks},
        [f"{where}{of}" for of in ("", ", pixels") for where in WIDE],
    )


STRETCHES = (1.0, 1.6, 2.5, 4.0)


def stretched(models: Sequence[nn.Module]) -> None:
    """Draws of the VAE that lie too far out, by both measures."""
    rows = {}
    for factor in STRETCHES:

        @torch.no_grad()
        def trial(seed: int, factor: float = factor) -> dict[str, float]:
            images = models[study.seeds.index(seed)].decode(factor * prior(n_samples))
            return {"FFD": ffd(images), "energy": energy(images)}

        row = f"VAE, draws times {factor:g}"
        study.run(row, trial)
        rows[row] = f"draws times {factor:g}"
    rows["test images, VAE"] = "codes of test images"
    study.table("stretched", rows, ["FFD", "energy"])


def mismatch(models: Sequence[nn.Module]) -> None:
    """Nats by which a fitted density beats the prior on codes of test images."""

    @torch.no_grad()
    def trial(seed: int) -> dict[str, float]:
        model = models[study.seeds.index(seed)]
        fit = codes_of(model, x_train).cpu().double()
        new = codes_of(model, x_test).cpu().double()
        of_prior = -0.5 * (new.square() + math.log(2 * math.pi)).sum(dim=1).mean()
        found = {}
        for kind, n_parts in zip(KINDS[1:], (1, 10), strict=True):
            mixture = GaussianMixture(n_parts, random_state=seed, reg_covar=1e-4)
            mixture.set_params(max_iter=300).fit(fit.numpy())
            found[f"{kind}, gain"] = mixture.score(new.numpy()) - of_prior.item()
        return found

    study.run("mismatch", trial)


WALKS = {  # from class to class
    "sneaker to boot": (7, 9),
    "trousers to dress": (1, 3),
    "T-shirt to coat": (0, 4),
    "bag to pullover": (8, 2),
}


@torch.no_grad()
def pictures(networks: dict[str, Sequence[nn.Module]]) -> None:
    """Of the first seed: random codes, rebuilt images, samples."""
    ae, priced = networks["AE"][0], networks["VAE"][0]
    z = torch.randn(24, SIZE, generator=torch.Generator().manual_seed(2))
    z = z[:12].to(study.device)
    study.picture(
        "random codes",
        {"autoencoder": ae.decode(z), "variational": priced.decode(z)},
    )
    torch.manual_seed(2)  # of the codes drawn below, whatever was run before
    two = {"autoencoder": ae, "variational": priced}
    study.picture(
        "mixture",
        {
            name: model.decode(fitted_mixture(codes_of(model, x_train), 12, 0))
            for name, model in two.items()
        },
    )
    ideas = {"AE": "neither", "VAE": "both"}
    crossed = {ideas.get(name, name): m[0] for name, m in networks.items()}
    del crossed["normalised"]
    study.picture("crossed", {name: m.decode(z) for name, m in crossed.items()})
    labels = fashion.test.labels
    first = [int((labels == c).nonzero()[0]) for c in range(len(fashion.classes))]
    x = x_test[first]
    study.picture(
        "rebuilt",
        {
            "test image": x,
            "autoencoder": ae(x),
            "variational": priced.decode(priced.encode(x).mean),
        },
    )
    means = priced.encode(x).mean
    t = torch.linspace(0, 1, 10, device=study.device)[:, None]
    study.picture(
        "walks",
        {
            name: priced.decode((1 - t) * means[start] + t * means[end])
            for name, (start, end) in WALKS.items()
        },
    )


def two_numbers() -> None:
    """Codes that can be drawn, of one seed each."""
    one = study.seeds[:1]

    def both() -> Autoencoder:
        return autoencoder(2)

    ae = train("AE, two numbers", both, plain, measure_plain, seeds=one)[0]
    priced = train(
        "VAE, two numbers",
        lambda: vae(2),
        calibrated,
        measure_calibrated,
        seeds=one,
    )[0]
    with torch.no_grad():
        code, x = priced.encode(x_test[:2000]), x_test[:2000]
        study.curve(
            "two numbers",
            {
                "autoencoder": ae.encode(x),
                "mean": code.mean,
                "label": fashion.test.labels[:2000],
            },
        )
        levels = (torch.arange(20, device=study.device) + 0.5) / 20
        side = torch.special.ndtri(levels)  # (20,)
        grid = torch.cartesian_prod(side.flip(0), side).flip(1)  # (400, 2)
        study.picture("map", {"variational": priced.decode(grid)})


def noise_and_price() -> dict[str, Sequence[nn.Module]]:
    """Two changes to an autoencoder, crossed: the rows with one of them."""
    noise = "noise without a price"
    networks = {
        "noise alone": train(noise, vae, noise_without_a_price, measure_vae(None)),
        "price alone": train(
            "price without noise", autoencoder, price_without_noise, measure_plain
        ),
    }
    study.table(
        "noise and price",
        {
            "AE": "neither: autoencoder",
            "noise without a price": "noise alone",
            "price without noise": "price alone",
            "VAE": "both: VAE",
        },
        ["error", "smallest spread", "largest spread"],
    )
    return networks


def normalised() -> Autoencoder:
    """Place and width by decree: each unit has mean 0 and variance 1 over a batch."""
    encoder = MLPEncoder(SHAPE, [256, 64], SIZE)
    fixed = nn.BatchNorm1d(SIZE, affine=False)
    return Autoencoder(nn.Sequential(encoder, fixed), decoder(SIZE))


def by_decree() -> Sequence[nn.Module]:
    return train("normalised codes", normalised, plain, measure_plain)


def longer() -> None:
    """Three times the epochs, of one seed: does the price alone shrink its codes on?"""
    for row, build, objective, measure in (
        ("price without noise", autoencoder, price_without_noise, measure_plain),
        ("VAE", vae, calibrated, measure_calibrated),
    ):
        one = study.seeds[:1]
        train(f"{row}, 60 epochs", build, objective, measure, n_epochs=60, seeds=one)


def noise_variances() -> None:
    """The scale of the loss: eight stated variances; the table shows six of them."""
    for variance in VARIANCES:
        row = f"VAE, noise variance {variance:g}"
        train(row, vae, stated(variance), measure_vae(variance))
    shown = (392, 3.92, 0.5, 0.1, 0.03, 0.0125)
    rows = {f"VAE, noise variance {v:g}": VARIANCES[v] for v in shown}
    study.table(
        "exchange rates",
        {"mean image": "mean image"} | rows | {"VAE": "calibrated"},
        ["noise variance", "error", "rate", "active", "-ELBO"],
    )


def heads() -> None:
    """ReLU on the heads x what the second head means; noise variance 1/2."""
    train("ReLU, sigma", systems.s1_vae, with_sigma_head, measure_sigma_head)
    train("linear, sigma", linear_sigma, with_sigma_head, measure_sigma_head)
    train("ReLU, log-variance", relu_log_var, stated(0.5), measure_vae(0.5))


def widths(model: nn.Module) -> tuple[Tensor, Tensor]:
    """Log-variances of 300 test images: predicted from the decoder, and learned."""
    with torch.no_grad():
        code = model.encode(x_test[:300])
        variance = sse(model(x_train)[0], x_train) / N_PIXELS
    columns = vmap(jacfwd(lambda z: model.decode(z[None])[0].flatten()))(code.mean)
    norms = columns.detach().square().sum(dim=1)  # (300, D)
    return -torch.log1p(norms / variance), code.log_var


def agreement(model: nn.Module) -> dict[str, float]:
    """How well the log-variances are predicted, pooled and image by image."""
    predicted, learned = (t.cpu().double() for t in widths(model))
    of_units = learned.mean(dim=0).expand_as(learned)
    moved, guessed = learned - of_units, predicted - predicted.mean(dim=0)

    def correlation(a: Tensor, b: Tensor) -> float:
        return torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1].item()

    missed = (moved - guessed).square().sum() / moved.square().sum()
    return {
        "correlation": correlation(predicted, learned),
        "within units": correlation(guessed, moved),
        "one constant per unit": correlation(of_units, learned),
        "R2 within units": 1 - missed.item(),
    }


def width(long: Sequence[nn.Module]) -> None:
    """The posterior's width, predicted from the decoder alone."""
    short = train("VAE, 2 epochs", vae, calibrated, measure_calibrated, n_epochs=2)
    rows = {"width after 2 epochs": short, "width after 20 epochs": long}
    for row, models in rows.items():
        study.run(row, lambda seed, m=models: agreement(m[study.seeds.index(seed)]))
    study.table(
        "width",
        {"width after 2 epochs": "2 epochs", "width after 20 epochs": "20 epochs"},
        ["correlation", "one constant per unit", "within units"],
    )
    predicted, learned = widths(long[0])
    study.curve("widths", {"predicted": predicted, "learned": learned})


def faces() -> None:
    """64 x 64 emoji: heads x loss, of the convolutional VAE as it was found."""
    few = study.pick(smoke=32, full=len(emoji.train.images))
    colours, shown = 2 * emoji.train.images[:few] - 1, emoji.test.images[:few]
    n_values = shown[0].numel()

    def as_found(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
        """Mean squared error + KL summed over the batch: variance B N / 2."""
        x_hat, code = model(x)
        mse, kl = (x_hat - x).square().mean(), losses.kl_standard_normal(*code)
        return {"loss": mse + kl.sum(), "rate": kl.mean()}

    def mended(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
        x_hat, code = model(x)
        error = metrics.sse(x_hat, x).mean()
        rate = losses.kl_standard_normal(*code).mean()
        return {"loss": n_values / 2 * (error / n_values).log() + rate, "rate": rate}

    def measure(model: nn.Module) -> dict[str, float]:
        code = model.encode(2 * shown - 1)
        mean, draw = ((model.decode(z) + 1) / 2 for z in (code.mean, code.sample()))
        return {
            "error": sse(mean, shown),
            "error of a draw": sse(draw, shown),
            "rate": losses.kl_standard_normal(*code).mean().item(),
            "smallest sigma": (code.log_var / 2).exp().min().item(),
        }

    mean_image = emoji.train.images.mean(dim=0).expand_as(shown)
    study.note("emoji, mean image", error=sse(mean_image, shown))
    study.note("emoji, all white", error=sse(torch.ones_like(shown), shown))
    networks = {"ReLU heads": systems.s4_vae, "linear heads": systems.s4_vae_repaired}
    objectives = {"summed KL": as_found, "calibrated": mended}
    for head, build in networks.items():
        for name, objective in objectives.items():
            study.train(
                f"emoji, {head}, {name}",
                build,
                objective,
                lambda seed: Batches(colours, 16),
                measure=measure,
                epochs=study.pick(smoke=1, full=15),
                lr=6e-3,
            )


def main() -> None:
    pca = baselines()
    networks = {
        "AE": train("AE", autoencoder, plain, measure_plain),
        "VAE": train("VAE", vae, calibrated, measure_calibrated, keep=True),
    }
    networks |= noise_and_price()
    networks["normalised"] = by_decree()
    longer()
    noise_variances()
    heads()
    two_numbers()
    faces()
    order = ("AE", "noise alone", "price alone", "normalised", "VAE")
    networks = {name: networks[name] for name in order}
    samples(pca, networks)
    as_wide_as_the_codes(networks)
    stretched(networks["VAE"])
    mismatch(networks["VAE"])
    width(networks["VAE"])
    pictures(networks)
    print(study.save())


main()
