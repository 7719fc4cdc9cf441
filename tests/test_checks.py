"""Checks: right answers pass, typical wrong ones fail with a sentence that helps."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from aelib import checks


def als_step(covariance, decoder):
    encoder = torch.linalg.solve(decoder.T @ decoder, decoder.T)
    cross = covariance @ encoder.T
    return encoder, cross @ torch.linalg.inv(encoder @ cross)


def ppca(eigenvalues, k):
    n = len(eigenvalues)
    noise = eigenvalues[k:].mean()
    log_det = eigenvalues[:k].log().sum() + (n - k) * noise.log()
    return -0.5 * (n * math.log(2 * math.pi) + log_det + n).item()


def test_right_answers_pass_with_one_line(capsys):
    checks.check_als_step(als_step)
    checks.check_als_step(lambda c, w: list(als_step(c, w)))
    assert capsys.readouterr().out == "ok: als_step\n" * 2
    checks.check_ppca_log_likelihood(ppca)
    checks.check_ppca_log_likelihood(lambda values, k: torch.tensor(ppca(values, k)))
    assert capsys.readouterr().out == "ok: ppca_log_likelihood\n" * 2


def test_right_answers_of_lower_precision_pass():
    checks.check_als_step(lambda *given: als_step(*(g.float() for g in given)))
    checks.check_ppca_log_likelihood(lambda values, k: ppca(values.float(), k))
    checks.check_ppca_log_likelihood(lambda values, k: np.float32(ppca(values, k)))


def no_covariance(covariance, decoder):
    encoder = torch.linalg.pinv(decoder)
    return encoder, torch.linalg.pinv(encoder)


def transposed_encoder(covariance, decoder):
    encoder, new = als_step(covariance, decoder)
    return encoder.T, new


def old_decoder(covariance, decoder):
    return als_step(covariance, decoder)[0], decoder


def plain_transpose(covariance, decoder):
    return decoder.T, als_step(covariance, decoder)[1]


def weighted_encoder(covariance, decoder):
    encoder = torch.linalg.solve(
        decoder.T @ covariance @ decoder, decoder.T @ covariance
    )
    return encoder, als_step(covariance, decoder)[1]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (no_covariance, "in which C must appear"),
        (old_decoder, "the decoder"),
        (transposed_encoder, "should have shape"),
        (plain_transpose, "the encoder"),
        (weighted_encoder, "W'W V = W'"),
        (lambda c, w: als_step(c, w)[1], "should return the pair"),
        (lambda c, w: None, "got NoneType"),
        (lambda c, w: (als_step(c, w)[0].numpy(), w), "should be a tensor"),
    ],
)
def test_wrong_sweeps_are_told_where_to_look(wrong, words):
    with pytest.raises(AssertionError) as error:
        checks.check_als_step(wrong)
    message = str(error.value)
    assert words in message and message.startswith("given a covariance 6x6")
    assert "\n" not in message and "look at" in message


@pytest.mark.parametrize(
    "wrong",
    [
        lambda values, k: -ppca(values, k),  # a loss, not a log-likelihood
        lambda values, k: ppca(values, k) * len(values),
        lambda values, k: ppca(values, k) + 0.5 * len(values),  # quadratic term lost
        lambda values, k: ppca(values, k) + 0.5 * len(values) * math.log(2 * math.pi),
        lambda values, k: ppca(values, k + 1),
        lambda values, k: (
            ppca(values, k)
            + 0.5 * (len(values) - k - 1) * values[k:].mean().log().item()
        ),  # log sigma^2 counted once
        lambda values, k: ppca(values.flip(0), k),
        lambda values, k: math.nan,
        lambda values, k: None,
    ],
)
def test_wrong_likelihoods_are_told_where_to_look(wrong):
    with pytest.raises(AssertionError, match=r"given \d eigenvalues.*got .*look at"):
        checks.check_ppca_log_likelihood(wrong)


@pytest.mark.parametrize("name", checks.__all__)
def test_a_stub_stays_a_stub(name):
    def stub(*_):
        raise NotImplementedError

    with pytest.raises(NotImplementedError):
        getattr(checks, name)(stub)


def test_a_function_that_writes_into_its_arguments_gets_no_help_from_that():
    def vandal(covariance, decoder):
        encoder, new = als_step(covariance, decoder)
        covariance.zero_()
        decoder.zero_()
        return encoder, new

    checks.check_als_step(vandal)


def dead_units(codes):
    return int((codes == codes[0]).all(dim=0).sum())


def glorot_uniform(layer):
    bound = (6 / (layer.in_features + layer.out_features)) ** 0.5
    nn.init.uniform_(layer.weight, -bound, bound)
    nn.init.zeros_(layer.bias)


def test_right_answers_of_chapter_02_pass(capsys):
    checks.check_dead_units(dead_units)
    checks.check_dead_units(lambda codes: (codes.amax(0) == codes.amin(0)).sum())
    checks.check_glorot_uniform(glorot_uniform)
    assert capsys.readouterr().out == "ok: dead_units\n" * 2 + "ok: glorot_uniform\n"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda codes: int((codes == 0).all(dim=0).sum()),  # only zeros
        lambda codes: int((codes == 0).any(dim=0).sum()),  # any zero
        lambda codes: int((codes == codes[:, :1]).all(dim=1).sum()),  # over units
        lambda codes: codes.shape[1] - dead_units(codes),  # the living
        lambda codes: dead_units(codes) / codes.shape[1],  # a share
        lambda codes: (codes == codes.mean(0)).all(dim=0).sum(),  # means are rounded
        lambda codes: (codes.std(dim=0) == 0).sum(),
        lambda codes: (codes.std(dim=0) < 1e-3).sum(),  # the quiet are alive
        lambda codes: codes == codes[0],
        lambda codes: None,
    ],
)
def test_wrong_counts_are_told_where_to_look(wrong):
    with pytest.raises(AssertionError, match=r"given codes 20x\d.*got .*look at"):
        checks.check_dead_units(wrong)


def glorot_wrong(bound, *, bias=0.0, normal=False, low=-1):
    def fill(layer):
        a = bound(layer.in_features, layer.out_features)
        if normal:
            nn.init.normal_(layer.weight, std=a / 3**0.5)
        else:
            nn.init.uniform_(layer.weight, low * a, a)
        nn.init.constant_(layer.bias, bias)

    return fill


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (glorot_wrong(lambda n, m: (6 / (n + m)) ** 0.5, bias=0.1), "the mean .bias"),
        (glorot_wrong(lambda n, m: (6 / (n + m)) ** 0.5, normal=True), "largest"),
        (glorot_wrong(lambda n, m: (2 / (n + m)) ** 0.5), "largest .weight"),
        (glorot_wrong(lambda n, m: (6 / n) ** 0.5), "largest .weight"),
        (glorot_wrong(lambda n, m: (5.5 / (n + m)) ** 0.5), "largest .weight"),
        (glorot_wrong(lambda n, m: (6 / (n + m)) ** 0.5, low=0), "the mean weight"),
        (glorot_wrong(lambda n, m: 6 / (n + m)), "largest .weight"),
        (lambda layer: None, "largest .weight"),
    ],
)
def test_wrong_starts_are_told_where_to_look(wrong, words):
    torch.manual_seed(0)
    with pytest.raises(AssertionError, match=rf"given a layer from .*{words}.*look at"):
        checks.check_glorot_uniform(wrong)


def evenly_spaced(layer):
    bound = (6 / (layer.in_features + layer.out_features)) ** 0.5
    even = torch.linspace(-bound, bound, layer.weight.numel())
    layer.weight.data = even.reshape(layer.weight.shape)
    nn.init.zeros_(layer.bias)


def seeded(layer):
    torch.manual_seed(0)
    glorot_uniform(layer)


def evenly_spaced_but_for_one(layer):
    evenly_spaced(layer)
    layer.weight.data[0, 0] *= torch.rand(())


def every_row_twice(layer):
    glorot_uniform(layer)
    layer.weight.data[1::2] = layer.weight.data[::2]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (evenly_spaced, "two layers should start differently"),
        (seeded, "a seed inside the function"),
        (evenly_spaced_but_for_one, "neighbours in a row .* drawn by itself"),
        (every_row_twice, "neighbours in a column .* drawn by itself"),
    ],
)
def test_weights_that_are_not_drawn_are_told(wrong, words):
    with pytest.raises(AssertionError, match=words):
        checks.check_glorot_uniform(wrong)


def test_the_check_of_a_start_draws_nothing_from_the_reader():
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    checks.check_glorot_uniform(glorot_uniform)
    torch.testing.assert_close(torch.rand(3), expected)


def test_weights_that_are_not_uniform_are_told():
    def two_values(layer):
        bound = (6 / (layer.in_features + layer.out_features)) ** 0.5
        nn.init.uniform_(layer.weight, -1, 1)
        layer.weight.data = bound * layer.weight.data.sign()
        nn.init.zeros_(layer.bias)

    with pytest.raises(AssertionError, match="uniform"):
        checks.check_glorot_uniform(two_values)


def out_size(n, k, s, p, d):
    return (n + 2 * p - d * (k - 1) - 1) // s + 1


def receptive_field(layers):
    width, jump = 1, 1
    for k, s in layers:
        width += (k - 1) * jump
        jump *= s
    return width


def test_right_sizes_and_fields_pass(capsys):
    checks.check_out_size(out_size)
    checks.check_receptive_field(receptive_field)
    assert capsys.readouterr().out == "ok: out_size\nok: receptive_field\n"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda n, k, s, p, d: out_size(n, k, s, 2 * p, d),
        lambda n, k, s, p, d: out_size(n, k, s, p, 1),
        lambda n, k, s, p, d: (n + 2 * p - d * k - 1) // s + 1,
        lambda n, k, s, p, d: -(-(n + 2 * p - d * (k - 1) - 1) // s) + 1,  # rounded up
        lambda n, k, s, p, d: (n + 2 * p - d * (k - 1) - 1) / s + 1,  # not rounded
        lambda n, k, s, p, d: out_size(n, k, s, p, d) - 1,
        lambda n, k, s, p, d: None,
    ],
)
def test_wrong_sizes_are_told_where_to_look(wrong):
    with pytest.raises(AssertionError, match=r"given n=\d+.*got .*look at"):
        checks.check_out_size(wrong)


def own_stride_first(layers):
    width, jump = 1, 1
    for k, s in layers:
        jump *= s
        width += (k - 1) * jump
    return width


def last_stride_alone(layers):
    width, jump = 1, 1
    for k, s in layers:
        width += (k - 1) * jump
        jump = s  # right up to two layers
    return width


@pytest.mark.parametrize(
    "wrong",
    [
        own_stride_first,
        last_stride_alone,
        lambda layers: 1 + sum(k - 1 for k, _ in layers),  # no strides
        lambda layers: receptive_field(layers[::-1]),
        lambda layers: receptive_field(layers) - 1,
        lambda layers: receptive_field([(k + 1, s) for k, s in layers]),
        lambda layers: str(receptive_field(layers)),
    ],
)
def test_wrong_fields_are_told_where_to_look(wrong):
    with pytest.raises(AssertionError, match=r"given layers \[.*got .*look at"):
        checks.check_receptive_field(wrong)
