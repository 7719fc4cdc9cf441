"""Checks of chapter 04: right answers pass, wrong ones are told where to look."""

import pytest
import torch
from torch.nn.functional import avg_pool2d, conv2d

from aelib import checks, losses
from aelib.checks import reconstruction


def boxes(x, y, *, correction=0, padding=0):
    def box(a):
        return avg_pool2d(a, 7, stride=1, padding=padding)

    return ssim_of(box, x, y, factor=49 / (49 - correction))


def ssim_of(box, x, y, *, factor=1.0):
    mean_x, mean_y = box(x), box(y)
    var_x, var_y = (factor * (box(a * a) - box(a) ** 2) for a in (x, y))
    cov = factor * (box(x * y) - mean_x * mean_y)
    level = (2 * mean_x * mean_y + 1e-4) / (mean_x**2 + mean_y**2 + 1e-4)
    return level * (2 * cov + 9e-4) / (var_x + var_y + 9e-4)


def box_ssim(x, y, **options):
    return boxes(x, y, **options).flatten(1).mean(dim=1)


def test_right_answers_pass_with_one_line(capsys):
    checks.check_continuous_bernoulli_nll(losses.continuous_bernoulli_nll)
    checks.check_box_ssim(box_ssim)
    assert capsys.readouterr().out == "ok: continuous_bernoulli_nll\nok: box_ssim\n"


def test_the_check_agrees_with_scikit_image():
    from skimage.metrics import structural_similarity

    def by_skimage(x, y):
        values = [
            structural_similarity(
                a.numpy(), b.numpy(), data_range=1.0, use_sample_covariance=False
            )
            for a, b in zip(x[:, 0], y[:, 0], strict=True)
        ]
        return torch.tensor(values, dtype=torch.float64)

    checks.check_box_ssim(by_skimage)


def nll(logits, x):
    return losses.continuous_bernoulli_nll(logits, x)


def by_definition(logits, x):
    lam = logits.sigmoid()
    constant = 2 * torch.atanh(1 - 2 * lam) / (1 - 2 * lam)
    return -(constant * lam**x * (1 - lam) ** (1 - x)).log().sum(1)


def guarded_in_vain(logits, x):
    near = logits / 2 + logits**2 / 24
    far = ((logits.exp() - 1) / logits).log()  # 0 / 0 where it is not used
    return (torch.where(logits.abs() < 0.1, near, far) - logits * x).sum(1)


def overflows(logits, x):
    safe = torch.where(logits.abs() < 0.1, torch.ones_like(logits), logits)
    far = ((3 * safe).exp() - 1).log() - safe.abs().log() - 2 * safe
    near = logits / 2 + logits**2 / 24
    return (torch.where(logits.abs() < 0.1, near, far) - logits * x).sum(1)


def series_for_too_long(logits, x):
    series = logits / 2 + logits**2 / 24 - logits**4 / 2880
    small = logits.abs() < 2.9
    safe = torch.where(small, torch.full_like(logits, 3.0), logits)
    far = safe.relu() + (-torch.expm1(-safe.abs())).log() - safe.abs().log()
    return (torch.where(small, series, far) - logits * x).sum(1)


def overflows_beyond_eighty(logits, x):
    small = logits.abs() < 0.1
    safe = torch.where(small, torch.ones_like(logits), logits)
    far = (torch.expm1(safe) / safe).log()
    near = logits / 2 + logits**2 / 24 - logits**4 / 2880
    return (torch.where(small, near, far) - logits * x).sum(1)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (series_for_too_long, "of 2.5 and -2.5"),
        (overflows_beyond_eighty, "of 1000 and -1000"),
        (by_definition, "mind 0 / 0 near zero"),
        (guarded_in_vain, "the unused one"),
        (overflows, "the nats"),
        (losses.bernoulli_nll, "the nats[0]"),
        (lambda a, x: -nll(a, x), "mind the sign"),
        (lambda a, x: nll(a, x) / a.shape[1], "sum over the pixels, mind the sign"),
        (lambda a, x: nll(a, x).mean(), "should have shape (4,)"),
        (lambda a, x: nll(a.detach(), x), "should have a gradient"),
        (lambda a, x: nll(a, x).tolist(), "should have a gradient"),
    ],
)
def test_wrong_likelihoods_are_told_where_to_look(wrong, words):
    with pytest.raises(AssertionError) as error:
        checks.check_continuous_bernoulli_nll(wrong)
    message = str(error.value)
    assert words in message and message.startswith("given float32 logits of ")
    assert "\n" not in message and "look at" in message


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda x, y: box_ssim(x, y, correction=1), "divided by 49"),
        (lambda x, y: box_ssim(x, y, padding=3), "only where they fit"),
        (lambda x, y: boxes(x, y).mean(), "should have shape (3,)"),
        (lambda x, y: 1 - box_ssim(x, y), "the SSIM[0]"),
        (lambda x, y: None, "got NoneType"),
    ],
)
def test_wrong_similarities_are_told_where_to_look(wrong, words):
    with pytest.raises(AssertionError) as error:
        checks.check_box_ssim(wrong)
    message = str(error.value)
    assert words in message and message.startswith(
        "given three pairs of float32 images "
    )
    assert "\n" not in message and "look at" in message


@pytest.mark.parametrize("size", [0.0, 1e-3, 1.0, 3.0, 40.0, 1000.0])
def test_the_truth_agrees_with_the_closed_forms(size):
    logits = torch.tensor([size, -size], dtype=torch.float64)
    log_integral, mean = reconstruction._integrate(logits)
    zero = torch.zeros(2, 1, dtype=torch.float64)
    torch.testing.assert_close(log_integral, nll(logits[:, None], zero))
    torch.testing.assert_close(mean, losses.continuous_bernoulli_mean(logits))


def one_long_window(window):
    """The chapter's way: a float32 window, along the rows and then the columns."""

    def ssim(x, y):
        def box(a):
            across = conv2d(a, window.view(1, 1, 1, -1))
            return conv2d(across, window.view(1, 1, -1, 1))

        return ssim_of(box, x, y).flatten(1).mean(dim=1)

    return ssim


def one_square_window(x, y):
    kernel = torch.full((1, 1, 7, 7), 1 / 49)
    return ssim_of(lambda a: conv2d(a, kernel), x, y).flatten(1).mean(dim=1)


@pytest.mark.parametrize(
    "right", [one_long_window(torch.full((7,), 1 / 7)), one_square_window]
)
def test_float32_windows_are_right_answers(right):
    checks.check_box_ssim(right)


def test_the_window_of_the_chapter_is_not_square():
    bell = torch.softmax(-(torch.arange(-3.0, 4.0) ** 2) / (2 * 1.5**2), dim=0)
    with pytest.raises(AssertionError, match="the SSIM"):
        checks.check_box_ssim(one_long_window(bell))
