"""The score of a constant answer, against closed forms."""

import math

import numpy as np
import pytest
import torch

from aelib import metrics
from aelib.metrics import against_constant

X = torch.rand(7, 3, 12, 11, generator=torch.Generator().manual_seed(0))
TRAIN = torch.rand(5, 3, 12, 11, generator=torch.Generator().manual_seed(1))
IS_ANOMALY = torch.tensor([0, 1, 1, 0, 0])


def test_the_mean_scores_the_sum_of_the_variances():
    variances = X.double().var(dim=0, correction=0)
    score = against_constant(metrics.sse, X)
    assert isinstance(score, float)
    assert score == pytest.approx(variances.sum().item(), rel=1e-6)
    for other in (0.5, X.median(dim=0).values, X[0]):
        assert against_constant(metrics.sse, X, constant=other) > score


@pytest.mark.parametrize("metric", [metrics.sse, metrics.psnr, metrics.ssim])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_constant_is_the_answer_to_each_target(metric, dtype):
    x, image = X.to(dtype), TRAIN.to(dtype).mean(dim=0)
    one_by_one = [metric(image[None], target[None]).item() for target in x]
    score = against_constant(metric, x, constant=image)
    assert score == pytest.approx(sum(one_by_one) / 7, rel=1e-6)
    one_by_one = [metric(torch.full_like(t, 0.25)[None], t[None]).item() for t in x]
    score = against_constant(metric, x, constant=0.25)
    assert score == pytest.approx(sum(one_by_one) / 7, rel=1e-6)


@pytest.mark.parametrize("targets", [IS_ANOMALY, IS_ANOMALY.bool(), IS_ANOMALY.int()])
def test_a_detector_with_one_score_guesses(targets):
    assert against_constant(metrics.auroc, targets) == 0.5
    assert against_constant(metrics.auroc, targets, constant=-3) == 0.5
    assert against_constant(metrics.auroc, targets, constant=torch.tensor(9.0)) == 0.5


def test_integers_and_bools_are_answered_by_floats():
    seen = []

    def brier(answer, targets):
        seen.append((answer.dtype, targets.dtype, answer.tolist()))
        return (answer - targets.float()).square()

    assert against_constant(brier, IS_ANOMALY) == pytest.approx(0.24)
    assert against_constant(brier, IS_ANOMALY > 0, constant=0) == pytest.approx(0.4)
    truth = torch.tensor(0.4, dtype=torch.float64)
    against_constant(brier, IS_ANOMALY, constant=truth)
    dtypes = [torch.float32, torch.float32, torch.float64]
    assert [dtype for dtype, _, _ in seen] == dtypes
    assert [dtype for _, dtype, _ in seen] == [torch.int64, torch.bool, torch.int64]
    assert seen[1][2] == [0.0] * 5


def test_the_answer_can_be_written_to_and_viewed():
    def rude(answer, targets):
        assert answer.view(7, -1).shape == (7, 396)
        answer[0] += 1
        return (answer - targets).flatten(1).abs().sum(dim=1)

    image = TRAIN[0]
    expected = (X - image).abs().sum() + (X[0] - image - 1).abs().sum()
    expected -= (X[0] - image).abs().sum()
    score = against_constant(rude, X, constant=image)
    assert score == pytest.approx(expected.item() / 7, rel=1e-5)


def test_a_metric_that_writes_does_not_change_the_constant():
    image, before = TRAIN[0], TRAIN[0].clone()
    against_constant(
        lambda answer, targets: answer.zero_().sum(), X[:1], constant=image
    )
    assert torch.equal(image, before)


@pytest.mark.parametrize(
    ("result", "score"),
    [
        (3, 3.0),
        (np.float32(0.5), 0.5),
        (torch.tensor(2.5), 2.5),
        (torch.tensor([1, 2, 3, 4, 5]), 3.0),
        (torch.tensor([True, False, True, True, True]), 0.8),
        (torch.tensor([1.0, 2, 3, 4, 5], requires_grad=True), 3.0),
        (torch.tensor([1.0, 2, 3, 4, math.inf]), math.inf),
        (-math.inf, -math.inf),
        (torch.tensor([2.0**24, 1, 1, 1, 1]), (2.0**24 + 4) / 5),
    ],
)
def test_what_a_metric_may_return(result, score):
    found = against_constant(lambda answer, targets: result, IS_ANOMALY)
    assert type(found) is float and found == score


def test_one_image_that_is_the_constant_has_an_infinite_psnr():
    assert against_constant(metrics.psnr, X, constant=X[3]) == math.inf


def test_what_a_metric_refuses_keeps_its_words():
    with pytest.raises(ValueError, match=r"^is_anomaly must hold both 0 and 1"):
        against_constant(metrics.auroc, IS_ANOMALY * 0)
