"""Principal component analysis: the best linear code, and what it must lose."""

import torch
from torch import Tensor

from aelib import _expect


class PCA:
    """The directions in which images (N, C, H, W), or points (N, ...), vary most.

    `PCA.fit(images)` makes one. It computes in float64 on the CPU; what it returns is
    float32, on the device of what it was given.

    Attributes:
        mean: (C, H, W), the mean image; zeros where `centre` was False.
        axes: (K, C, H, W), images of norm 1, orthogonal, in the order of `variances`;
            K is the smaller of N and C * H * W. The sign is chosen so that the largest
            number of each is positive.
        variances: (K,), mean squares along the axes, over N and not N - 1.

    Taught in: chapter 01.
    """

    def __init__(self, mean: Tensor, axes: Tensor, variances: Tensor) -> None:
        _expect.values("mean", mean)
        _expect.values("axes", axes)
        _expect.values("variances", variances, "(K,)")
        if axes.shape != (len(variances), *mean.shape):
            raise ValueError(
                f"axes must be (K, *mean.shape) = {(len(variances), *mean.shape)} "
                f"for K variances, got {tuple(axes.shape)}"
            )
        self.mean, self.axes, self.variances = mean, axes, variances
        self._mean = mean.cpu().double().flatten()  # (n,)
        self._axes = axes.cpu().double().flatten(1)  # (K, n)
        self._variances = variances.cpu().double()  # (K,)

    @classmethod
    def fit(cls, images: Tensor, *, centre: bool = True) -> "PCA":
        """The principal axes of `images`, (N, C, H, W) or (N, ...), N at least 2.

        Args:
            centre: subtract the mean image first. If not, the axes and variances are
                those about 0 instead of the mean.

        Raises:
            TypeError, ValueError: `images` is not as above, or not finite, or `centre`
                is not True or False.

        >>> points = torch.tensor([[3.0, 4.0], [-3.0, -4.0]])
        >>> pca = PCA.fit(points)
        >>> pca.axes[0], pca.variances[0]  # a direction, and the mean square along it
        (tensor([0.6000, 0.8000]), tensor(25.))
        """
        _expect.values("images", images)
        _expect.examples("images", images)
        if len(images) < 2:
            raise ValueError(f"images must hold at least 2 examples, got {len(images)}")
        _expect.flag("centre", centre)
        x = images.detach().cpu().double().flatten(1)  # (N, n)
        mean = x.mean(dim=0) if centre else torch.zeros_like(x[0])
        variances, axes = _principal(x - mean)
        shape = images.shape[1:]
        fitted = cls(mean.reshape(shape), axes.reshape(-1, *shape), variances)
        for name in ("mean", "axes", "variances"):
            plain = getattr(fitted, name).float().to(images.device)
            setattr(fitted, name, plain)
        return fitted

    def codes(self, x: Tensor, k: int) -> Tensor:
        """Coordinates of `x` along the first k axes, (M, C, H, W) -> (M, k).

        Raises:
            TypeError, ValueError: `x` is not of the images' shape or not finite, or `k`
                is not an int in [0, K].

        >>> points = torch.tensor([[3.0, 4.0], [-3.0, -4.0]])
        >>> PCA.fit(points).codes(points, 1)
        tensor([[ 5.],
                [-5.]])
        """
        return self._codes(x, k).float().to(x.device)

    def rebuild(self, x: Tensor, k: int) -> Tensor:
        """The nearest images to `x` that k numbers allow, (M, C, H, W) -> the same.

        Not clipped to [0, 1]. Errors as `codes`.

        >>> points = torch.tensor([[3.0, 4.0], [-3.0, -4.0]])
        >>> PCA.fit(points).rebuild(torch.tensor([[6.0, 8.0]]), 1)  # on the axis
        tensor([[6., 8.]])
        """
        codes = self._codes(x, k)
        images = self._mean + codes @ self._axes[: codes.shape[1]]
        return images.reshape(x.shape).float().to(x.device)

    def tail(self, k: int) -> float:
        """Sum of the variances behind the first k.

        It is the squared error of `rebuild`, summed over an image, in the mean over the
        images of the fit.

        Raises:
            TypeError, ValueError: `k` is not an int in [0, K].

        >>> points = torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
        >>> PCA.fit(points).tail(0), PCA.fit(points).tail(1)  # 2 + 1/2, then 1/2
        (2.5, 0.5)
        """
        return float(self._variances[self._count(k) :].sum())

    def _codes(self, x: Tensor, k: int) -> Tensor:
        k = self._count(k)
        _expect.values("x", x)
        if x.shape[1:] != self.mean.shape:
            wanted = ", ".join(["M", *map(str, self.mean.shape)])
            raise ValueError(f"x must be ({wanted}), got {tuple(x.shape)}")
        flat = x.detach().cpu().double().flatten(1)
        return (flat - self._mean) @ self._axes[:k].T

    def _count(self, k: int) -> int:
        return _expect.integer("k", k, least=0, most=len(self._axes))


def _principal(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean squares (K,), descending, and axes (K, n), of rows x (N, n), float64."""
    wide = len(x) < x.shape[1]
    # Both matrices have the same eigenvalues but for zeros: take the smaller one.
    products = x @ x.T if wide else x.T @ x
    ascending, vectors = torch.linalg.eigh(products / len(x))
    variances, vectors = ascending.flip(0).clamp(min=0), vectors.flip(1)
    # (n, K); QR makes the columns orthonormal, also those of variance 0
    columns = torch.linalg.qr(x.T @ vectors).Q if wide else vectors
    axes = columns.T
    largest = axes.gather(1, axes.abs().argmax(dim=1, keepdim=True))  # (K, 1)
    return variances, axes * largest.sign()
