"""aelib.data.batches against plain indexing."""

import pytest
import torch

from aelib.data.batches import Batches


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_order_is_that_of_randperm_on_the_generator():
    x = torch.rand(10, 3)
    order = torch.randperm(10, generator=generator(5))
    parts = list(Batches(x, 4, generator=generator(5)))
    assert [len(part) for part in parts] == [4, 4, 2]
    assert torch.equal(torch.cat(parts), x[order])


def test_every_epoch_has_a_new_order_and_every_example_once():
    batches = Batches(torch.arange(50), 7, generator=generator())
    first, second = torch.cat(list(batches)), torch.cat(list(batches))
    assert not torch.equal(first, second)
    assert torch.equal(first.sort().values, torch.arange(50))
    assert torch.equal(second.sort().values, torch.arange(50))


def test_tuples_stay_together():
    x, labels = torch.arange(20.0), torch.arange(20)
    for batch in Batches((x, labels), 6, generator=generator()):
        assert isinstance(batch, tuple)
        assert torch.equal(batch[0].long(), batch[1])
    (single,) = next(iter(Batches((x,), 6)))
    assert single.shape == (6,)


def test_without_shuffle_batches_are_views_in_order():
    x = torch.rand(9, 2)
    parts = list(Batches(x, 4, shuffle=False))
    assert torch.equal(torch.cat(parts), x)
    assert parts[1].data_ptr() == x[4:].data_ptr()


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(
    ("n", "size", "drop", "expected"),
    [
        (9, 4, False, [4, 4, 1]),
        (9, 4, True, [4, 4]),
        (8, 4, True, [4, 4]),
        (3, 9, 0, [3]),
    ],
)
def test_lengths(shuffle, n, size, drop, expected):
    batches = Batches(torch.rand(n), size, shuffle=shuffle, drop_last=bool(drop))
    assert [len(part) for part in batches] == expected
    assert len(batches) == len(expected)


def test_channels_last_is_kept():
    x = torch.rand(12, 3, 8, 8)
    last = x.contiguous(memory_format=torch.channels_last)
    for plain, moved in zip(
        Batches(x, 5, generator=generator()),
        Batches(last, 5, generator=generator()),
        strict=True,
    ):
        assert moved.is_contiguous(memory_format=torch.channels_last)
        assert plain.is_contiguous()
        assert torch.equal(plain, moved)


def test_state_continues_the_orders():
    x = torch.arange(30)
    batches = Batches(x, 8, generator=generator())
    list(batches)
    state = batches.state_dict()
    expected = [torch.cat(list(batches)) for _ in range(2)]
    other = Batches(x, 8, generator=generator(99))
    other.load_state_dict(state)
    assert all(torch.equal(torch.cat(list(other)), order) for order in expected)


def test_state_of_other_batches_is_refused():
    state = Batches(torch.arange(30), 8).state_dict()
    for other in (
        Batches(torch.arange(30), 9),
        Batches(torch.arange(31), 8),
        Batches(torch.arange(30), 8, shuffle=False),
        Batches(torch.arange(30), 8, drop_last=True),
    ):
        with pytest.raises(ValueError, match="state must be of batches with"):
            other.load_state_dict(state)


def test_default_order_follows_the_global_seed():
    orders = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        orders.append(torch.cat(list(Batches(torch.arange(40), 40))))
    assert torch.equal(orders[0], orders[1])
    assert not torch.equal(orders[0], orders[2])


def with_value(value: float) -> torch.Tensor:
    x = torch.rand(6, 2)
    x[4, 1] = value
    return x


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_values_that_are_not_finite_are_named(value):
    with pytest.raises(ValueError, match=r"tensors\[1\] must be finite.*example 4"):
        Batches((torch.rand(6), with_value(value)), 2)


X = torch.rand(6, 2)


@pytest.mark.parametrize(
    ("tensors", "size", "options", "error", "message"),
    [
        (X, 0, {}, ValueError, "batch_size must be at least 1, got 0"),
        (X, -3, {}, ValueError, "batch_size must be at least 1, got -3"),
        (X, 2.0, {}, TypeError, "batch_size must be an int, got float"),
        (X, True, {}, TypeError, "batch_size must be an int, got bool"),
        (X, 7, {"drop_last": True}, ValueError, "batch_size must be at most the 6"),
        ((), 2, {}, ValueError, "tensors must hold at least one tensor"),
        (X[:0], 2, {}, ValueError, "tensors.0. must hold examples"),
        (torch.tensor(1.0), 2, {}, ValueError, "tensors.0. must hold examples"),
        ((X, X[:5]), 2, {}, ValueError, r"equal first lengths, got \[6, 5\]"),
        ((X, [1, 2]), 2, {}, TypeError, "tensors.1. must be a tensor, got list"),
        ((X, X.to("meta")), 2, {}, ValueError, "tensors must be on one device"),
        (X.clone().requires_grad_(), 2, {}, ValueError, "tensor that requires grad"),
        (X, 2, {"generator": 3}, TypeError, "generator must be a torch.Generator"),
    ],
)
def test_wrong_arguments_are_named(tensors, size, options, error, message):
    with pytest.raises(error, match=message):
        Batches(tensors, size, **options)


IMAGES = torch.rand(40, 1, 8, 8)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (
            [image[0] for image in IMAGES],
            "got list of 40 tensors of one shape: torch.stack them, or tuple",
        ),
        ([X, X], "got list of 2 tensors of one shape: torch.stack them"),
        ([X, X[:, 0]], r"got list of 2: tuple\(tensors\) if each holds a set"),
        ([1.0, 2.0], r"got list of 2: tuple\(tensors\)"),
        ([], "got list of 0"),
        (X.numpy(), r"got ndarray: torch.from_numpy\(...\)"),
        ({"x": X}, "got dict"),
        ("images", "got str"),
        (None, "got NoneType"),
    ],
)
def test_a_list_of_images_is_not_read_as_sets(tensors, message):
    with pytest.raises(TypeError, match=f"tensors must be a tensor or .*{message}"):
        Batches(tensors, 2)


@pytest.mark.parametrize(
    ("x", "low", "high", "message"),
    [
        (255 * X.clamp(0.5), 0, 1, r"be in \[0, 1\], got .* to .*: divide by 255"),
        (2 * X - 3, 0, 1, r"in \[0, 1\], got -\d.* to -?\d[^:]*$"),
        (2 * X.round() - 1, 0, 1, r"got -1 to 1: \(x \+ 1\) / 2"),
        ((255 * X.clamp(0.5)).byte(), 0, 1, "divide by 255"),
        (X - 0.5, 0, None, r"in \[0, inf\]"),
        (X + 0.5, None, 1, r"in \[-inf, 1\]"),
        (X, 1, 0, "high must be above low, 1, got 0"),
        (X, 1, 1, "high must be above low"),
        (X, float("nan"), 1, "low must be a finite number"),
    ],
)
def test_a_range_is_looked_at_where_data_enter(x, low, high, message):
    with pytest.raises(ValueError, match=message):
        Batches(x, 2, low=low, high=high)


def test_a_range_that_holds_is_accepted_ends_included():
    ends = torch.tensor([[0.0, 1.0], [1.0, 0.5]])
    other = 255 * X[:2]  # of the first tensor only: targets have ranges of their own
    for low, high in ((0, 1), (None, 1), (0, None), (-1, 2), (None, None)):
        assert len(Batches((ends, other), 2, low=low, high=high)) == 1
    for outside in (-1e-6, 1 + 1e-6):
        wrong = ends.clone()
        wrong[1, 1] = outside
        with pytest.raises(ValueError, match=r"tensors\[0\] must be in \[0, 1\]"):
            Batches((wrong, other), 2, low=0, high=1)


class Elsewhere(torch.Generator):
    """A generator that says it lives on a GPU."""

    device = torch.device("cuda", 1)


def test_generator_of_another_device_is_named():
    with pytest.raises(
        ValueError, match="generator must be on the tensors' device cpu"
    ):
        Batches(X, 2, generator=Elsewhere())
