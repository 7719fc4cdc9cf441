"""Feature networks: their accuracy is what they state, the distance has a meaning."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from aelib import data, features, metrics

BARS = {"fashion_mnist": 0.86, "mnist": 0.95}
LOADERS = {"fashion_mnist": data.fashion_mnist, "mnist": data.mnist}


@pytest.fixture(scope="module", params=BARS)
def case(request):
    """(name, net, data, features of the training images, of the test images)."""
    sets = LOADERS[request.param](profile="fast")
    net = features.load(request.param)
    # every third: 2,000 images of all classes, in a third of the time
    train, test = net.features(sets.train.images[::3]), net.features(sets.test.images)
    return request.param, net, sets, train, test


def test_stored_accuracy_is_measured_again_and_above_the_bar(case):
    name, net, sets, _, test = case
    guess = net.head(test).argmax(1)
    accuracy = (guess == sets.test.labels).double().mean().item()
    stored = net.provenance["accuracy on the embedded test images"]
    assert accuracy == pytest.approx(stored, abs=0.0021)  # two of 1,000 images
    # the accuracy stated is that on all 10,000; 1,000 of them differ by chance
    sd = (net.accuracy * (1 - net.accuracy) / len(guess)) ** 0.5
    assert accuracy == pytest.approx(net.accuracy, abs=3 * sd)
    assert min(accuracy, net.accuracy) >= BARS[name]
    assert "10000 test images" in net.provenance["measured on"]
    assert not net.training


def test_features_are_what_the_classifier_reads(case):
    _, net, sets, _, test = case
    assert test.shape == (len(sets.test.images), features.N_FEATURES)
    with torch.no_grad():
        logits = net(sets.test.images[:20])
    torch.testing.assert_close(net.head(test[:20]), logits, rtol=1e-4, atol=1e-4)


def test_distance_has_a_small_floor_and_orders_damage(case):
    _, net, sets, train, test = case
    floor = metrics.frechet_distance(train, test)
    generator = torch.Generator().manual_seed(0)
    images = sets.test.images
    noise = torch.randn(images.shape, generator=generator)
    slightly = net.features((images + 0.1 * noise).clamp(0, 1))
    heavily = net.features((images + 0.5 * noise).clamp(0, 1))
    only = net.features(torch.rand(images.shape, generator=generator))
    distances = [metrics.frechet_distance(train, f) for f in (slightly, heavily, only)]
    assert floor < distances[0] < distances[1] < distances[2]
    assert distances[2] > 50 * floor


def test_distance_tells_one_class_from_all(case):
    """Mode collapse, the failure it is used to find."""
    _, _, sets, train, test = case
    one = test[sets.test.labels == 0]
    floor = metrics.frechet_distance(train, test)
    assert metrics.frechet_distance(train, one) > 10 * floor


@pytest.mark.parametrize("name", BARS)
def test_files_are_small(name):
    path = features._FOLDER / f"{name}.safetensors"
    assert path.stat().st_size <= 200_000


def test_a_damaged_or_missing_file_is_named(tmp_path, monkeypatch):
    good = features._FOLDER / "mnist.safetensors"
    content = good.read_bytes()
    tensors = load_file(good)
    monkeypatch.setattr(features, "_FOLDER", tmp_path)
    path = tmp_path / "mnist.safetensors"
    with pytest.raises(ValueError, match="name must be one of"):
        features.load("mnist")
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"mnist\.safetensors must hold"):
        features.load("mnist")
    save_file(tensors, path)  # no accuracy
    with pytest.raises(ValueError, match=r"mnist\.safetensors must hold"):
        features.load("mnist")
    tensors.pop("head.bias")
    save_file(tensors, path, metadata={"provenance": '{"accuracy": 0.9}'})
    with pytest.raises(ValueError, match=r"mnist\.safetensors must hold"):
        features.load("mnist")


@pytest.mark.parametrize(
    "x",
    [
        torch.rand(2, 28, 28),
        torch.rand(2, 3, 28, 28),
        torch.rand(2, 1, 28, 28) * 255,
        torch.rand(2, 1, 28, 28) * 2 - 1,
        torch.full((2, 1, 28, 28), torch.nan),
        torch.zeros(0, 1, 28, 28),
    ],
)
def test_features_refuse_other_images(x):
    with pytest.raises(ValueError, match="x must be"):
        features.load("mnist").features(x)
