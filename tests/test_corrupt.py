"""Corruption: shares and moments against their definitions, and against torch's own."""

import math

import pytest
import torch

from aelib import data

X = torch.rand(64, 3, 20, 20) * 0.8 + 0.1  # no pixel is 0 or 1 by itself
ALL = {
    "gaussian_noise": lambda x, **more: data.gaussian_noise(x, 0.3, **more),
    "masking_noise": lambda x, **more: data.masking_noise(x, 0.3, **more),
    "salt_and_pepper": lambda x, **more: data.salt_and_pepper(x, 0.3, **more),
}
EACH = pytest.mark.parametrize("corrupt", ALL.values(), ids=ALL)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def near(count, n, p):
    """Within five standard deviations of a binomial's mean."""
    return abs(count - n * p) < 5 * math.sqrt(n * p * (1 - p))


@EACH
def test_a_new_tensor_of_the_same_kind(corrupt):
    for x in (X, X.double(), X[:, 0, 0]):
        before = x.clone()
        y = corrupt(x, generator=generator())
        assert torch.equal(x, before) and not torch.equal(x, y)
        assert (y.shape, y.dtype, y.device) == (x.shape, x.dtype, x.device)


@EACH
def test_the_generator_decides(corrupt):
    g = generator()
    first, second = corrupt(X, generator=g), corrupt(X, generator=g)
    assert torch.equal(first, corrupt(X, generator=generator()))
    assert not torch.equal(first, second)
    state = torch.get_rng_state()
    corrupt(X, generator=g)
    assert torch.equal(torch.get_rng_state(), state), "the global one is not touched"
    torch.manual_seed(1)
    third = corrupt(X)
    torch.manual_seed(1)
    assert torch.equal(third, corrupt(X))


def test_gaussian_noise_has_the_moments_of_a_normal():
    noise = data.gaussian_noise(X.double(), 0.3, generator=generator()) - X
    n = noise.numel()
    assert abs(noise.mean()) < 5 * 0.3 / math.sqrt(n)
    assert abs(noise.var() / 0.09 - 1) < 5 * math.sqrt(2 / n)
    inside = (noise.abs() < 0.3).sum().item()
    assert near(inside, n, math.erf(1 / math.sqrt(2)))


def test_gaussian_noise_is_not_clipped():
    y = data.gaussian_noise(X, 0.5, generator=generator())
    assert y.min() < 0 and y.max() > 1


def test_each_example_may_have_its_own_sigma():
    sigma = torch.tensor([0.0, 0.1, 2.0])
    for shape in ((3, 1, 100, 100), (3, 10_000)):
        x = torch.zeros(shape)
        spread = data.gaussian_noise(x, sigma, generator=generator())
        torch.testing.assert_close(
            spread.flatten(1).std(dim=1), sigma, rtol=0.05, atol=0.0
        )
    torch.testing.assert_close(
        data.gaussian_noise(X, torch.full((64,), 0.3), generator=generator()),
        data.gaussian_noise(X, 0.3, generator=generator()),
    )


def test_masking_loses_whole_pixels_and_scales_nothing():
    y = data.masking_noise(X, 0.3, generator=generator())
    lost = y == 0
    assert torch.equal(y[~lost], X[~lost])
    assert torch.equal(lost, lost[:, :1].expand_as(lost)), "all channels together"
    assert near(lost[:, 0].sum().item(), lost[:, 0].numel(), 0.3)
    scaled = torch.nn.functional.dropout(X, 0.3)
    kept = scaled != 0
    torch.testing.assert_close(scaled[kept], X[kept] / 0.7)  # what masking is not


def test_vectors_lose_each_number_by_itself():
    flat = torch.full((100, 3), 0.5)
    lost = data.masking_noise(flat, 0.5, generator=generator()) == 0
    assert lost.sum(dim=1).unique().numel() > 2
    assert near(lost.sum().item(), lost.numel(), 0.5)


def test_salt_is_as_frequent_as_pepper():
    y = data.salt_and_pepper(X, 0.3, generator=generator())
    salt, pepper = y == 1, y == 0
    untouched = ~(salt | pepper)
    assert torch.equal(y[untouched], X[untouched])
    for kind in (salt, pepper):
        assert torch.equal(kind, kind[:, :1].expand_as(kind))
        assert near(kind[:, 0].sum().item(), kind[:, 0].numel(), 0.15)


@pytest.mark.parametrize("corrupt", [data.masking_noise, data.salt_and_pepper])
def test_rates_at_the_ends(corrupt):
    assert torch.equal(corrupt(X, 0), X)
    y = corrupt(X, 1, generator=generator())
    assert set(y.unique().tolist()) <= {0.0, 1.0}
    assert torch.equal(data.gaussian_noise(X, 0), X)


WRONG = {
    "x a list": (TypeError, "x", lambda: data.gaussian_noise([0.0], 0.1)),
    "x uint8": (TypeError, "x", lambda: data.masking_noise(X.to(torch.uint8), 0.1)),
    "x one axis": (ValueError, "x", lambda: data.salt_and_pepper(X[0, 0, 0], 0.1)),
    "sigma text": (TypeError, "sigma", lambda: data.gaussian_noise(X, "0.1")),
    "sigma True": (TypeError, "sigma", lambda: data.gaussian_noise(X, True)),
    "sigma negative": (ValueError, "sigma", lambda: data.gaussian_noise(X, -0.1)),
    "sigma NaN": (ValueError, "sigma", lambda: data.gaussian_noise(X, math.nan)),
    "sigma inf": (ValueError, "sigma", lambda: data.gaussian_noise(X, math.inf)),
    "sigma too short": (
        ValueError,
        "sigma",
        lambda: data.gaussian_noise(X, torch.ones(3)),
    ),
    "sigma integers": (
        TypeError,
        "sigma",
        lambda: data.gaussian_noise(X, torch.ones(64, dtype=torch.int64)),
    ),
    "sigma elsewhere": (
        ValueError,
        "sigma",
        lambda: data.gaussian_noise(X, torch.ones(64, device="meta")),
    ),
    "rate above 1": (ValueError, "rate", lambda: data.masking_noise(X, 1.01)),
    "rate in per cent": (ValueError, "rate", lambda: data.salt_and_pepper(X, 25)),
    "rate negative": (ValueError, "rate", lambda: data.masking_noise(X, -0.1)),
    "rate NaN": (ValueError, "rate", lambda: data.salt_and_pepper(X, math.nan)),
    "rate a tensor": (
        TypeError,
        "rate",
        lambda: data.masking_noise(X, torch.tensor(0.1)),
    ),
}


@pytest.mark.parametrize(("error", "name", "call"), WRONG.values(), ids=WRONG)
def test_wrong_calls_are_named(error, name, call):
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    assert message.startswith(f"{name} must ") and "got " in message, message
