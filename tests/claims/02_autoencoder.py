"""The numbers of chapter 02, computed again."""

import torch
from published import HINTON_2006

from aelib import data, systems
from aelib.linear import PCA

fashion, digits = data.fashion_mnist(), data.mnist()
images, test = fashion.train.images, fashion.test.images
n_pixels = images[0].numel()
code_size = systems.SYSTEMS["S0-FC"].code_size
n_units = systems.SYSTEMS["S3-AE"].code_size
each = evidence.curve("error of each test image")
label = evidence.curve("test labels")["label"]
wins = (each["16-number code"] < each["PCA-16"]).float()
by_class = torch.stack([wins[label == c].mean() for c in label.unique()])
n_all = 10 * len(images)  # the embedded pictures are a tenth of all
SIZES = (2, 4, 8, 16, 32, 64)
RATES = (0.001, 0.004, 0.008)
LONG, UNSEEN = "16-number code, 30 epochs", "16-number code, never seen"


def mse(x_hat, x):
    return (x_hat - x).square().mean().item()


def value(row, column="MSE"):
    return float(evidence[row, column])


def share(row, other, column="MSE"):
    return value(row, column) / value(other, column)


def resolved(row, other, column="MSE"):
    """Below, by more than twice the error of the paired difference."""
    return evidence.less(row, other, column)


def lead(size):
    """What of PCA's error a code of this size leaves."""
    return value(f"{size} numbers") / value(f"PCA-{size}, garments")


# the opening, the bets, the hourglass
says("Sixteen numbers are enough to redraw", code_size)
says("Both lower rows were drawn from sixteen numbers a picture", code_size)
says("PCA adds up sixteen fixed patterns", code_size)
says("Over all ten thousand test pictures, on how many", len(label))
says("64 instead of 16", max(SIZES), code_size)
says("A picture enters as 784 grey values", n_pixels)
says("With sixteen numbers it must find out", code_size)
pixels = torch.tensor([0.2, 0.8])
says("one with grey value 0.2 and one with 0.8", pixels[0].item(), pixels[1].item())

# the network
zeros = (images == 0).float().mean().item()
says("Half of all pixels are exactly black", 0.45 < zeros < 0.55)
ends = torch.tensor([-1e9, 1e9]).tanh()
says("can only approach -1 and 1, so if black is -1", ends[0], ends[1], ends[0])
says("If black were 0, each", torch.zeros(()).atanh())
pca = PCA.fit(images)
small = mse(pca.rebuild(test, 16), test)
says("ends near 0.015", live="0.013 < error < 0.017")
says("where PCA has 0.0207", small)
says("all sixty thousand pictures the same thirty epochs", n_all, setting("n_epochs"))
says("lead to 0.0108, about half", value(LONG))
says("half of PCA's 0.0205", value("PCA-16, garments"))
says("about half of PCA's", 0.45 < share(LONG, "PCA-16, garments") < 0.55)
says("Multiply the loss by 784", n_pixels)
says("would take steps 784 times as long", n_pixels)

# the bets, answered
says("class by class, over all ten thousand", len(label))
says("wins on 99 % of them", 100 * wins.mean())
says("more than 96 % in every class", torch.floor(100 * by_class.min()))
says("Of ten thousand pictures", len(label))
leads = {size: lead(size) for size in SIZES}
says("at 64. A wide linear code", max(leads))
says("with 64 directions, a plane", max(leads))
says("what PCA does with 64", max(leads))
says("Take a code of 1568 numbers", 2 * n_pixels)
