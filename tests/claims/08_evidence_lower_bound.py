"""The numbers of chapter 08, computed again."""

import math
import re

import torch
from chapters import ROOT
from torch.distributions import Normal

from aelib import data

D = setting("latent_dim")
SAMPLES = sorted({int(row.split()[0]) for row in evidence.rows if "width" in row})
MANY, MOST = SAMPLES[-4], SAMPLES[-1]
WIDTHS = sorted({float(row.split()[-1]) for row in evidence.rows if "width" in row})
NARROW, LESS, WIDE = WIDTHS
IMAGES = sorted(int(row.split()[0]) for row in evidence.rows if row.endswith("images"))
SCRIPT = (ROOT / "experiments" / "08_evidence_lower_bound.py").read_text()


def value(row, column):
    return float(evidence[row, column])


def of_script(pattern):
    """A number that the experiment script writes."""
    return int(re.search(pattern, SCRIPT)[1].replace("_", ""))


def missed(k, width, column="gap"):
    return value(f"{k} samples, width {width}", column)


def from_prior(size):
    """What ten thousand draws miss."""
    row = f"{size} numbers"
    return value(row, "log p") - value(row, "draws from the prior")


# the opening and the bets
touch = evidence.curve("touching")
says(
    "the curve never crosses the line, and it touches the line at one point",
    all(
        (touch["log p"] - touch[name]).min().abs() < 1e-3
        and (touch[name].argmax() == len(touch[name]) // 2).item()
        for name in ("moved", "widened")
    ),
)
images = data.fashion_mnist()
first = images.test.labels[0]
says(
    "the density that a model gives to one picture, an ankle boot",
    images.classes[first] == "Ankle boot",
)
DRAWS = of_script(r"n_draws = .*full=([\d_]+)")
says("Draw ten thousand codes at random", DRAWS)
says("And of sixteen?", 2 * D)
says("a certain $q$ misses 1.8 nats", missed(1, WIDE))
says(
    "What does it miss with fifty samples? And with one sample used fifty times?",
    MANY,
    MANY,
)

# the story
small = math.isqrt(len(images.test.images[0, 0, ::4, ::4].flatten()))
says("averaged down to 7 by 7 pixels", small, small)
inside = 1 - math.exp(-(2.45**2) / 2)
says("holds 95 % of the prior's codes", 100 * inside)
says("so draw ten thousand and average", DRAWS)
says("With two numbers the average finds the line", abs(from_prior(2)) < 0.05)
says(
    "With eight it misses 5 nats, and with sixteen 31",
    from_prior(8),
    2 * D,
    from_prior(2 * D),
)

# the bound
one_pixel = (
    -Normal(0.0, 1.0).log_prob(torch.tensor(0.0)).item() + 0.5,
    0.5 * (1 - math.log(2)),
)
says(
    "the sum of the two",
    abs(-one_pixel[0] + one_pixel[1] + 0.5 * math.log(4 * math.pi)) < 1e-6,
)
stretched = D * ((WIDE**2 - 1) / 2 - math.log(WIDE))
says("and $D = 8$ that is 1.756 nats", stretched)
says("here four", D / 2 == 4)

# two gradients
SCORE, BASELINE, PATH = "score function", "score function, baseline", "reparameterised"
ENCODER = "encoder, 1 code"
e = torch.linspace(-12, 12, 200_001, dtype=torch.float64)
density = Normal(0.0, 1.0).log_prob(e).exp()


def variance(g):
    first, second = (torch.trapezoid(density * g**n, e) for n in (1, 2))
    return (second - first**2).item()


by_hand = {
    SCORE: variance(e * (1 + e) ** 2),
    BASELINE: variance(e * ((1 + e) ** 2 - 2)),
    PATH: variance(2 * (1 + e)),
}
says("a million gradients of each kind", setting("n_gradients"))
says("The same mean, and 7.5 times the variance", by_hand[SCORE] / by_hand[PATH])
says("where 30, 18 and 4 come from", *by_hand.values())
says(
    "The first two columns are exact",
    all(abs(value(row, "z squared") - by_hand[row]) < 0.01 for row in by_hand),
)
says("and 64 pictures at once", of_script(r"encoder\(x_train\[:(\d+)\]\)"))
says(
    "The score function has 760 times its variance",
    10 * round(value(SCORE, ENCODER) / value(PATH, ENCODER) / 10),
)
says("a factor of 3.5 is left", value(BASELINE, ENCODER) / value(PATH, ENCODER))
says(
    "*For the bound of an encoder the path is quieter by far.*",
    all(
        evidence.less(PATH, row, column)
        for row in (SCORE, BASELINE)
        for column in (ENCODER, "encoder, 64 codes")
    ),
)
says(
    "the path has a hundred times the variance",
    value(PATH, "sin 10 z") / value(SCORE, "sin 10 z"),
)
half = torch.tensor(0.5)
says("the Gaussian density there, 0.352", Normal(0.0, 1.0).log_prob(half).exp().item())

# two gaps
LINEAR, MLP, SMALL = "0 hidden units", "32 hidden units", "4 hidden units"
TEST = "encoder, test images"
says("falls over forty epochs", setting("n_epochs"))
says("on all sixty thousand pictures", of_script(r"n_train = .*full=([\d_]+)"))
says("The family costs 2.35 nats", value(MLP, "family"))
says(
    "0.013 nats on test pictures with 32 hidden units",
    value(MLP, TEST),
    of_script(r"for n in \(0, (\d+), 4\)"),
)
says("it misses 0.026", value(LINEAR, TEST))
says(
    "Neither misses more on test pictures than on those it has learned from",
    all(
        value(row, TEST) < value(row, "encoder, training images")
        for row in (LINEAR, MLP)
    ),
)
says(
    "its gap is about ten times that of the family",
    9 < value(SMALL, TEST) / value(SMALL, "family") < 12,
)

# more samples
says("as the posterior. It misses 1.756 nats", stretched)
says(
    "Fifty samples leave 0.031 nats of 1.77", MANY, missed(MANY, WIDE), missed(1, WIDE)
)
says(
    "widths 1.5 and 0.8 fall along dashed straight lines, those of 0.6",
    WIDE,
    LESS,
    NARROW,
)
says(
    "The wide $q$ follows its line from the first sample on",
    all(
        abs(missed(k, WIDE) / missed(k, WIDE, "predicted gap") - 1) < 0.1
        for k in SAMPLES[:-1]
    ),
)
says(
    "The one of width 0.8 starts far below its line",
    LESS if missed(1, LESS) < missed(1, LESS, "predicted gap") / 4 else math.nan,
)
says(
    "and reaches it after hundreds of samples",
    missed(100, LESS) < 0.8 * missed(100, LESS, "predicted gap")
    and missed(MOST, LESS) > 0.8 * missed(MOST, LESS, "predicted gap"),
)
says("than the wide one, 1.52 nats against 1.77", missed(1, NARROW), missed(1, WIDE))
says(
    "misses less than the wide one",
    evidence.less(f"1 samples, width {NARROW}", f"1 samples, width {WIDE}", "gap"),
)
says("With five hundred it still misses 0.17", MOST, missed(MOST, NARROW))
says("and the wide one less than a hundredth", missed(MOST, WIDE) < 0.01)
says("Failure on purpose: fifty times the same", MANY)
says("is drawn for each picture, and repeated fifty times", MANY)

# surgery
FEW, ALL = IMAGES[0], IMAGES[-1]
rates = [value(f"{n} images", "mean KL") for n in IMAGES]
says("the rate stays at about 11.5 nats", rates[-1])
says("However many pictures we look at", max(rates) - min(rates) < 0.3)
says("Among 32 pictures the information is at its limit", FEW)
says(
    "every code names its picture",
    math.log(FEW) - value(f"{FEW} images", "information") < 0.02,
)
says("Among 8,000 it has fallen behind", ALL)
says(
    "by one nat, as the posteriors begin to overlap",
    0.95 < math.log(ALL) - value(f"{ALL} images", "information") < 1.1,
)
says(
    "the mismatch falls from 7.7 to 3.5 nats",
    *(value(f"{n} images", "mismatch") for n in (FEW, ALL)),
)
says("lies between $0$ and", math.log(1))
