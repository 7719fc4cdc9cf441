"""Simple classifiers on frozen codes, fitted once and asked often."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from aelib import _expect

L2_GRID = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # per-example weight of |w|^2 / 2
_CHUNK = 1_000  # test codes at a time: memory is 4 * _CHUNK * N bytes


class Probe(NamedTuple):
    """Test accuracies in [0, 1] of two simple classifiers on frozen codes."""

    logistic: float
    knn: float
    l2: float


def knn_accuracy(
    train_codes: Tensor,
    train_labels: Tensor,
    test_codes: Tensor,
    test_labels: Tensor,
    *,
    n_neighbours: int = 5,
) -> float:
    """Share of test codes whose nearest training codes vote for the right label.

    Euclidean distance on the codes as they are (standardise them first, if their
    scales differ); ties between labels go to the smaller one. In float32 and in chunks,
    so that 60,000 training codes fit.

    Args:
        train_codes, test_codes: (N, D) and (M, D).
        train_labels, test_labels: (N,) and (M,), integers, 0 or more.
        n_neighbours: voters, odd to avoid most ties.

    Raises:
        TypeError, ValueError: shapes or dtypes do not fit, a value is not finite, or
            `n_neighbours` is not in [1, N].

    >>> codes, labels = torch.tensor([[0.0], [1.0], [9.0]]), torch.tensor([0, 0, 1])
    >>> knn_accuracy(codes, labels, codes + 0.1, labels, n_neighbours=1)
    1.0
    """
    _check(train_codes, train_labels, test_codes)
    _expect.labels("test_labels", test_labels, len(test_codes))
    _expect.same_device("train_labels", train_labels, "train_codes", train_codes)
    _expect.same_device("test_labels", test_labels, "train_codes", train_codes)
    n_neighbours = _expect.integer(
        "n_neighbours", n_neighbours, least=1, most=len(train_codes)
    )
    guess = _neighbours_vote(
        train_codes.detach(), train_labels.long(), test_codes.detach(), n_neighbours
    )
    return (guess == test_labels).sum().item() / len(test_labels)


def fit_probe(train_codes: Tensor, train_labels: Tensor) -> "FittedProbe":
    """What codes tell of labels: logistic regression and 5 nearest neighbours.

    `fit_probe(train_codes, train_labels).accuracy(test_codes, test_labels)`. Codes are
    standardised on the training set, here and later. The L2 weight of the regression
    is chosen on a fifth of the training set (equal labels give an equal split); then
    the regression is fitted to all of it. In float64 on the CPU.

    Args:
        train_codes: (N, D), from a frozen encoder in eval mode; for a VAE the posterior
            mean.
        train_labels: (N,), integers, 0 or more, 10 or more of each.

    Raises:
        TypeError, ValueError: shapes or dtypes do not fit, a value is not finite, or
            there are fewer than 2 classes or 10 examples of one.

    >>> labels = torch.arange(40) % 2
    >>> codes = torch.stack([labels, torch.arange(40)], dim=1).float()
    >>> fit_probe(codes, labels).accuracy(codes, labels).logistic
    1.0
    """
    _check(train_codes, train_labels, train_codes)
    counts = train_labels.cpu().unique(return_counts=True)[1]
    if len(counts) < 2 or counts.min() < 10:
        raise ValueError(
            "train_labels must hold 10 examples or more of each of 2 classes or more, "
            f"got counts {counts.tolist()}"
        )
    return FittedProbe(train_codes.detach().cpu().double(), train_labels.cpu())


class FittedProbe:
    """Logistic regression and 5 nearest neighbours on codes; made by `fit_probe`.

    Attributes:
        l2: the chosen weight, per example, of |w|^2 / 2.
    """

    def __init__(self, codes: Tensor, labels: Tensor) -> None:
        self._mean = codes.mean(dim=0)
        std = codes.std(dim=0, correction=0)
        self._std = torch.where(std > 0, std, torch.ones_like(std))
        self._codes, self._labels = self._standardise(codes), labels
        x, y = self._codes.numpy(), labels.numpy()
        self.l2 = _choose_l2(x, y)
        self._logistic = _fit_logistic(_new_logistic(), self.l2, x, y)

    def predict(self, codes: Tensor) -> Tensor:
        """Labels by the logistic regression, (M, D) -> (M,), on the codes' device.

        Raises:
            TypeError, ValueError: `codes` is not finite (M, D), with the D of the fit.

        >>> labels = torch.arange(40) % 2
        >>> codes = labels[:, None].float()
        >>> fit_probe(codes, labels).predict(torch.tensor([[0.1], [0.9]]))
        tensor([0, 1])
        """
        standard = self._checked(codes).numpy()
        return torch.from_numpy(self._logistic.predict(standard)).to(codes.device)

    def accuracy(self, codes: Tensor, labels: Tensor) -> Probe:
        """Share of right labels, in [0, 1], by both classifiers.

        Raises:
            TypeError, ValueError: `codes` is not finite (M, D), or `labels` not (M,).
        """
        standard = self._checked(codes)
        _expect.labels("labels", labels, len(codes))
        _expect.held("labels", labels)
        labels = labels.cpu()
        logistic = float(self._logistic.score(standard.numpy(), labels.numpy()))
        knn = knn_accuracy(self._codes, self._labels, standard, labels)
        return Probe(logistic, knn, self.l2)

    def _checked(self, codes: Tensor) -> Tensor:
        _expect.measured("codes", codes, "(N, D)")
        if codes.shape[1] != len(self._mean):
            raise ValueError(
                f"codes must have the size D = {len(self._mean)} of the training set, "
                f"got {codes.shape[1]}"
            )
        return self._standardise(codes.detach().cpu().double())

    def _standardise(self, codes: Tensor) -> Tensor:
        return (codes - self._mean) / self._std


def _neighbours_vote(
    train: Tensor, labels: Tensor, test: Tensor, n_neighbours: int
) -> Tensor:
    # Distances lose digits where the codes lie far from 0: centre them first.
    centre = train.mean(dim=0)
    train, test = (train - centre).float(), (test - centre).float()
    sizes = train.square().sum(dim=1)  # (N,)
    n_classes = int(labels.max()) + 1
    guesses = []
    for part in test.split(_CHUNK):
        closeness = 2 * part @ train.T - sizes  # -|a - b|^2 + |a|^2
        voters = labels[closeness.topk(n_neighbours, dim=1).indices]
        votes = torch.nn.functional.one_hot(voters, n_classes).sum(dim=1)
        guesses.append(votes.argmax(dim=1))
    return torch.cat(guesses)


def _choose_l2(codes: np.ndarray, labels: np.ndarray) -> float:
    from sklearn.model_selection import train_test_split

    fit_x, val_x, fit_y, val_y = train_test_split(
        codes, labels, test_size=0.2, random_state=0, stratify=labels
    )
    model, scores = _new_logistic(), {}
    for l2 in sorted(L2_GRID, reverse=True):  # each starts where the stronger one ended
        scores[l2] = _fit_logistic(model, l2, fit_x, fit_y).score(val_x, val_y)
    return max(sorted(scores), key=scores.__getitem__)


def _new_logistic() -> "LogisticRegression":  # noqa: F821
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=5_000, warm_start=True)


def _fit_logistic(
    model: "LogisticRegression",  # noqa: F821
    l2: float,
    x: np.ndarray,
    y: np.ndarray,
) -> "LogisticRegression":  # noqa: F821
    # scikit-learn minimises C sum(loss) + |w|^2 / 2, we mean(loss) + l2 |w|^2 / 2
    return model.set_params(C=1 / (l2 * len(x))).fit(x, y)


def _check(train_codes: Tensor, train_labels: Tensor, test_codes: Tensor) -> None:
    _expect.measured("train_codes", train_codes, "(N, D)")
    _expect.measured("test_codes", test_codes, "(N, D)")
    _expect.labels("train_labels", train_labels, len(train_codes))
    if train_codes.shape[1] != test_codes.shape[1]:
        raise ValueError(
            f"train_codes and test_codes must have one size D, "
            f"got {train_codes.shape[1]} and {test_codes.shape[1]}"
        )
    _expect.together("test_codes", test_codes, "train_codes", train_codes)
    _expect.held("train_labels", train_labels)
    smallest = int(train_labels.min())
    if smallest < 0:
        raise ValueError(f"train_labels must be 0 or more, got {smallest}")
