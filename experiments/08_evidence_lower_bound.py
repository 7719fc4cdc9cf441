"""Evidence of chapter 08: how far a bound lies below the likelihood, and why.

    make evidence CHAPTER=08_evidence_lower_bound

Garments are averaged down to 7 x 7 pixels in [0, 1]. The model is probabilistic PCA,
whose likelihood is known exactly; all numbers are nats for an image unless said
otherwise, and means over the first 500 test images. "Turned" is the same model after a
rotation of its code that mixes all numbers equally: the likelihood stays, the posterior
is no longer diagonal.
"""

import copy
import functools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal, Normal
from torch.nn.functional import avg_pool2d

from aelib import data, losses, models
from aelib.data import Batches
from aelib.lab import Study
from aelib.models import Posterior

SIZES = (2, 4, 8, 16)  # numbers in a code
LATENT_DIM = 8
WIDTHS = (1.5, 0.6)  # of a q, where the posterior has 1
SAMPLES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
CODES = 64  # for an image, in a gradient
N_SURGERY = (32, 125, 500, 2000, 8000)  # images whose codes are looked at together
study = Study(
    "08_evidence_lower_bound",
    seeds=[0, 1, 2, 3, 4],
    columns={
        "log p": "nats",
        "draws from the prior": "nats",  # log of the mean of 10,000 likelihoods
        "gap": "nats",
        "predicted gap": "nats",  # variance of the weights / 2 K
        "width of the best q": "",
        "width of the posterior": "",
        "least eigenvalue": "",  # negative: the weights have no variance
        "bound": "nats",
        "family": "nats",  # what the best q of the family misses
        "encoder, training images": "nats",  # what the encoder misses beyond that
        "encoder, test images": "nats",
        "encoder": "nats²",
        "pixels times 255": "nats²",
        "information": "nats",
        "mismatch": "nats",
        "mean KL": "nats",
        "ln n": "nats",
    },
)


# --- garments, and a model whose likelihood is known ---

fashion = data.fashion_mnist(profile=study.pick(smoke="fast", full="full"))
n_train = study.pick(smoke=500, full=60_000)
x_train, x_test = (
    avg_pool2d(split.images, 4).flatten(1).double()
    for split in (fashion.train, fashion.test)
)
x_train, x_test = x_train[:n_train], x_test[: study.pick(smoke=100, full=500)]
n_pixels = x_train.shape[1]
mu = x_train.mean(dim=0)
eigenvalues, axes = torch.linalg.eigh((x_train - mu).T @ (x_train - mu) / len(x_train))
eigenvalues, axes = eigenvalues.flip(0), axes.flip(1)


class LinearGaussian(NamedTuple):
    """z ~ N(0, I), x | z ~ N(mu + W z, var I)."""

    mu: Tensor  # (N,)
    W: Tensor  # (N, D)
    var: Tensor  # ()

    def log_evidence(self, x: Tensor) -> Tensor:
        noise = self.var * torch.eye(len(self.mu), dtype=x.dtype)
        return MultivariateNormal(self.mu, self.W @ self.W.T + noise).log_prob(x)

    def posterior(self, x: Tensor) -> MultivariateNormal:
        m = self.W.T @ self.W + self.var * torch.eye(self.W.shape[1], dtype=x.dtype)
        mean = torch.linalg.solve(m, self.W.T @ (x - self.mu).T).T
        return MultivariateNormal(mean, self.var * torch.linalg.inv(m))

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x | z), (n, N), (..., n, D) -> (..., n); the square multiplied out."""
        error = x - self.mu
        cross = (z * (error @ self.W)).sum(dim=-1)
        sse = error.square().sum(dim=-1) - 2 * cross
        sse = sse + (z @ (self.W.T @ self.W) * z).sum(dim=-1)
        return -sse / (2 * self.var) - len(self.mu) / 2 * (2 * math.pi * self.var).log()


def ppca(latent_dim: int) -> LinearGaussian:
    """The most likely model with codes of D numbers."""
    var = eigenvalues[latent_dim:].mean()
    scales = (eigenvalues[:latent_dim] - var).sqrt()
    return LinearGaussian(mu, axes[:, :latent_dim] * scales, var)


def elbo(model: LinearGaussian, x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """Exact ELBO of q = N(mean, diag exp log_var), (n,)."""
    spread = (log_var.exp() * model.W.square().sum(dim=0)).sum(dim=1)
    distortion = -model.log_likelihood(x, mean) + spread / (2 * model.var)
    rate = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(dim=1)
    return -distortion - rate


half = torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=torch.float64) / math.sqrt(2)
turn = torch.kron(torch.kron(half, half), half)  # (8, 8), orthogonal
model = ppca(LATENT_DIM)
turned = model._replace(W=model.W @ turn)
posterior = model.posterior(x_test)
best_mean, best_std = posterior.mean, posterior.stddev  # both (n, D)


# --- the opening picture: one image, many q ---


def touching() -> None:
    """The bound of the first test image as q is moved and as it is widened."""
    shift = torch.linspace(-1.6, 1.6, 129, dtype=torch.float64)[:, None]
    width = torch.logspace(-0.5, 0.5, 129, 10, dtype=torch.float64)[:, None]
    mean, std, image = best_mean[:1], best_std[:1], x_test[:1]
    moved = mean + shift * std, (2 * std.log()).expand(129, -1)
    widened = mean.expand(129, -1), 2 * (width * std).log()
    study.curve(
        "touching",
        {
            "shift": shift[:, 0],
            "width": width[:, 0],
            "moved": elbo(model, image, *moved),
            "widened": elbo(model, image, *widened),
            "log p": model.log_evidence(image),
        },
    )
    small = x_test[:10].float().reshape(-1, 1, 7, 7)
    study.picture("garments", {"28 x 28": fashion.test.images[:10]})
    study.picture("small garments", {"7 x 7": small})


# --- draws from the prior ---


def from_prior(latent_dim: int) -> Callable[[int], dict[str, float]]:
    def trial(seed: int) -> dict[str, float]:
        ruler = ppca(latent_dim)
        n_draws = study.pick(smoke=100, full=10_000)
        z = torch.randn(n_draws, latent_dim, dtype=torch.float64)
        sse = torch.cdist(x_test, ruler.mu + z @ ruler.W.T).square()  # (n, draws)
        constant = n_pixels / 2 * (2 * math.pi * ruler.var).log()
        of_draws = -sse / (2 * ruler.var) - constant
        found = of_draws.logsumexp(dim=1) - math.log(n_draws)
        return {
            "log p": ruler.log_evidence(x_test).mean().item(),
            "draws from the prior": found.mean().item(),
        }

    return trial


# --- more samples ---


class Guess(NamedTuple):
    """A diagonal q for every test image, and the variance of its weights if finite."""

    ruler: LinearGaussian
    mean: Tensor  # (n, D)
    std: Tensor  # (n, D)
    variance: float | None = None  # of w / p(x)


def of_width(width: float) -> Guess:
    variance = None
    if 2 * width**2 > 1:
        variance = (width**2 / math.sqrt(2 * width**2 - 1)) ** LATENT_DIM - 1
    return Guess(model, best_mean, width * best_std, variance)


def best_diagonal() -> Guess:
    """The best diagonal q of the turned model: variances 1 / P_jj."""
    exact = turned.posterior(x_test)
    precision = torch.linalg.inv(exact.covariance_matrix[0])
    std = precision.diagonal().rsqrt().expand_as(exact.mean)
    return Guess(turned, exact.mean, std)


def log_weights(guess: Guess, x: Tensor, k: int) -> Tensor:
    """log p(x, z) / q(z), (k, n)."""
    ruler, mean, std, _ = guess
    z = mean + std * torch.randn(k, *mean.shape, dtype=torch.float64)
    log_prior = Normal(0.0, 1.0).log_prob(z).sum(dim=-1)
    log_q = Normal(mean, std).log_prob(z).sum(dim=-1)
    return ruler.log_likelihood(x, z) + log_prior - log_q


def k_samples(
    guess_of: Callable[[int], Guess], k: int
) -> Callable[[int], dict[str, float]]:
    """The gap of L_K, by at least 500 codes an image."""

    def trial(seed: int) -> dict[str, float]:
        whole = guess_of(seed)
        log_p = whole.ruler.log_evidence(x_test)
        predicted = None if whole.variance is None else whole.variance / (2 * k)
        again = max(1, 500 // k)
        missing = []
        for some in torch.arange(len(x_test)).split(100):
            guess = whole._replace(mean=whole.mean[some], std=whole.std[some])
            log_r = log_weights(guess, x_test[some], again * k) - log_p[some]
            log_mean = log_r.reshape(again, k, -1).logsumexp(dim=1) - math.log(k)
            missing.append(-log_mean)
            if predicted is not None and predicted < 0.5:
                missing[-1] += log_mean.exp() - 1  # of mean 0: less noise
        gap = torch.cat(missing, dim=1).mean().item()
        exact = log_p.mean().item()
        numbers = {"log p": exact, "bound": exact - gap, "gap": gap}
        if predicted is not None:
            numbers["predicted gap"] = predicted
        return numbers

    return trial


def more_samples(trained: Sequence[nn.Module]) -> None:
    def encoder_says(seed: int) -> Guess:
        encoder = copy.deepcopy(trained[study.seeds.index(seed)]).cpu().double()
        with torch.no_grad():
            mean, log_var = encoder(x_test).chunk(2, dim=1)
        return Guess(turned, mean, (log_var / 2).exp())

    moved = Guess(model, best_mean + best_std, best_std, math.exp(LATENT_DIM) - 1)
    guesses = {
        **{f"width {width}": lambda seed, w=width: of_width(w) for width in WIDTHS},
        "moved": lambda seed: moved,
        "best q, turned": lambda seed: best_diagonal(),
        "encoder, turned": encoder_says,
    }
    for name, guess in guesses.items():
        for k in SAMPLES:
            study.run(f"{k} samples, {name}", k_samples(guess, k))
    rows = {f"{k} samples, width 1.5": f"K = {k:,}" for k in (1, 5, 50, 500, 5000)}
    study.table("more samples", rows, ["log p", "bound", "gap", "predicted gap"])


def shape_of_the_best() -> None:
    """How narrow the best diagonal q is, and whether its weights have a variance.

    The mean square of the weights integrates exp -z' (2 P - diag P) z / 2.
    """
    exact = turned.posterior(x_test)
    precision = torch.linalg.inv(exact.covariance_matrix[0])
    tails = 2 * precision - precision.diagonal().diag()
    study.note(
        "best q, turned",
        **{
            "width of the best q": best_diagonal().std[0].mean().item(),
            "width of the posterior": exact.stddev[0].mean().item(),
            "least eigenvalue": torch.linalg.eigvalsh(tails)[0].item(),
        },
    )


# --- encoders ---


def encoder(n_hidden: int) -> nn.Module:
    """49-hidden-16, or one linear layer."""
    if n_hidden == 0:
        return nn.Linear(n_pixels, 2 * LATENT_DIM)
    return nn.Sequential(
        *(nn.Linear(n_pixels, n_hidden), nn.ReLU()),
        nn.Linear(n_hidden, 2 * LATENT_DIM),
    )


def one_sample(encoder: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """Minus the ELBO of the turned model, by one reparameterised code an image."""
    mean, log_var = encoder(x).chunk(2, dim=1)
    z = mean + (log_var / 2).exp() * torch.randn_like(mean)
    centre, weights, var = (t.float().to(x.device) for t in turned)
    sse = (x - centre - z @ weights.T).square().sum(dim=1)
    distortion = sse / (2 * var) + n_pixels / 2 * (2 * math.pi * var).log()
    rate = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(dim=1)
    return {"loss": (distortion + rate).mean()}


def best_of_family(x: Tensor) -> Tensor:
    """The turned model's best ELBO with a diagonal q, (n,)."""
    exact = turned.posterior(x)
    precision = torch.linalg.inv(exact.covariance_matrix[0])
    log_var = -precision.diagonal().log().expand(len(x), -1)
    return elbo(turned, x, exact.mean, log_var)


def gaps(encoder: nn.Module) -> dict[str, float]:
    encoder = copy.deepcopy(encoder).cpu().double()
    missing = {}
    for name, x in (("training", x_train[:2000]), ("test", x_test)):
        best = best_of_family(x)
        found = elbo(turned, x, *encoder(x).chunk(2, dim=1))
        missing[f"encoder, {name} images"] = (best - found).mean().item()
    family = (turned.log_evidence(x_test) - best_of_family(x_test)).mean().item()
    return {"family": family, **missing}


def trained_encoder(n_hidden: int) -> Sequence[nn.Module]:
    return study.train(
        f"{n_hidden} hidden units",
        lambda: encoder(n_hidden),
        one_sample,
        lambda seed: Batches(x_train.float().to(study.device), 128),
        measure=gaps,
        epochs=study.pick(smoke=1, full=15),
        lr=3e-3,
    )


# --- two gradients ---


def estimates(scale: float, mean: Tensor, std: Tensor) -> dict[str, Tensor]:
    """Gradients of a batch's ELBO in the bias of the mean, each (repetitions, D).

    Each from CODES codes an image, both parts of the ELBO sampled; all pixels, and the
    model with them, multiplied by `scale`.
    """
    ruler = LinearGaussian(scale * turned.mu, scale * turned.W, scale**2 * turned.var)
    x = scale * x_train[: len(mean)]
    own_bound = elbo(ruler, x, mean, 2 * std.log())  # the baseline
    found: dict[str, list[Tensor]] = {}
    for _ in range(study.pick(smoke=2, full=40)):
        noise = torch.randn(50, CODES, *mean.shape, dtype=torch.float64)
        z = mean + std * noise
        log_prior = Normal(0.0, 1.0).log_prob(z).sum(dim=-1)
        log_q = Normal(mean, std).log_prob(z).sum(dim=-1)
        f = ruler.log_likelihood(x, z) + log_prior - log_q  # (50, CODES, B)
        others = (f.sum(dim=1, keepdim=True) - f) / (CODES - 1)
        score = noise / std  # gradient of log q
        error, square = (x - ruler.mu) @ ruler.W, ruler.W.T @ ruler.W
        kinds = {
            "score": score * f[..., None],
            "own bound": score * (f - own_bound)[..., None],
            "others": score * (f - others)[..., None],
            "path": (error - z @ square) / ruler.var - z,
        }
        for name, of_codes in kinds.items():
            found.setdefault(name, []).append(of_codes.mean(dim=(1, 2)))
    return {name: torch.cat(parts) for name, parts in found.items()}


def of_an_encoder(
    trained: Sequence[nn.Module],
) -> Callable[[int], dict[str, dict[str, float]]]:
    """seed -> estimator -> variances, summed over the numbers of the code."""

    @functools.cache
    def variances(seed: int) -> dict[str, dict[str, float]]:
        encoder = copy.deepcopy(trained[study.seeds.index(seed)]).cpu().double()
        with torch.no_grad():
            mean, log_var = encoder(x_train[:64]).chunk(2, dim=1)
            found: dict[str, dict[str, float]] = {}
            for column, scale in (("encoder", 1.0), ("pixels times 255", 255.0)):
                torch.manual_seed(seed)  # the same codes for both
                of_kinds = estimates(scale, mean, (log_var / 2).exp())
                for name, gradients in of_kinds.items():
                    spread = gradients.var(dim=0).sum().item()
                    found.setdefault(name, {})[column] = spread
        return found

    return variances


def gradients(trained: Sequence[nn.Module]) -> None:
    shown = {
        "score": "score function",
        "own bound": "less the picture's ELBO",
        "others": "less the mean of its other codes",
        "path": "reparameterised",
    }
    variances = of_an_encoder(trained)
    for name, label in shown.items():
        study.run(label, lambda seed, name=name: variances(seed)[name])
    study.table("gradients", list(shown.values()), ["encoder", "pixels times 255"])


# --- surgery ---


def vae() -> nn.Module:
    return models.VAE(
        models.MLPEncoder((1, 7, 7), [64], 2 * LATENT_DIM),
        models.MLPDecoder(LATENT_DIM, [64], (1, 7, 7)),
    )


def negative_elbo(vae: nn.Module, x: Tensor) -> dict[str, Tensor]:
    x_hat, cloud = vae(x)
    distortion = losses.gaussian_nll(x_hat, x, sigma=model.var.sqrt().item()).mean()
    rate = losses.kl_standard_normal(*cloud).mean()
    return {"loss": distortion + rate, "distortion": distortion, "rate": rate}


def log_densities(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """log N(z_i; mean_j, exp log_var_j), (m, D), (n, D) -> (m, n)."""
    precision = (-log_var).exp()
    constant = (mean.square() * precision + log_var).sum(dim=1)
    constant = constant + mean.shape[1] * math.log(2 * math.pi)
    squares = z.square() @ precision.T - 2 * z @ (mean * precision).T
    return -0.5 * (squares + constant)


def surgery(cloud: Posterior, n_codes: int) -> dict[str, float]:
    """The two parts of the mean KL, from n_codes codes of every image."""
    mean, log_var = (t.cpu().double() for t in cloud)
    prior, parts = Normal(0.0, 1.0), []
    for _ in range(n_codes):
        z = mean + (log_var / 2).exp() * torch.randn_like(mean)
        own = Normal(mean, (log_var / 2).exp()).log_prob(z).sum(dim=-1)
        rows = [
            log_densities(some, mean, log_var).logsumexp(dim=1) for some in z.split(500)
        ]
        aggregate = torch.cat(rows) - math.log(len(z))
        log_prior = prior.log_prob(z).sum(dim=-1)
        parts.append([(own - aggregate).mean(), (aggregate - log_prior).mean()])
    information, mismatch = torch.tensor(parts).mean(dim=0).tolist()
    return {
        "information": information,
        "mismatch": mismatch,
        "mean KL": losses.kl_standard_normal(mean, log_var).mean().item(),
        "ln n": math.log(len(mean)),
    }


def trained_vae() -> Sequence[nn.Module]:
    images = x_train.float().reshape(-1, 1, 7, 7)

    def measure(vae: nn.Module) -> dict[str, float]:
        cloud = vae.encode(images[:2000].to(study.device))
        return {"mean KL": losses.kl_standard_normal(*cloud).mean().item()}

    return study.train(
        "small VAE",
        vae,
        negative_elbo,
        lambda seed: Batches(images.to(study.device), 128),
        measure=measure,
        epochs=study.pick(smoke=1, full=15),
        lr=3e-3,
    )


def taken_apart(trained: Sequence[nn.Module]) -> None:
    images = x_train.float().reshape(-1, 1, 7, 7)

    def of(n: int) -> Callable[[int], dict[str, float]]:
        def trial(seed: int) -> dict[str, float]:
            network = copy.deepcopy(trained[study.seeds.index(seed)]).cpu()
            with torch.no_grad():
                cloud = network.encode(images[: study.pick(smoke=min(n, 100), full=n)])
                return surgery(cloud, study.pick(smoke=1, full=max(2, 20_000 // n)))

        return trial

    for n in N_SURGERY:
        study.run(f"{n} images", of(n))
    columns = ["information", "mismatch", "mean KL", "ln n"]
    rows = [f"{n} images" for n in N_SURGERY]
    study.table("surgery", rows, columns)


def main() -> None:
    touching()
    for size in SIZES:
        study.run(f"{size} numbers", from_prior(size))
    rows = [f"{size} numbers" for size in SIZES]
    study.table("prior", rows, ["log p", "draws from the prior"])
    trained = {n: trained_encoder(n) for n in (0, 32, 8, 4)}
    names = {
        "0 hidden units": "one linear layer",
        **{f"{n} hidden units": f"{n} hidden units" for n in (32, 8, 4)},
    }
    columns = ["family", "encoder, training images", "encoder, test images"]
    study.table("two gaps", names, columns)
    shape_of_the_best()
    more_samples(trained[32])
    gradients(trained[32])
    taken_apart(trained_vae())
    print(study.save())


main()
