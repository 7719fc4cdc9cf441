"""Nearest neighbours against brute force, the fitted probe against `linear_probe`."""

import pytest
import torch

from aelib import metrics


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def blobs(n, noise=1.0):
    labels = torch.arange(n) % 3
    centres = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]])
    return centres[labels] + noise * torch.randn(n, 2), labels


def by_hand(train, labels, test, n_neighbours):
    distances = torch.cdist(test.double(), train.double())
    guesses = []
    for row in distances:
        voters = labels[row.argsort()[:n_neighbours]].tolist()
        guesses.append(max(sorted(set(voters)), key=voters.count))
    return torch.tensor(guesses)


@pytest.mark.parametrize("n_neighbours", [1, 4, 5])
def test_knn_accuracy_agrees_with_brute_force(n_neighbours, monkeypatch):
    monkeypatch.setattr(metrics.probes, "_CHUNK", 30)  # several chunks, one smaller
    (train, y), (test, y_test) = blobs(200), blobs(100)
    found = metrics.knn_accuracy(train, y, test, y_test, n_neighbours=n_neighbours)
    guess = by_hand(train, y, test, n_neighbours)
    assert found == (guess == y_test).double().mean().item()


def test_knn_accuracy_far_from_the_origin():
    (train, y), (test, y_test) = blobs(200), blobs(100)
    near = metrics.knn_accuracy(train, y, test, y_test)
    far = metrics.knn_accuracy(train.double() + 1e5, y, test.double() + 1e5, y_test)
    assert far == near


def test_fitted_probe_agrees_with_linear_probe():
    (train, y), (test, y_test) = blobs(600), blobs(300)
    expected = metrics.linear_probe(train, y, test, y_test)
    probe = metrics.fit_probe(train, y)
    found = probe.accuracy(test, y_test)
    assert found.l2 == expected.l2 == probe.l2
    assert found.logistic == pytest.approx(expected.logistic, abs=0.005)
    assert found.knn == pytest.approx(expected.knn, abs=0.005)


def test_fitted_probe_standardises_by_the_training_set():
    (train, y), (test, y_test) = blobs(600), blobs(300)
    scale, shift = torch.tensor([1e-3, 1e3]), torch.tensor([5.0, -3e3])
    plain = metrics.fit_probe(train, y).accuracy(test[:100], y_test[:100])
    moved = metrics.fit_probe(train * scale + shift, y).accuracy(
        test[:100] * scale + shift, y_test[:100]
    )
    assert moved == pytest.approx(plain, abs=0.011)


def test_fitted_probe_bears_dead_units():
    (train, y), (test, y_test) = blobs(600), blobs(300)
    probe = metrics.fit_probe(torch.nn.functional.pad(train, (0, 1)), y)
    padded = torch.nn.functional.pad(test, (0, 1))
    assert probe.accuracy(padded, y_test).logistic > 0.8
    assert (probe.predict(padded) == y_test).double().mean() > 0.8
