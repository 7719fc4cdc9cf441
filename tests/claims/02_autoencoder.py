"""The numbers of chapter 02, computed again."""

import re

import published
import torch

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
SIZES = [
    int(row.split()[0]) for row in evidence.rows if re.fullmatch(r"\d+ numbers", row)
]
RATES = sorted({float(row.split()[-1]) for row in evidence.rows if row.startswith("[")})
TANH, SIGMOID = (systems.SYSTEMS[s].output_range for s in ("S0-FC", "S2-MLP"))
LONG, UNSEEN = "16-number code, 30 epochs", "16-number code, never seen"
STRANGERS = "PCA-16 clipped, never seen"


def mse(x_hat, x):
    return (x_hat - x).square().mean().item()


def value(row, column="MSE"):
    return float(evidence[row, column])


def share(row, other, column="MSE"):
    return value(row, column) / value(other, column)


def resolved(row, other, column="MSE"):
    """Below, by more than twice the error of the paired difference."""
    return evidence.less(row, other, column)


# the opening, the bets, the hourglass
says("Sixteen numbers are enough to redraw", code_size)
says("Both lower rows were drawn from sixteen numbers a picture", code_size)
says("PCA adds up sixteen fixed patterns", code_size)
says("Over all ten thousand test pictures, on how many", len(label))
says("64 instead of 16", max(SIZES), code_size)
says("A picture enters as 784 grey values", n_pixels)
says("With sixteen numbers it must find out", code_size)
says("one with grey value 0.2 and one with 0.8", *setting("grey_values"))

# the network
zeros = (images == 0).float().mean().item()
says("Half of all pixels are exactly black", 0.45 < zeros < 0.55)
says("can only approach -1 and 1, so if black is -1", *TANH, TANH[0])
says("If black were 0, each", sum(TANH) / len(TANH))
pca = PCA.fit(images)
small = mse(pca.rebuild(test, 16), test)
says("ends near 0.015", live="0.013 < error < 0.017")
says("PCA has 0.0207", small)
says("a little higher, since six thousand pictures are few", len(images))
STRAIGHT = [row for row in evidence.rows if row.startswith("no activation")]
straight = min(value(row) for row in STRAIGHT)
says("same layers end at 0.0204 with all pictures", straight)
says(
    "without its bend the network is no better than PCA",
    all(value(row) >= value("PCA-16, garments") for row in STRAIGHT),
)
says("all sixty thousand pictures the same thirty epochs", n_all, setting("n_epochs"))
says("lead to 0.0108, about half", value(LONG))
says("half of PCA's 0.0204", value("PCA-16, garments"))
says(", about half of PCA's", 0.45 < share(LONG, "PCA-16, garments") < 0.55)

# the bets, answered
says("Over all ten thousand test pictures the long run", len(label))
says("first seed is nearer on 99 %", 100 * wins.mean())
says("more than 96 % in every class", torch.floor(100 * by_class.min()))
says("PCA is left with 135 pictures", len(wins) - wins.sum())
leads = {
    size: value(f"{size} numbers") / value(f"PCA-{size}, garments") for size in SIZES
}
says("From four to sixteen numbers", code_size)
says("about half of PCA's. Then", all(0.45 < leads[k] < 0.55 for k in (4, 8, 16)))
says("the lead shrinks, and at", leads[16] < leads[32] < leads[64])
says(
    "with sixteen numbers reach in eight epochs what it needs thirty for",
    code_size,
    setting("n_epochs"),
)
says("wider inside than the long run's, and", value("16 numbers") <= value(LONG))
says("at the right end it is a quarter", 0.2 < 1 - leads[64] < 0.3)
beaten = [k for k in SIZES if resolved("8 numbers", f"PCA-{k}, garments")]
level = [k for k in SIZES if 1 < share("16 numbers", f"PCA-{k}, garments") < 1.05]
says("with 8 numbers the network beats PCA with 32", SIZES[2], beaten[-1])
says("with 16 it nearly reaches PCA with 64", code_size, level[0])

# what it never saw
KINDS = ("shoes", "upside down", "digits", "ramp")
left = {kind: 1 - share(UNSEEN, STRANGERS, kind) for kind in KINDS}
says(
    "On shoes the network has little more than half of PCA's error",
    0.44 < left["shoes"] < 0.5,
)
says("to a tenth on shoes upside down", 1 / 11 < left["upside down"] < 1 / 9)
says("to a fortieth on digits", 1 / 44 < left["digits"] < 1 / 36)
says(
    "On strangers the lead melts",
    all(resolved(UNSEEN, STRANGERS, kind) for kind in KINDS),
)
says("On noise it turns round", resolved(STRANGERS, UNSEEN, "noise"))
says(
    "the network loses even to the mean image",
    resolved("mean image, never seen", UNSEEN, "noise"),
)
says("Only on the ramp it keeps a good part", left["ramp"] > 2 * left["upside down"])
says(
    "fits almost twice as well as the plane",
    1.8 < 1 / share(UNSEEN, STRANGERS, "shoes") < 2,
)

# three numbers
says("all sixty thousand, they are right", n_all)
says("right for 88 % of the test digits", value("three-number code", "5-NN"))
says("with three principal components it is 49 %", value("PCA-3, codes", "5-NN"))

# the wrong range
says("whose outputs lie between 0 and 1", *SIGMOID)
says("can at best be drawn as 0", min(SIGMOID))
floor = value("floor of a Sigmoid, digits")
mean_image = value("mean image, digits")
says("On all test digits the floor is 0.208, three times", floor)
says("three times the error of the mean image, 0.067", mean_image)
says("three times the error", 2.8 < floor / mean_image < 3.2)
says("all digits end at 0.212", value("one hidden layer, pixels in [-1, 1]"))
says("same network reaches 0.0067", value("one hidden layer, pixels in [0, 1]"))

# a ReLU on the code
RELU, LINEAR = "20-number code, ReLU, start: {}", "20-number code, linear, start: {}"
STARTS = ("PyTorch", "mean image")
killed = {s: evidence[RELU.format(s), "dead units"].runs.values() for s in STARTS}
says("The next network has twenty numbers", n_units)
says("twenty units of a code, one row each", n_units)
says("of the twenty units dead, and the error", n_units)
says("leaves between four and seven", sorted(killed["PyTorch"]) == [4, 6, 7])
says("one or two are dead", set(killed["mean image"]) == {1, 2})
third = share(RELU.format("PyTorch"), LINEAR.format("PyTorch")) - 1
says("the error is a third above", 0.28 < third < 0.38)
says(
    "The linear code has none from either start",
    all(value(LINEAR.format(s), "dead units") == 0 for s in STARTS),
)
says(
    "its error is smaller from both",
    all(resolved(LINEAR.format(s), RELU.format(s)) for s in STARTS),
)

# the start
ROW = "[{}, 1], start: {}, rate {:g}"


def crossed(low, start, rate=0.004):
    return ROW.format(low, start, rate)


worst = crossed(0, "PyTorch")
says(
    "Each change lowers the error by itself",
    all(resolved(crossed(-1, s, r), crossed(0, s, r)) for s in STARTS for r in RATES)
    and all(
        resolved(crossed(low, "mean image", r), crossed(low, "PyTorch", r))
        for low in (0, -1)
        for r in RATES
    ),
)
says(
    "tried, 0.001 and 0.008",
    *(r for r in RATES if ROW.format(0, "PyTorch", r) != worst),
)
says("Even the worst of the four beats PCA", resolved(worst, "PCA-16, garments"))

# the start and the range, taken apart
PART = "start: small last layer {}, mean image {}"
OURS, PYTORCH = crossed(-1, "mean image"), crossed(-1, "PyTorch")
quiet = PART.format(True, False)
gain = value(PYTORCH) - value(OURS)
says(
    "The small last layer does the work",
    resolved(quiet, PYTORCH) and value(PYTORCH) - value(quiet) > 0.9 * gain,
)
says(
    "alone is even worse than PyTorch's start",
    resolved(PYTORCH, PART.format(False, False)),
)
says("the mean image adds little", value(quiet) - value(OURS) < 0.1 * gain)

# a landmark
says("a squared error of 3.00", published.HINTON_2006["deep autoencoder"])
says("a picture, where PCA has 13.87", published.HINTON_2006["PCA"])
says("no pre-training reach 3.65", value("784-1000-500-250-30", "SSE"))
says("PCA has 13.87 here as well", value("PCA-30, digits", "SSE"))

# exercises
says("trained on six thousand pictures", len(images))
says("for at most thirty epochs", setting("n_epochs"))
KERAS = "Keras recipe, {}, start: {}"
says("ends at 0.0193", value(KERAS.format("ReLU", "PyTorch")))
says("Keras' at 0.0120", value(KERAS.format("ReLU", "Keras")))
says("PCA-32 has 0.0168", value("PCA-32, digits"))
gain = {
    s: resolved(KERAS.format("linear", s), KERAS.format("ReLU", s))
    for s in ("Keras", "PyTorch")
}
says("resolved only from Keras' start", gain["Keras"] and not gain["PyTorch"])
