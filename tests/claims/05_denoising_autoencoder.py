"""The numbers of chapter 05, computed again."""

import re
from itertools import pairwise

from chapters import ROOT
from torch import nn

from aelib import data

script = (ROOT / "experiments" / "05_denoising_autoencoder.py").read_text()
images = data.fashion_mnist().train.images
n_pixels = images[0].numel()
LEVELS = [column[6:] for column in evidence.columns if column.startswith("PSNR")]
LOW, MIDDLE, HIGH = (f"PSNR, {level}" for level in LEVELS)
FILTERS = ("median", "total variation", "non-local means", "PCA", "Wiener")
LINEAR = "linear, 11 by 11"
NETWORKS = ("dense", "window 7", "window 11", "window 19", "U-Net")
NARROW, WINDOW, WIDE = NETWORKS[1:4]
DENSE = [f"dense of {level}" for level in LEVELS]
ARROWS = [row for row in evidence.rows if row.startswith("arrows at ")]
ALONE = next(row for row in ARROWS if row.endswith("alone"))
ARROWS.remove(ALONE)
plane = evidence.curve("plane")
WALKS = ("digits with noise", "fitted Gaussian", "last level only")


def value(row, column):
    return float(evidence[row, column])


def above(row, other, column):
    """By more than twice the error of the paired difference."""
    return evidence.less(other, row, column)


def in_script(name):
    """How many images the full scale of the experiment takes."""
    return int(re.search(rf"^{name} = .*full=([\d_]+)", script, re.M)[1])


n_train, n_test = in_script("x_train"), in_script("x_test")

# the bets, and one Gaussian by hand
hidden = [int(n) for n in re.findall(r"nn\.Linear\(n_pixels, (\d+)\)", script)]
widths = [n_pixels, *hidden, *hidden, n_pixels]
n_dense = sum(a * b + b for a, b in pairwise(widths)) / 1_000_000
says("a network with 1.1 million weights beat it", n_dense)
mean, spread, sigma, y = (setting(name) for name in ("mean", "spread", "sigma", "y"))
whole = spread**2 + sigma**2
score = -(y - mean) / whole
says("Let $x$ have the mean 2 and the standard deviation 3", mean, spread)
says("Noise of standard deviation 4 comes on top", sigma)
says("likely values lie below 7", y)
says("Tweedie goes there, to 3.8", y + sigma**2 * score)
says("which believes 9 parts in 25 of the deviation", spread**2, whole)
says("you run away from the data, to 10.2", y - sigma**2 * score)
says("you stop at 6.2", y + sigma * score)

loud = float(LEVELS[2])
says('what has the variance 0.25 there is "noise 0.5" here', loud**2, loud)

# the arrows
inside = 100 - 100 * float(re.search(r"quantile\(([\d.]+)\)", script)[1])
says("Inside the line lie 95 % of the noisy points", inside)
says(
    "More noise fills the empty region",
    all(
        value(a, "reached") < value(b, "reached")
        and above(a, b, "outside")
        and above(a, b, "inside")
        for a, b in pairwise(ARROWS)
    ),
)
says(
    "and most in the empty region. Inside",
    all(value(row, "outside") > value(row, "inside") for row in ARROWS[:3]),
)
says("One trained with noise 0.1 alone", float(LEVELS[0]))
says(
    "It does, a little",
    all(above(ARROWS[0], ALONE, where) for where in ("inside", "outside")),
)

# the walks
says("From the last level alone nearly no walk", value(WALKS[2], "zeros") < 1)
learned, true = (f"{kind} arrows" for kind in ("learned", "true"))
says(
    "far closer than a fitted Gaussian",
    value(learned, "energy distance") < value(WALKS[1], "energy distance") / 5,
)
says(
    "no difference is resolved here",
    not evidence.less(learned, true, "energy distance")
    and not evidence.less(true, learned, "energy distance"),
)

# pictures
says("For pictures of 784 numbers", n_pixels)


def window_network(n_maps: int) -> nn.Sequential:
    layers = []
    for n_in, n_out in pairwise([1, *[n_maps] * 4, 1]):
        layers += [nn.Conv2d(n_in, n_out, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


n_maps = int(re.search(r"n_out = 1 if i == 4 else (\d+)", script)[1])
window = window_network(n_maps)
kept = evidence.restore(f"window 11, trained at {LEVELS[0]}", into=window)  # it fits
reach = 1 + 2 * sum(layer.padding[0] for layer in kept[::2])
n_shared = sum(p.numel() for p in kept.parameters())
says("Five convolutions with sixteen maps see 11 by 11 pixels", n_maps, reach, reach)
says("all places share the same 7,265 weights", n_shared)
n_steps = setting("window_epochs") * setting("n_images") / n_maps  # batches as large
n_live = setting("n_images")
says("over 4,000 garments, in batches of sixteen, are", n_live, n_maps)
says("of sixteen, are a thousand steps", n_maps, n_steps)
n_steps = setting("plane_epochs") * -(-len(plane["points"]) // setting("plane_batch"))
says("can afford four thousand steps", n_steps)
level = float(LEVELS[1])
says("ten test images at noise 0.25, and two answers", level)
says("784-512-512-784, with 1.1 million weights.", n_dense)
says("know the same 20,000 garments", n_train)

# against the filters
rival = max(FILTERS, key=lambda row: value(row, LOW))
says(
    "leaves all filters behind, by more than a decibel",
    value(WINDOW, LOW) - value(rival, LOW) > 1,
)
says("the dense network *loses* to Wiener", above("Wiener", "dense", LOW))
says(
    "At the other two levels the dense network beats every filter",
    all(above("dense", row, level) for row in FILTERS for level in (MIDDLE, HIGH)),
)
says(
    "with much noise it leads the table",
    all(above("dense", row, HIGH) for row in (*FILTERS, WINDOW)),
)
says("the best matrix and 1.1 million weights", n_dense)
says("by all places beats both", above(WINDOW, "Wiener", LOW))
says(
    "stays behind Wiener everywhere",
    all(value(LINEAR, level) < value("Wiener", level) for level in (LOW, MIDDLE, HIGH)),
)
heart = "mean of training images"
says("Take the 20,000 garments as the points", n_train)
says("at noise 0.1 it has 17.6 dB", float(LEVELS[0]), value(heart, LOW))
says("*worse than doing nothing*", value(heart, LOW) < value("nothing", LOW))
says("at 0.5 it is level with Wiener", float(LEVELS[2]))
says("it is level with Wiener", abs(value(heart, HIGH) - value("Wiener", HIGH)) < 0.15)
says("and behind the dense network. It", value("dense", HIGH) > value(heart, HIGH) + 1)
says("ten garments at noise 0.5, cleaned by", float(LEVELS[2]))
best_filter = max(value(row, HIGH) for row in FILTERS)
best_network = max(value(row, HIGH) for row in NETWORKS)
says(
    "On a thousand test images the best filter reaches 17.7 decibels, and the best"
    " network 19.2",
    n_test,
    best_filter,
    best_network,
)

# how far to look
spreads = [
    [int(d) for d in found.split(",")]
    for found in re.findall(r"\d+: \(([\d, ]+)\)", script)
]
narrow, usual, wide = (1 + 2 * sum(found) for found in spreads)
says("The window grows from 11 to 19 pixels", usual, wide)
says("the window has 7 pixels", narrow)
says(
    "With much noise every step outwards helps",
    above(WINDOW, NARROW, HIGH) and above(WIDE, WINDOW, HIGH),
)
says(
    "at equal weights 19 pixels gain 0.5 dB over 11",
    wide,
    value(WIDE, HIGH) - value(WINDOW, HIGH),
    usual,
)
says("than its view, gains again", above("U-Net", WIDE, HIGH))
says(
    "With little noise none does, and 11 pixels are best",
    usual,
)
says(
    "none does, and",
    all(above(WINDOW, row, LOW) for row in (NARROW, WIDE, "U-Net")),
)

# levels
says(
    "Every column has its best value on the diagonal",
    all(
        above(best, row, f"PSNR, {at}")
        for best, at in zip(DENSE, LEVELS, strict=True)
        for row in DENSE
        if row != best
    ),
)
says(
    "at the highest it loses 3.4 dB against",
    value(DENSE[2], HIGH) - value(DENSE[0], HIGH),
)

says(
    "makes pictures with little noise *worse* than they came",
    value(DENSE[2], LOW) < value("nothing", LOW),
)

# the demonstration
says("and for the noise of 0.5, for which", float(LEVELS[2]))
says(
    "exactly the wrong way round",
    all(above(a, b, "clean") and above(b, a, HIGH) for a, b in pairwise(DENSE)),
)

# exercises
says("add noise of 0.1, and try", float(LEVELS[0]))
