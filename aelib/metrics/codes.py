"""Measures of a code: what of it is used, what it spans, what it tells of labels."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from aelib.metrics.checking import check_labels, check_values

L2_GRID = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # per-example weight of |w|^2 / 2


def active_units(mean: Tensor, *, threshold: float = 0.01) -> int:
    """Coordinates whose posterior mean moves with the image: Var_x(mean_j) > threshold.

    Args:
        mean: posterior means of many images, (N, D), N at least 2.
        threshold: a variance; 0.01 is custom.

    Source: arXiv:1509.00519.

    Raises:
        TypeError, ValueError: `mean` is not as above or not finite, or `threshold` < 0.
    """
    _check_codes("mean", mean)
    if not threshold >= 0:
        raise ValueError(f"threshold must not be negative, got {threshold}")
    return int((mean.var(dim=0, correction=0) > threshold).sum())


def dead_units(codes: Tensor) -> int:
    """Coordinates with one and the same value for every example, (N, D) -> count.

    A unit behind a ReLU that no example switches on is dead: it is 0 for all of them.

    Raises:
        TypeError, ValueError: `codes` is not (N, D) with N at least 2, or not finite.
    """
    _check_codes("codes", codes)
    return int((codes.amax(dim=0) == codes.amin(dim=0)).sum())


def principal_angles(a: Tensor, b: Tensor) -> Tensor:
    """Angles between the column spaces of a and b, in degrees, ascending.

    Args:
        a, b: (N, k) and (N, m), each with independent columns.

    Returns:
        (min(k, m),), float64, in [0, 90]; all zero if one space holds the other.

    Source: Knyazev and Argentati, SIAM J. Sci. Comput. 23 (2002): the sine serves the
    small angles, where the cosine loses half of the digits.

    Raises:
        TypeError, ValueError: the shapes do not fit, a value is not finite, or columns
            are dependent.
    """
    bases = []
    for name, matrix in (("a", a), ("b", b)):
        check_values(name, matrix, "(N, k)")
        matrix = matrix.double()
        if matrix.shape[0] != a.shape[0]:
            raise ValueError(
                f"a and b must have as many rows, got {a.shape[0]} and {b.shape[0]}"
            )
        if torch.linalg.matrix_rank(matrix) < matrix.shape[1]:
            raise ValueError(
                f"{name} must have independent columns, got rank "
                f"{int(torch.linalg.matrix_rank(matrix))} of {matrix.shape[1]}"
            )
        bases.append(torch.linalg.qr(matrix).Q)
    large, small = sorted(bases, key=lambda basis: -basis.shape[1])
    cosines = torch.linalg.svdvals(large.T @ small).clamp(max=1)  # descending
    outside = small - large @ (large.T @ small)
    sines = torch.linalg.svdvals(outside).flip(0).clamp(max=1)  # ascending
    sines = sines[: len(cosines)]
    angles = torch.where(cosines.square() > 0.5, sines.asin(), cosines.acos())
    return angles.rad2deg()


class Probe(NamedTuple):
    """Test accuracies in [0, 1] of two simple classifiers on frozen codes."""

    logistic: float
    knn: float
    l2: float


def linear_probe(
    train_codes: Tensor, train_labels: Tensor, test_codes: Tensor, test_labels: Tensor
) -> Probe:
    """What codes tell of labels: logistic regression and 5 nearest neighbours.

    Codes are standardised on the training set. The regression's L2 weight is chosen on
    a fifth of the training set (equal labels give an equal split); then the regression
    is fitted to all of it.

    Args:
        train_codes, test_codes: (N, D) and (M, D), from a frozen encoder in eval mode;
            for a VAE the posterior mean.
        train_labels, test_labels: (N,) and (M,), integers.

    Raises:
        TypeError, ValueError: shapes or dtypes do not fit, a value is not finite, or
            there are fewer than 2 classes or 10 examples of one.
    """
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.preprocessing import StandardScaler

    _check_probe(train_codes, train_labels, test_codes, test_labels)
    scaler = StandardScaler().fit(_array(train_codes))
    train, test = (scaler.transform(_array(c)) for c in (train_codes, test_codes))
    y_train, y_test = train_labels.cpu().numpy(), test_labels.cpu().numpy()
    l2 = _choose_l2(train, y_train)
    logistic = _logistic_accuracy(l2, train, y_train, test, y_test)
    knn = KNeighborsClassifier(n_neighbors=5).fit(train, y_train)
    return Probe(logistic, float(knn.score(test, y_test)), l2)


def _choose_l2(codes: np.ndarray, labels: np.ndarray) -> float:
    from sklearn.model_selection import train_test_split

    fit_x, val_x, fit_y, val_y = train_test_split(
        codes, labels, test_size=0.2, random_state=0, stratify=labels
    )
    scores = {l2: _logistic_accuracy(l2, fit_x, fit_y, val_x, val_y) for l2 in L2_GRID}
    return max(scores, key=scores.__getitem__)


def _logistic_accuracy(
    l2: float, fit_x: np.ndarray, fit_y: np.ndarray, x: np.ndarray, y: np.ndarray
) -> float:
    from sklearn.linear_model import LogisticRegression

    # scikit-learn minimises C sum(loss) + |w|^2 / 2, we mean(loss) + l2 |w|^2 / 2
    model = LogisticRegression(C=1 / (l2 * len(fit_x)), max_iter=5_000)
    return float(model.fit(fit_x, fit_y).score(x, y))


def _array(codes: Tensor) -> np.ndarray:
    return codes.detach().cpu().double().numpy()


def _check_codes(name: str, codes: Tensor) -> None:
    check_values(name, codes, "(N, D)")
    if len(codes) < 2:
        raise ValueError(f"{name} must hold at least 2 examples, got {len(codes)}")


def _check_probe(
    train_codes: Tensor, train_labels: Tensor, test_codes: Tensor, test_labels: Tensor
) -> None:
    check_values("train_codes", train_codes, "(N, D)")
    check_values("test_codes", test_codes, "(N, D)")
    check_labels("train_labels", train_labels, len(train_codes))
    check_labels("test_labels", test_labels, len(test_codes))
    if train_codes.shape[1] != test_codes.shape[1]:
        raise ValueError(
            f"train_codes and test_codes must have one size D, "
            f"got {train_codes.shape[1]} and {test_codes.shape[1]}"
        )
    counts = train_labels.unique(return_counts=True)[1]
    if len(counts) < 2 or counts.min() < 10:
        raise ValueError(
            "train_labels must hold 10 examples or more of each of 2 classes or more, "
            f"got counts {counts.tolist()}"
        )
