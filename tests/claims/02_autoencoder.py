"""The numbers of chapter 02, computed again."""

import torch
from published import HINTON_2006

from aelib import data, systems
from aelib.linear import PCA

fashion, digits = data.fashion_mnist(), data.mnist()
n_pixels = fashion.train.images[0].numel()
code_size = systems.SYSTEMS["S0-FC"].code_size
n_dead_of = systems.SYSTEMS["S3-AE"].code_size
each = evidence.curve("error of each test image")
label = evidence.curve("test labels")["label"]
wins = (each["16-number code"] < each["PCA-16"]).float()
by_class = torch.stack([wins[label == c].mean() for c in range(10)])
n_all = len(data.fashion_mnist(profile="fast").train.images) * 10
SIZES = (2, 4, 8, 16, 32, 64)


def mse(x_hat, x):
    return (x_hat - x).square().mean().item()


def value(row, column="MSE"):
    return float(evidence[row, column])


def below(row, other, column="MSE"):
    """Resolved: the paired difference exceeds twice its own error."""
    return evidence.less(row, other, column)


# the opening and the bets
says("Sixteen numbers are enough to redraw", code_size)
says("Both lower rows were drawn from sixteen numbers a picture", code_size)
says("adds up sixteen fixed patterns", code_size)
says("Over all ten thousand test pictures, on how many", len(label))
says("64 instead of 16", max(SIZES), code_size)
says("A picture enters as 784 grey values", n_pixels)
says("With sixteen numbers it must find out", code_size)
