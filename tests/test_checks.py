"""Checks: right answers pass, typical wrong ones fail with a sentence that helps."""

import math

import pytest
import torch

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


def test_a_stub_stays_a_stub():
    def stub(*_):
        raise NotImplementedError

    for check in (checks.check_als_step, checks.check_ppca_log_likelihood):
        with pytest.raises(NotImplementedError):
            check(stub)


def test_a_function_that_writes_into_its_arguments_gets_no_help_from_that():
    def vandal(covariance, decoder):
        encoder, new = als_step(covariance, decoder)
        covariance.zero_()
        decoder.zero_()
        return encoder, new

    checks.check_als_step(vandal)
