"""On a GPU, pretended: nothing mixes devices, and nothing makes float64 on the device.

First the pretence itself must refuse what a GPU refuses; then every public loss and
metric, the models, the networks of the sources, `Batches`, noise, PCA and plots run on
it. What needs values goes to the CPU by design, and is seen to arrive there.
"""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pytest
import torch
from fake_device import NotAnObjective, ReachedCPU, fake_gpu, run_objective
from torch import nn

import aelib
from aelib import data, features, losses, metrics, models, plots, systems
from aelib.data import Batches
from aelib.initialise import initialise_at_mean
from aelib.linear import PCA
from aelib.train.evaluation import Record

SHAPE = (1, 28, 28)


def images(device, n=12, shape=SHAPE):
    return torch.rand(n, *shape, device=device)


def codes(device, n=12, size=3):
    return torch.rand(n, size, device=device)


def labels(device, n=12):
    return torch.zeros(n, dtype=torch.int64, device=device)


def vae():
    encoder = models.MLPEncoder(SHAPE, [8], 6)
    return models.VAE(encoder, models.MLPDecoder(3, [8], SHAPE))


def on(device, tensor, shape, dtype=torch.float32):
    """Whether a result is where and what it should be."""
    return (tensor.device.type, tuple(tensor.shape), tensor.dtype) == (
        torch.device(device).type,
        shape,
        dtype,
    )


# The pretence


def mixed_objective(model, x):
    return {"loss": (model(x) - torch.rand(SHAPE)).mean()}


def silent_objective(model, x):
    return {"loss": torch.zeros((), device=x.device)}


def cpu_objective(model, x):
    return {"loss": model(x).mean(), "rate": torch.zeros(())}


REAL = torch.rand(SHAPE)  # made before any pretence, as what stands in a module
_TWO, _FLOAT64 = "two devices", "makes a float64 tensor on cuda"
_GENERATOR = "device type for generator but found"
REFUSED = {
    "a tensor of the CPU": (_TWO, lambda d: images(d) + torch.rand(SHAPE)),
    "a constant of a module": (_TWO, lambda d: images(d) * REAL),
    "a model left behind": (_TWO, lambda d: nn.Linear(3, 3)(codes(d))),
    "a batch left behind": (_TWO, lambda d: nn.Linear(3, 3).to(d)(codes("cpu"))),
    "an objective that mixes": (
        _TWO,
        lambda d: run_objective(mixed_objective, MODELS["MLP"]().to(d), images(d)),
    ),
    "float64": (_FLOAT64, lambda d: images(d).double()),
    "float64 from the start": (
        _FLOAT64,
        lambda d: torch.zeros(3, dtype=torch.float64, device=d),
    ),
    "float64 inside a function": (
        _FLOAT64,
        lambda d: images(d).sum(dtype=torch.float64),
    ),
    "float64 moved": (_FLOAT64, lambda d: torch.rand(1).double().to(d)),
    "NumPy": ("tensor on cuda", lambda d: images(d).numpy()),
    "generator of the CPU": (
        _GENERATOR,
        lambda d: torch.randn(3, device=d, generator=torch.Generator()),
    ),
    "generator of the CPU, in place": (
        _GENERATOR,
        lambda d: codes(d).normal_(generator=torch.Generator()),
    ),
    "generator of the device": (
        _GENERATOR,
        lambda d: torch.randn(3, generator=torch.Generator(d)),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_gpu_refuses_is_refused(name):
    message, call = REFUSED[name]
    with fake_gpu() as device, pytest.raises((RuntimeError, TypeError), match=message):
        call(device)


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (silent_objective, "the loss has no gradient"),
        (cpu_objective, "'rate' is on cpu"),
        (lambda model, x: {"loss": model(x)}, "'loss' has the shape"),
        (lambda model, x: {"rate": model(x).mean()}, "no 'loss' in"),
    ],
)
def test_objectives_that_train_would_refuse_are_refused(objective, message):
    model = models.Autoencoder(
        models.MLPEncoder(SHAPE, [], 3), models.MLPDecoder(3, [], SHAPE)
    )
    with fake_gpu() as device, pytest.raises(NotAnObjective, match=message):
        run_objective(objective, model.to(device), images(device))


@pytest.mark.parametrize(
    "objective_input", [lambda d: (vae(), images(d)), lambda d: (vae().to(d), REAL)]
)
def test_model_and_batch_must_be_on_the_device(objective_input):
    with fake_gpu() as device, pytest.raises(NotAnObjective, match=r"is on .*cpu"):
        run_objective(lambda model, x: {}, *objective_input(device))


def test_the_pretence_ends_with_its_block(monkeypatch):
    monkeypatch.delenv("AELIB_DEVICE", raising=False)
    here = torch.cuda.is_available()
    with fake_gpu() as device:
        assert aelib.start() == device == torch.device("cuda")
        assert torch.Generator(device).device.type == "cuda"
    assert torch.cuda.is_available() == here
    assert torch.Generator().device.type == "cpu"
    x = torch.rand(3, requires_grad=True)
    x.square().sum().backward()
    assert torch.equal(x.grad, 2 * x.detach())
    assert nn.Linear(2, 2).to(torch.float64).weight.dtype == torch.float64


def test_modules_move_whole_and_tied_weights_stay_tied():
    with fake_gpu() as device:
        model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 3))
        model[2].weight = model[0].weight
        model[0].weight.requires_grad_(False)
        moved = model.to(device)
        assert moved is model and model[2].weight is model[0].weight
        tensors = [*model.parameters(), *model.buffers()]
        assert {t.device.type for t in tensors} == {"cuda"}
        assert not model[0].weight.requires_grad and model[0].bias.requires_grad


# Losses


def per_example(call):
    return lambda d: on(d, call(d), (12,))


LOSSES = {
    "gaussian_nll": per_example(
        lambda d: losses.gaussian_nll(
            images(d), images(d), sigma=torch.ones((), device=d)
        )
    ),
    "laplace_nll": per_example(
        lambda d: losses.laplace_nll(images(d), images(d), scale=0.1)
    ),
    "bernoulli_nll": per_example(lambda d: losses.bernoulli_nll(images(d), images(d))),
    "continuous_bernoulli_nll": per_example(
        lambda d: losses.continuous_bernoulli_nll(images(d), images(d))
    ),
    "continuous_bernoulli_mean": lambda d: on(
        d, losses.continuous_bernoulli_mean(images(d)), (12, *SHAPE)
    ),
    "kl_per_dim": lambda d: on(d, losses.kl_per_dim(codes(d), codes(d)), (12, 3)),
    "kl_standard_normal": per_example(
        lambda d: losses.kl_standard_normal(codes(d), codes(d))
    ),
    "kl_gaussians": per_example(
        lambda d: losses.kl_gaussians(codes(d), codes(d), codes(d), codes(d))
    ),
    "contractive_penalty": per_example(
        lambda d: losses.contractive_penalty(codes(d), torch.rand(3, 784, device=d))
    ),
    "jacobian_penalty": per_example(
        lambda d: losses.jacobian_penalty(torch.sin, codes(d), n_probes=2)
    ),
    "kl_sparsity": lambda d: on(d, losses.kl_sparsity(codes(d)[0], 0.1), (3,)),
    "l1_penalty": per_example(lambda d: losses.l1_penalty(codes(d))),
    "top_k": lambda d: on(d, losses.top_k(codes(d), 2), (12, 3)),
}


def test_every_loss_is_named_here():
    assert sorted(LOSSES) == sorted(losses.__all__)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_stay_on_the_device(name):
    with fake_gpu() as device:
        assert LOSSES[name](device)


@pytest.mark.parametrize("where", ["cpu", "cuda"])
def test_jacobian_penalty_takes_a_generator_of_either_device(where):
    with fake_gpu() as device:
        generator = torch.Generator(where)
        penalty = losses.jacobian_penalty(torch.sin, codes(device), generator=generator)
        assert on(device, penalty, (12,))


# Metrics

SETS = {"x": images, "z": codes}
ON_THE_DEVICE = {
    "sse": per_example(lambda d: metrics.sse(images(d), images(d))),
    "psnr": per_example(lambda d: metrics.psnr(images(d), images(d))),
    "ssim": per_example(lambda d: metrics.ssim(images(d), images(d))),
    "laplacian_variance": per_example(lambda d: metrics.laplacian_variance(images(d))),
    "against_constant": lambda d: (
        type(metrics.against_constant(metrics.sse, images(d))) is float
    ),
    "importance_nll": lambda d: on(
        "cpu",
        metrics.importance_nll(
            vae().to(d),
            images(d),
            n_samples=3,
            log_likelihood=lambda output, x: -losses.bernoulli_nll(output, x),
        ),
        (12,),
        torch.float64,
    ),
    "active_units": lambda d: type(metrics.active_units(codes(d))) is int,
    "dead_units": lambda d: type(metrics.dead_units(codes(d))) is int,
    "knn_accuracy": lambda d: (
        type(metrics.knn_accuracy(codes(d), labels(d), codes(d), labels(d))) is float
    ),
}
ON_THE_CPU = {
    "auroc": lambda d: metrics.auroc(codes(d)[:, 0], labels(d)),
    "frechet_distance": lambda d: metrics.frechet_distance(codes(d), codes(d)),
    "principal_angles": lambda d: metrics.principal_angles(codes(d), codes(d)),
    "fit_probe": lambda d: metrics.fit_probe(codes(d), labels(d)),
}


def test_every_metric_is_named_here():
    names = {name for name in metrics.__all__ if name not in ("Probe", "FittedProbe")}
    assert set(ON_THE_DEVICE) | set(ON_THE_CPU) == names
    assert not set(ON_THE_DEVICE) & set(ON_THE_CPU)


@pytest.mark.parametrize("name", ON_THE_DEVICE)
def test_metrics_on_the_device(name):
    with fake_gpu() as device:
        assert ON_THE_DEVICE[name](device)


@pytest.mark.parametrize("name", ON_THE_CPU)
def test_metrics_that_go_to_the_cpu(name):
    """They compute in float64, or in another library."""
    with fake_gpu(stop_on_cpu=True) as device, pytest.raises(ReachedCPU):
        ON_THE_CPU[name](device)


@pytest.mark.parametrize("method", ["predict", "accuracy"])
def test_a_fitted_probe_takes_codes_from_the_device(method):
    probe = metrics.fit_probe(torch.randn(40, 3), torch.arange(40) % 2)
    with fake_gpu(stop_on_cpu=True) as device, pytest.raises(ReachedCPU):
        extra = [labels(device)] if method == "accuracy" else []
        getattr(probe, method)(codes(device), *extra)


# Models


MODELS = {
    "MLP": lambda: models.Autoencoder(
        models.MLPEncoder(SHAPE, [8], 3), models.MLPDecoder(3, [8], SHAPE)
    ),
    "convolutional": lambda: models.Autoencoder(
        models.ConvEncoder(SHAPE, 3, width=4), models.ConvDecoder(3, SHAPE, width=4)
    ),
    "VAE": vae,
}


@pytest.mark.parametrize("name", MODELS)
def test_models_on_the_device(name):
    with fake_gpu() as device:
        model, x = MODELS[name]().to(device), images(device)
        output = model(x)
        assert on(device, output[0] if name == "VAE" else output, (12, *SHAPE))
        code = model.encode(x)
        assert on(device, code.sample() if name == "VAE" else code, (12, 3))
        assert on(device, model.decode(codes(device)), (12, *SHAPE))


BUILDERS = [name for name in systems.__all__ if name.startswith("s")]


@pytest.mark.parametrize("name", BUILDERS)
def test_systems_on_the_device(name):
    shape = (3, 64, 64) if name.startswith("s4") else SHAPE
    with fake_gpu() as device:
        output = getattr(systems, name)().to(device)(images(device, 4, shape))
        output = output[0] if isinstance(output, tuple) else output
        assert on(device, output, (4, *shape))


def test_all_systems_are_among_them():
    built = {system.build.__name__ for system in systems.SYSTEMS.values()}
    assert built <= set(BUILDERS) and len(BUILDERS) > len(built)


def test_initial_weights_and_features_on_the_device():
    net = features.load("mnist")  # a file: read before the pretence
    with fake_gpu() as device:
        model = initialise_at_mean(MODELS["MLP"]().to(device), images(device)[0])
        assert on(device, model(images(device)), (12, *SHAPE))
        assert on(device, net.to(device).features(images(device)), (12, 64))


# Data


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"shuffle": False},
        {"generator": "cpu"},
        {"generator": "cuda"},
        {"drop_last": True},
    ],
    ids=str,
)
def test_batches_on_the_device(options):
    with fake_gpu() as device:
        if "generator" in options:
            options = {"generator": torch.Generator(options["generator"])}
        x, y = images(device), labels(device)
        for batch_x, batch_y in Batches((x, y), 5, **options):
            assert on(device, batch_x, (len(batch_y), *SHAPE))
            assert on(device, batch_y, (len(batch_y),), torch.int64)
        moved = x.expand(12, 3, 28, 28).contiguous(memory_format=torch.channels_last)
        assert on(device, next(iter(Batches(moved, 5, **options))), (5, 3, 28, 28))


def test_data_sets_move_to_the_device_and_feed_an_objective():
    def objective(model, batch):
        x, _ = batch
        output, posterior = model(x)
        distortion = losses.bernoulli_nll(output, x).mean()
        rate = losses.kl_standard_normal(*posterior).mean()
        return {"loss": distortion + rate, "rate": rate}

    with fake_gpu():
        device = aelib.start()
        fashion = data.fashion_mnist(profile="fast").to(device)
        batch = next(iter(Batches(fashion.train, 64)))
        terms = run_objective(objective, vae().to(device), batch)
        assert sorted(terms) == ["loss", "rate"]
        record = Record()
        record.add(terms, 64)
        assert on("cpu", record.read()[0], (1, 2), torch.float64)


@pytest.mark.parametrize("where", [None, "cpu", "cuda"])
@pytest.mark.parametrize("name", ["gaussian_noise", "masking_noise", "salt_and_pepper"])
def test_noise_on_the_device(name, where):
    with fake_gpu() as device:
        generator = where if where is None else torch.Generator(where)
        noisy = getattr(data, name)(images(device), 0.5, generator=generator)
        assert on(device, noisy, (12, *SHAPE))


def test_noise_of_each_example_on_the_device():
    with fake_gpu() as device:
        sigma = torch.rand(12, device=device)
        assert on(device, data.gaussian_noise(images(device), sigma), (12, *SHAPE))
        with pytest.raises(ValueError, match="sigma must be on the device of x"):
            data.gaussian_noise(images(device), torch.rand(12))


def test_pca_computes_on_the_cpu_and_answers_on_the_device():
    with fake_gpu() as device:
        x = images(device, 30, (1, 4, 4))
        fitted = PCA.fit(x)
        assert on(device, fitted.mean, (1, 4, 4))
        assert on(device, fitted.axes, (16, 1, 4, 4))
        assert on(device, fitted.variances, (16,))
        assert on(device, fitted.codes(x, 3), (30, 3))
        assert on(device, fitted.rebuild(x, 3), (30, 1, 4, 4))
        assert type(fitted.tail(3)) is float


# Pictures

PICTURES = {
    "image_grid": lambda d: plots.image_grid(images(d)),
    "image_rows": lambda d: plots.image_rows({"a": images(d), "b": images(d)}),
    "bars": lambda d: plots.bars(codes(d)[0], ylabel=""),
    "lines": lambda d: plots.lines(
        {"a": codes(d)[0]}, x=codes(d)[0], xlabel="", ylabel=""
    ),
    "heatmap": lambda d: plots.heatmap(codes(d)),
    "scatter_codes": lambda d: plots.scatter_codes(
        codes(d, size=2), labels(d), classes=["a"]
    ),
}


def test_every_plot_of_tensors_is_named_here():
    assert set(PICTURES) == set(plots.__all__) - {"history", "use_style"}


@pytest.mark.parametrize("name", PICTURES)
def test_plots_take_tensors_from_the_device(name):
    with fake_gpu(stop_on_cpu=True) as device, pytest.raises(ReachedCPU):
        PICTURES[name](device)
    plt.close("all")
