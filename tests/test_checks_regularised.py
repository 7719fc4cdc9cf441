"""Checks of chapter 06: right answers pass, wrong ones are told where to look."""

import pytest
import torch

from aelib import checks, losses


def jacobian(h, weight):
    slopes = h * (1 - h)
    gram = (weight @ weight.T).square()
    return torch.einsum("bj,jk,bk->b", slopes, gram, slopes)


def sparsity(h, target):
    return losses.kl_sparsity(h.mean(dim=0), target).sum()


def test_right_answers_pass_with_one_line(capsys):
    checks.check_reconstruction_jacobian(jacobian)
    checks.check_top_k(losses.top_k)
    checks.check_kl_sparsity(sparsity)
    assert capsys.readouterr().out.split("\n")[:-1] == [
        "ok: reconstruction_jacobian",
        "ok: top_k",
        "ok: kl_sparsity",
    ]


WRONG_JACOBIANS = {
    "the encoder's": lambda h, w: losses.contractive_penalty(h, w),
    "no slopes": lambda h, w: (w @ w.T).square().sum().expand(len(h)),
    "units alone": lambda h, w: (h * (1 - h)).square() @ w.square().sum(1).square(),
    "not squared": lambda h, w: jacobian(h, w).sqrt(),
}


@pytest.mark.parametrize("wrong", WRONG_JACOBIANS.values(), ids=list(WRONG_JACOBIANS))
def test_wrong_jacobians(wrong):
    with pytest.raises(AssertionError, match=r"W_j \. W_k"):
        checks.check_reconstruction_jacobian(wrong)


def test_right_answers_of_lower_precision_pass():
    checks.check_reconstruction_jacobian(lambda h, w: jacobian(h.float(), w.float()))
    checks.check_kl_sparsity(lambda h, target: sparsity(h.float(), target))


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        (lambda h, w: jacobian(h, w).detach(), "should have a gradient, got none"),
        (lambda h, w: jacobian(h, w.detach()), "should reach weight, got none"),
        (lambda h, w: jacobian(h.detach(), w), "should reach h, got none"),
        (
            lambda h, w: torch.from_numpy(jacobian(h.detach(), w.detach()).numpy()),
            "should have a gradient, got none",
        ),
        (
            lambda h, w: jacobian((h + h.detach()) / 2, w),
            "gradient of reconstruction_jacobian in h",
        ),
    ],
    ids=["detached", "weight", "h", "numpy", "half"],
)
def test_a_penalty_that_cannot_be_trained_is_told(lost, words):
    with pytest.raises(AssertionError, match=words):
        checks.check_reconstruction_jacobian(lost)


def by_threshold(h, k):
    return torch.where(h >= h.sort(dim=1, descending=True).values[:, k - 1 : k], h, 0)


def by_size(h, k):
    places = h.abs().topk(k, dim=1).indices
    return torch.zeros_like(h).scatter(1, places, h.gather(1, places))


def over_the_batch(h, k):
    places = h.flatten().topk(k * len(h)).indices
    kept = torch.zeros(h.numel())
    kept[places] = h.flatten()[places]
    return kept.reshape(h.shape)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (by_threshold, "choose places, not values"),
        (by_size, "not the largest absolute values"),
        (over_the_batch, "of each row"),
        (lambda h, k: losses.top_k(h, max(1, k - 1)), "of each row"),
        (lambda h, k: losses.top_k(h.detach(), k), "should have a gradient, got none"),
        (lambda h, k: h + (losses.top_k(h, k) - h).detach(), "1 where a number was"),
        (
            lambda h, k: losses.top_k(h.detach(), k) + 0 * h.sum(),
            "1 where a number was kept",
        ),
        (
            lambda h, k: h * (losses.top_k(h + 0.01 * torch.randn_like(h), k) != 0),
            "of each row",
        ),
    ],
)
def test_wrong_top_k(wrong, words):
    with pytest.raises(AssertionError, match=words):
        checks.check_top_k(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda h, target: losses.kl_sparsity(h.mean(dim=1), target).sum(),
        lambda h, target: losses.kl_sparsity(h.flatten(), target).sum(),
        lambda h, target: losses.kl_sparsity(h.mean(dim=0), target).mean(),
        lambda h, target: losses.kl_sparsity(h.mean().reshape(1), target).sum(),
    ],
    ids=["over units", "of each example", "mean over units", "of the grand mean"],
)
def test_wrong_sparsity(wrong):
    with pytest.raises(AssertionError, match="axis 0"):
        checks.check_kl_sparsity(wrong)


def test_a_penalty_without_gradient_trains_nothing():
    for lost in (
        lambda h, target: sparsity(h, target).item(),
        lambda h, target: sparsity(h.detach(), target),
        lambda h, target: torch.tensor(sparsity(h, target).item()),
    ):
        with pytest.raises(AssertionError, match="should have a gradient, got none"):
            checks.check_kl_sparsity(lost)
    with pytest.raises(AssertionError, match="gradient of kl_sparsity in h"):
        checks.check_kl_sparsity(lambda h, t: sparsity((h + h.detach()) / 2, t))
