"""PCA against scikit-learn, its own sums, and what is known of the data sets."""

import pytest
import torch
from sklearn import decomposition

from aelib import data, metrics
from aelib.linear import PCA


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def pictures(n=50, shape=(1, 4, 6)):
    """Of unequal variances, about a mean that is not 0."""
    scales = torch.linspace(2, 0.1, 24).reshape(shape)
    return 3 + torch.randn(n, *shape) * scales


@pytest.mark.parametrize("n", [50, 15])  # more, and fewer, than 24 pixels
def test_fit_agrees_with_scikit_learn(n):
    x, unseen = pictures(n), pictures(7)
    theirs = decomposition.PCA(svd_solver="full").fit(x.flatten(1).double().numpy())
    ours = PCA.fit(x)
    k = min(n - 1, 24)
    assert ours.mean.flatten().tolist() == pytest.approx(theirs.mean_, abs=1e-6)
    biased = theirs.explained_variance_ * (n - 1) / n
    assert ours.variances.tolist() == pytest.approx(biased, abs=1e-5)
    products = ours.axes.flatten(1)[:k] @ torch.tensor(theirs.components_[:k].T).float()
    torch.testing.assert_close(products.abs(), torch.eye(k), atol=1e-4, rtol=0)
    expected = torch.tensor(theirs.transform(unseen.flatten(1).double().numpy()))
    codes = ours.codes(unseen, 5)
    torch.testing.assert_close(
        codes.abs(), expected[:, :5].abs().float(), atol=1e-4, rtol=0
    )


@pytest.mark.parametrize("n", [50, 15])
def test_axes_are_orthonormal_and_their_signs_are_fixed(n):
    x = pictures(n)
    fitted = PCA.fit(x)
    flat = fitted.axes.flatten(1)
    assert fitted.axes.shape == (min(n, 24), 1, 4, 6)
    torch.testing.assert_close(flat @ flat.T, torch.eye(len(flat)), atol=1e-5, rtol=0)
    largest = flat.gather(1, flat.abs().argmax(dim=1, keepdim=True))
    assert (largest > 0).all()
    assert fitted.variances.tolist() == sorted(fitted.variances.tolist())[::-1]


@pytest.mark.parametrize("centre", [True, False])
@pytest.mark.parametrize("n", [50, 15])
def test_the_tail_is_the_error_on_the_images_of_the_fit(n, centre):
    x = pictures(n)
    fitted = PCA.fit(x, centre=centre)
    for k in (0, 1, 7, len(fitted.axes)):
        error = metrics.sse(fitted.rebuild(x, k), x).mean().item()
        assert fitted.tail(k) == pytest.approx(error, rel=1e-4, abs=1e-6)
    centred = x - x.mean(dim=0) if centre else x
    total = centred.square().flatten(1).sum(dim=1).mean().item()
    assert fitted.tail(0) == pytest.approx(total, rel=1e-5)
    assert fitted.tail(0) > 5 * fitted.tail(10) > 0  # something is compared


def test_without_centring_the_axes_go_through_zero():
    x = pictures()
    fitted = PCA.fit(x, centre=False)
    assert not fitted.mean.any()
    theirs = decomposition.TruncatedSVD(3, algorithm="arpack").fit(x.flatten(1).numpy())
    cosines = (
        fitted.axes.flatten(1)[:3] @ torch.tensor(theirs.components_.copy()).float().T
    )
    torch.testing.assert_close(cosines.abs(), torch.eye(3), atol=1e-3, rtol=0)
    assert (fitted.rebuild(x, 1) - x).square().mean() < 0.2 * x.square().mean()


def test_rebuild_and_codes_belong_together():
    x, unseen = pictures(), pictures(9)
    fitted = PCA.fit(x)
    by_hand = fitted.mean + torch.einsum(
        "nk,kchw->nchw", fitted.codes(unseen, 4), fitted.axes[:4]
    )
    torch.testing.assert_close(fitted.rebuild(unseen, 4), by_hand, atol=1e-5, rtol=0)
    assert torch.equal(fitted.rebuild(unseen, 0), fitted.mean.expand_as(unseen))
    torch.testing.assert_close(fitted.rebuild(unseen, 24), unseen, atol=1e-5, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_what_comes_back_is_float32_of_the_shape_and_device_that_was_given(dtype):
    x = pictures().to(dtype).requires_grad_()
    fitted = PCA.fit(x)
    codes, images = fitted.codes(x, 3), fitted.rebuild(x, 3)
    assert codes.shape == (50, 3) and images.shape == x.shape
    for tensor in (fitted.mean, fitted.axes, fitted.variances, codes, images):
        assert tensor.dtype == torch.float32 and not tensor.requires_grad
        assert tensor.device == x.device
    points = PCA.fit(torch.randn(30, 5))
    assert points.axes.shape == (5, 5) and points.mean.shape == (5,)


def test_far_from_zero_the_digits_are_kept():
    """In float32 the squares would leave none."""
    x = pictures().double()
    near, far = PCA.fit(x), PCA.fit(x + 1e5)
    assert far.variances.tolist() == pytest.approx(near.variances.tolist(), rel=1e-4)


# SSE on the test images, from closed forms computed elsewhere.
ANCHORS = {
    "fashion_mnist": {2: 36.35, 8: 21.07, 10: 19.26, 16: 16.25, 32: 12.10, 64: 8.31},
    "mnist": {2: 43.68, 8: 30.18, 10: 27.57, 16: 21.96, 32: 14.00, 64: 7.54},
}


@pytest.mark.parametrize("name", ANCHORS)
def test_errors_on_the_small_data_sets(name):
    images = getattr(data, name)(profile="fast")
    fitted, test = PCA.fit(images.train.images), images.test.images
    for k, expected in ANCHORS[name].items():
        error = metrics.sse(fitted.rebuild(test, k), test).mean().item()
        assert error == pytest.approx(expected, abs=0.011), k
