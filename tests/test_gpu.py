"""On a real GPU: the values are those of the CPU, and what was stored comes back.

tests/test_fake_device.py shows without a GPU that nothing mixes devices. Here each test
runs on the CPU, so that none rots, and again where there is a GPU (`pytest -m gpu`).
"""

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

import aelib
from aelib import data, losses, metrics, models, results, systems
from aelib.data import Batches
from aelib.initialise import initialise_at_mean
from aelib.linear import PCA
from aelib.train import load_checkpoint, train

SHAPE = (1, 28, 28)
HAS_GPU = torch.cuda.is_available()
NEEDS_GPU = pytest.mark.skipif(not HAS_GPU, reason="needs a GPU")
DEVICES = ["cpu", *([pytest.param("cuda", marks=pytest.mark.gpu)] if HAS_GPU else [])]


@pytest.fixture(params=DEVICES)
def device(request):
    torch.manual_seed(0)
    # by default convolutions on a GPU keep ten bits of their factors
    with torch.backends.cudnn.flags(allow_tf32=False):
        yield torch.device(request.param, 0 if request.param == "cuda" else None)


@pytest.fixture(scope="module")
def fashion():
    return data.fashion_mnist(profile="fast")


def close(there: Tensor, here: Tensor, *, rtol: float = 1e-4, atol: float = 1e-4):
    torch.testing.assert_close(there.cpu(), here, rtol=rtol, atol=atol)


def connected() -> nn.Module:
    torch.manual_seed(1)
    encoder = models.MLPEncoder(SHAPE, [64], 8)
    return models.Autoencoder(encoder, models.MLPDecoder(8, [64], SHAPE))


def convolutional() -> nn.Module:
    torch.manual_seed(1)
    encoder = models.ConvEncoder(SHAPE, 8, width=8)
    return models.Autoencoder(encoder, models.ConvDecoder(8, SHAPE, width=8))


def variational() -> nn.Module:
    torch.manual_seed(1)
    encoder = models.MLPEncoder(SHAPE, [64], 8)
    return models.VAE(encoder, models.MLPDecoder(4, [64], SHAPE))


def squares(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    return {"loss": metrics.sse(model(x), x).mean()}


def evidence_bound(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    logits, posterior = model(x)
    distortion = losses.bernoulli_nll(logits, x).mean()
    rate = losses.kl_standard_normal(*posterior).mean()
    return {"loss": distortion + rate, "rate": rate}


def batches(x: Tensor) -> Batches:
    """In the same order on every device."""
    return Batches(x, 128, generator=torch.Generator().manual_seed(2))


@pytest.mark.gpu
@NEEDS_GPU
def test_a_lesson_begins_on_the_gpu(monkeypatch):
    monkeypatch.delenv("AELIB_DEVICE", raising=False)
    assert aelib.start() == torch.device("cuda")


# training


@pytest.mark.parametrize("build", [connected, convolutional])
def test_losses_of_a_run_are_those_of_the_cpu(device, fashion, build):
    images = fashion.train.images[:1024]
    histories = [
        train(build().to(d), squares, batches(images.to(d)), epochs=3, lr=2e-3)
        for d in (device, "cpu")
    ]
    there, here = (torch.tensor([e["loss"] for e in h.train]) for h in histories)
    assert here[-1] < 0.8 * here[0]
    close(there, here)


def test_batches_of_the_cpu_are_moved_to_the_model(device, fashion):
    images, pinned = fashion.train.images[:512], device.type == "cuda"
    loader = DataLoader(images, 128, pin_memory=pinned)
    there = Batches(images.to(device), 128, shuffle=False)
    networks, histories = [connected().to(device) for _ in range(2)], []
    for model, source in zip(networks, (loader, there), strict=True):
        history = train(model, squares, source, epochs=2, val_batches=loader)
        terms = [epoch["loss"] for epoch in history.train + history.val]
        histories.append(torch.tensor(terms))
    close(*histories)
    for moved, other in zip(*(model.parameters() for model in networks), strict=True):
        close(moved, other.cpu())


def test_the_layout_of_convolutions_is_kept(device, fashion):
    layout = torch.channels_last
    images = fashion.train.images[:256].expand(-1, 3, -1, -1).to(device)
    batch = next(iter(batches(images.contiguous(memory_format=layout))))
    layer = nn.Conv2d(3, 8, 3).to(device, memory_format=layout)
    close(layer(batch), layer.cpu()(batch.cpu()))
    assert batch.is_contiguous(memory_format=layout)


class Interrupted(Exception):
    pass


class StopAfter:
    """A tracker that ends a run once an epoch is complete."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def scalars(self, step: int, values: dict[str, float]) -> None:
        if step == self.epoch:  # the checkpoint is written before the tracker is told
            raise Interrupted


def test_a_run_that_goes_on_equals_one_that_was_not_interrupted(
    device, fashion, tmp_path
):
    """The noise of its codes included. Bit for bit is promised for a CPU alone."""
    images, runs = fashion.train.images[:512].to(device), []
    for path in (tmp_path / "run.ckpt", None):
        options = {"epochs": 4, "checkpoint": path}
        model = variational().to(device)
        torch.manual_seed(3)
        if path is not None:
            with pytest.raises(Interrupted):
                stop = StopAfter(2)
                x = Batches(images, 128)
                train(model, evidence_bound, x, tracker=stop, **options)
            model = variational().to(device)
            torch.manual_seed(4)
        history = train(model, evidence_bound, Batches(images, 128), **options)
        runs.append((torch.tensor([e["loss"] for e in history.train]), model))
    (resumed, model), (whole, other) = runs
    tolerance = {"rtol": 0, "atol": 0} if device.type == "cpu" else {}
    close(resumed, whole, **tolerance)
    for ours, theirs in zip(model.parameters(), other.parameters(), strict=True):
        close(ours, theirs.cpu(), **tolerance)


def test_a_step_that_is_not_finite_changes_nothing(device, fashion, tmp_path):
    calls = iter(range(100))

    def poisoned(model, x):
        terms = squares(model, x)
        if next(calls) == 4:  # the value is that of the loss, its derivative 0 * Inf
            weight = model.encoder.net[1].weight
            terms["loss"] = terms["loss"] + (weight - weight.detach()).sum().sqrt()
        return terms

    x, path = fashion.train.images[:512].to(device), tmp_path / "run.ckpt"
    model = connected().to(device)
    with pytest.raises(FloatingPointError, match="epoch 2, step 1 of 4: gradient of"):
        train(model, poisoned, batches(x), epochs=2, checkpoint=path)
    kept = load_checkpoint(path)["model"]  # of epoch 1
    assert all(torch.equal(v.cpu(), kept[n]) for n, v in model.state_dict().items())


def test_weights_of_the_gpu_start_a_run_on_the_cpu(device, fashion, tmp_path):
    images, path = fashion.train.images[:512], tmp_path / "run.ckpt"
    options = {"epochs": 4, "checkpoint": path}
    with pytest.raises(Interrupted):
        x = batches(images.to(device))
        train(connected().to(device), squares, x, tracker=StopAfter(2), **options)
    state = load_checkpoint(path)
    assert len(state["history"]["train"]) == 2
    assert {value.device.type for value in state["model"].values()} == {"cpu"}
    if device.type != "cpu":  # the noise of a GPU cannot be put back on the CPU
        words = "another device: cuda instead of cpu; .* pass start="
        with pytest.raises(ValueError, match=words):
            train(connected(), squares, batches(images), **options)
    started = train(connected(), squares, batches(images), epochs=2, start=path)
    model = connected()
    model.load_state_dict(state["model"])
    assert started.train == train(model, squares, batches(images), epochs=2).train


@pytest.mark.gpu
@NEEDS_GPU
def test_memory_that_runs_out_names_a_smaller_batch():
    def greedy(model, x):
        torch.empty(2**46, device=x.device)  # 256 TiB
        raise AssertionError("so much was there")

    x = torch.rand(64, *SHAPE, device="cuda")
    with pytest.raises(torch.OutOfMemoryError, match=r"batch of 64 .*: try 32"):
        train(connected().to("cuda"), greedy, Batches(x, 64), epochs=1)


# values


Z, Z_2 = torch.randn(2, 200, 4, generator=torch.Generator().manual_seed(5))
LABELS = torch.arange(200) % 4


def images(n: int = 200, seed: int = 6) -> Tensor:
    return torch.rand(n, *SHAPE, generator=torch.Generator().manual_seed(seed))


VALUES = {
    "gaussian_nll": (losses.gaussian_nll, images(), images(seed=7)),
    "laplace_nll": (losses.laplace_nll, images(), images(seed=7)),
    "bernoulli_nll": (losses.bernoulli_nll, images(), images(seed=7)),
    "continuous_bernoulli_nll": (
        losses.continuous_bernoulli_nll,
        4 * images() - 2,
        images(seed=7),
    ),
    "continuous_bernoulli_mean": (losses.continuous_bernoulli_mean, 4 * images() - 2),
    "kl_per_dim": (losses.kl_per_dim, Z, Z_2),
    "kl_standard_normal": (losses.kl_standard_normal, Z, Z_2),
    "kl_gaussians": (losses.kl_gaussians, Z, Z_2, Z_2, Z),
    "contractive_penalty": (losses.contractive_penalty, Z, images(4).flatten(1)),
    "kl_sparsity": (lambda p: losses.kl_sparsity(p, 0.1), Z[0].sigmoid()),
    "l1_penalty": (losses.l1_penalty, Z),
    "top_k": (lambda z: losses.top_k(z, 2), Z),
    "jacobian_penalty": (
        lambda z: losses.jacobian_penalty(
            torch.sin, z, generator=torch.Generator().manual_seed(8)
        ),
        Z,
    ),
    "sse": (metrics.sse, images(), images(seed=7)),
    "psnr": (metrics.psnr, images(), images(seed=7)),
    "ssim": (metrics.ssim, images(), images(seed=7)),
    "against_constant": (
        lambda x: metrics.against_constant(metrics.psnr, x),
        images(),
    ),
    "laplacian_variance": (metrics.laplacian_variance, images()),
    "active_units": (metrics.active_units, Z),
    "dead_units": (metrics.dead_units, Z.relu()),
    "auroc": (metrics.auroc, Z[:, 0], LABELS > 1),
    "frechet_distance": (metrics.frechet_distance, Z, Z_2),
    "principal_angles": (metrics.principal_angles, Z, Z_2),
    "knn_accuracy": (metrics.knn_accuracy, Z, LABELS, Z_2, LABELS),
    "fit_probe": (lambda z, y: metrics.fit_probe(z, y).predict(z).float(), Z, LABELS),
}


def test_every_loss_and_metric_with_a_value_of_its_own_is_named_here():
    other = {"Probe", "FittedProbe", "importance_nll"}  # classes, and one that draws
    assert set(VALUES) == {*losses.__all__, *metrics.__all__} - other


@pytest.mark.parametrize("name", VALUES)
def test_losses_and_metrics_are_those_of_the_cpu(device, name):
    function, *arguments = VALUES[name]
    there = function(*(argument.to(device) for argument in arguments))
    close(torch.as_tensor(there), torch.as_tensor(function(*arguments)))


@pytest.mark.parametrize("name", systems.SYSTEMS)
def test_networks_compute_the_same(device, name):
    system = systems.SYSTEMS[name]
    model = system.build().eval()
    x = torch.rand(8, *system.image_shape)
    with torch.no_grad():
        code = model.encode(x)
        code = code[0] if isinstance(code, tuple) else code
        here = model.decode(code)
        model, x, code = model.to(device), x.to(device), code.to(device)
        close(model.decode(code), here)
        there = model.encode(x)
        there = there[0] if isinstance(there, tuple) else there
        close(there, code.cpu())


@pytest.mark.parametrize("name", ["gaussian_noise", "masking_noise", "salt_and_pepper"])
def test_noise_of_a_generator_of_the_cpu_is_the_same(device, name):
    there, here = (
        getattr(data, name)(
            images().to(d), 0.3, generator=torch.Generator().manual_seed(9)
        )
        for d in (device, "cpu")
    )
    close(there, here)


# data and evidence


def test_data_arrive_whole_and_every_example_is_met_once(device, fashion):
    moved = fashion.to(device)
    pairs = zip(moved.train + moved.test, fashion.train + fashion.test, strict=True)
    assert all(t.device == device and torch.equal(t.cpu(), here) for t, here in pairs)
    numbers = torch.arange(1000, device=device)
    for _ in range(2):
        met = torch.cat(list(Batches(numbers, 64)))
        assert torch.equal(met.sort().values, numbers) and not torch.equal(met, numbers)


def test_a_kept_network_comes_back(device, fashion):
    evidence, x = results.load("02_autoencoder"), 2 * fashion.test.images - 1
    there, here = (
        evidence.restore("16-number code, 30 epochs", into=systems.s0_fc().to(d))
        for d in (device, "cpu")
    )
    with torch.no_grad():
        close(there(x.to(device)), here(x))


def test_pca_and_a_start_at_the_mean_are_the_same(device, fashion):
    x = fashion.train.images[:1000]
    fitted, expected = PCA.fit(x.to(device)), PCA.fit(x)
    close(fitted.rebuild(x.to(device), 8), expected.rebuild(x, 8))
    mean = x.mean(dim=0)
    model = initialise_at_mean(connected().to(device), mean.to(device))
    with torch.no_grad():
        drawn = model(x[:64].to(device)).mean(dim=0)
    assert drawn.device == device and (drawn.cpu() - mean).abs().mean() < 0.1
