"""Nearest neighbours against brute force; the probe against scikit-learn by hand."""

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


def scores(train, test):
    return metrics.fit_probe(*train).accuracy(*test)


def test_fit_probe_agrees_with_the_bayes_classifier():
    train, test = blobs(3_000), blobs(3_000)
    centres = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]])
    nearest = torch.cdist(test[0], centres).argmin(1)
    best = (nearest == test[1]).double().mean().item()
    probe = scores(train, test)
    assert probe.logistic == pytest.approx(best, abs=0.01)
    assert best - 0.05 < probe.knn <= best + 0.01
    assert probe.l2 in metrics.probes.L2_GRID


def test_fit_probe_is_the_regression_that_scikit_learn_converges_to():
    """One implementation: within 0.1 points of one run to the end, without warm start.

    Noise that looks like the data is left in: a large weight decay is best, and the
    choice of the weight counts.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    (train, y), (test, y_test) = blobs(400, noise=2.0), blobs(2_000, noise=2.0)
    train = torch.cat([train, torch.randn(400, 40)], dim=1)
    test = torch.cat([test, torch.randn(2_000, 40)], dim=1)
    scaler = StandardScaler().fit(train.double().numpy())
    x, x_test = (scaler.transform(part.double().numpy()) for part in (train, test))

    def fitted(x, y, l2):
        return LogisticRegression(C=1 / (l2 * len(x)), tol=1e-8, max_iter=9_999).fit(
            x, y
        )

    fit_x, val_x, fit_y, val_y = train_test_split(
        x, y.numpy(), test_size=0.2, random_state=0, stratify=y.numpy()
    )
    grid = {
        l2: fitted(fit_x, fit_y, l2).score(val_x, val_y)
        for l2 in metrics.probes.L2_GRID
    }
    probe = metrics.fit_probe(train, y)
    assert len(set(grid.values())) > 2  # the choice is one
    assert probe.l2 == max(grid, key=grid.__getitem__)
    expected = fitted(x, y.numpy(), probe.l2).score(x_test, y_test.numpy())
    assert probe.accuracy(test, y_test).logistic == pytest.approx(expected, abs=1e-3)
    guess = (probe.predict(test) == y_test).double().mean().item()
    assert guess == probe.accuracy(test, y_test).logistic


def test_fit_probe_standardises_by_the_training_set():
    (train, y), (test, y_test) = blobs(600), blobs(300)
    scale, shift = torch.tensor([1e-4, 1e4]), torch.tensor([500.0, -3e3])
    plain = scores((train, y), (test[:100], y_test[:100]))
    moved = scores(
        (train.double() * scale + shift, y),
        (test[:100].double() * scale + shift, y_test[:100]),
    )
    assert moved == pytest.approx(plain, abs=1e-12)


def test_fit_probe_knn_agrees_with_brute_force():
    (train, y), (test, y_test) = blobs(300), blobs(200)
    mean, std = train.double().mean(0), train.double().std(0, correction=0)
    guess = by_hand((train - mean) / std, y, (test - mean) / std, 5)
    expected = (guess == y_test).double().mean().item()
    assert scores((train, y), (test, y_test)).knn == pytest.approx(expected)


def test_fit_probe_of_noise_is_near_chance():
    y = torch.arange(1_000) % 4
    probe = scores((torch.randn(1_000, 8), y), (torch.randn(1_000, 8), y))
    assert probe.logistic < 0.35 and probe.knn < 0.35


@pytest.mark.parametrize("value", [0.0, 0.1])
def test_fit_probe_bears_dead_units(value):
    (train, y), (test, y_test) = blobs(600), blobs(300)
    probe = metrics.fit_probe(torch.nn.functional.pad(train, (0, 1), value=value), y)
    padded = torch.nn.functional.pad(test, (0, 1), value=value + 1e-3)
    assert probe.accuracy(padded, y_test).logistic > 0.8
    assert (probe.predict(padded) == y_test).double().mean() > 0.8
