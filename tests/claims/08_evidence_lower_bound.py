"""The numbers of chapter 08, computed again."""

import math
import re

import torch
from chapters import ROOT, cells
from torch.distributions import Normal

from aelib import data

D = setting("latent_dim")
SAMPLES = sorted({int(row.split()[0]) for row in evidence.rows if "width" in row})
MANY, MORE, MOST = (k for k in SAMPLES if k in (50, 500, 5000))
NARROW, WIDE = sorted(
    {row.split(", ")[1] for row in evidence.rows if "width" in row},
    key=lambda name: float(name.split()[-1]),
)
STRETCH = float(WIDE.split()[-1])
BEST, MOVED, ENCODED = "best q, turned", "moved", "encoder, turned"
IMAGES = sorted(int(row.split()[0]) for row in evidence.rows if row.endswith("images"))
PAGE = "".join(
    c.source for c in cells(ROOT / "notebooks/08_evidence_lower_bound.ipynb")
)
SCRIPT = (ROOT / "experiments" / "08_evidence_lower_bound.py").read_text()


def value(row, column):
    return float(evidence[row, column])


def of_script(pattern):
    """A number that the experiment script writes."""
    return int(re.search(pattern, SCRIPT)[1].replace("_", ""))


def missed(k, name, column="gap"):
    return value(f"{k} samples, {name}", column)


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
N_TEST = of_script(r"x_test\[: study.pick\(smoke=\d+, full=([\d_]+)")
N_PAGE = len(images.train.images)
says(
    "means over the first 500 test pictures",
    N_TEST if f"x = x_test[:{N_TEST}]" in PAGE else math.nan,
)
says("The page fits its ruler to 6,000 training pictures", N_PAGE)
inside = 1 - math.exp(-(2.45**2) / 2)
says("holds 95 % of the prior's codes", 100 * inside)
says("so draw ten thousand and average", DRAWS)
says("With two numbers the average finds the line", abs(from_prior(2)) < 0.05)
says("With eight it misses five and a half nats", 5.3 < from_prior(8) < 5.7)
says("nats, and with sixteen 31", 2 * D, from_prior(2 * D))

# the bound
one_pixel = (
    -Normal(0.0, 1.0).log_prob(torch.tensor(0.0)).item() + 0.5,
    0.5 * (1 - math.log(2)),
)
says(
    "the sum of the two",
    abs(-one_pixel[0] + one_pixel[1] + 0.5 * math.log(4 * math.pi)) < 1e-6,
)
stretched = D * ((STRETCH**2 - 1) / 2 - math.log(STRETCH))
says("and $D = 8$ that is 1.756 nats", stretched)
says("here four", D / 2 == 4)

# two gradients
SCORE, PATH = "score function", "reparameterised"
OWN, OTHERS = "less the picture's ELBO", "less the mean of its other codes"
ENCODER, LOUD = "encoder", "pixels times 255"
e = torch.linspace(-12, 12, 200_001, dtype=torch.float64)
density = Normal(0.0, 1.0).log_prob(e).exp()


def variance(g):
    first, second = (torch.trapezoid(density * g**n, e) for n in (1, 2))
    return (second - first**2).item()


by_hand = (
    variance(e * (1 + e) ** 2),
    variance(e * ((1 + e) ** 2 - 2)),
    variance(2 * (1 + e)),
)
N_CODES = of_script(r"CODES = (\d+)")
says("a million gradients of each kind", setting("n_gradients"))
says("The same mean, and 7.5 times the variance", by_hand[0] / by_hand[2])
says("where 30, 18 and 4 come from", *by_hand)
says(
    "64 pictures, 64 codes of each",
    of_script(r"encoder\(x_train\[:(\d+)\]\)"),
    N_CODES,
)


def factor(row, column=ENCODER):
    return value(row, column) / value(PATH, column)


says(
    "the score function has about 750 times its variance",
    10 * round(factor(SCORE) / 10),
)
says(
    "Multiply all pixels by 255",
    of_script(r"times 255., (\d+)\.0"),
)
says(
    "the factor is about 24 thousand",
    1000 * round(factor(SCORE, LOUD) / 1000),
)
says("own ELBO a factor of 3.5 is left, in both columns", factor(OWN))
says("that one belongs to the estimators", abs(factor(OWN) - factor(OWN, LOUD)) < 0.1)
says(
    "other* codes does as well",
    all(
        abs(value(OTHERS, column) / value(OWN, column) - 1) < 0.03
        for column in (ENCODER, LOUD)
    ),
)
says(
    "*For the bound of an encoder the path is quieter by far*",
    all(
        evidence.less(PATH, row, column)
        for row in (SCORE, OWN, OTHERS)
        for column in (ENCODER, LOUD)
    ),
)
says(
    "the path has a hundred times the variance",
    variance(10 * (10 * e).cos()) / variance(e * (10 * e).sin()),
)
half = torch.tensor(0.5)
says("the Gaussian density there, 0.352", Normal(0.0, 1.0).log_prob(half).exp().item())

# two gaps
MLP, EVEN, SMALL = (f"{n} hidden units" for n in (32, D, 4))
TEST = "encoder, test images"
says("falls over forty epochs", setting("n_epochs"))
says(
    "all sixty thousand pictures fifteen times",
    of_script(r"n_train = .*full=([\d_]+)"),
    of_script(r"epochs=study.pick\(smoke=1, full=(\d+)"),
)
says("The family costs 2.35 nats", value(MLP, "family"))
says(
    "an encoder with 32 hidden units 0.011 more, on test pictures",
    of_script(r"for n in \(0, (\d+), "),
    value(MLP, TEST),
)
says(
    "the start decides: 0.04 to 5.6 nats",
    min(evidence[EVEN, TEST].runs.values()),
    max(evidence[EVEN, TEST].runs.values()),
)
says("With eight hidden units, as many as the code has numbers", D == 8)
says(
    "Four are too few: 19 to 31",
    round(min(evidence[SMALL, TEST].runs.values())),
    round(max(evidence[SMALL, TEST].runs.values())),
)

# more samples
says("as the posterior. It misses 1.756 nats", stretched)
says(
    "Fifty samples leave 0.0342 nats of 1.75",
    MANY,
    missed(MANY, WIDE),
    missed(1, WIDE),
)


def follows(k, name, within=0.1):
    return abs(missed(k, name) / missed(k, name, "predicted gap") - 1) < within


says(
    "The wide $q$ follows its dashed line from the first sample on",
    all(follows(k, WIDE) for k in SAMPLES),
)
says("which is 3.4 here", 2 * missed(1, WIDE, "predicted gap"))
says("by its own width it is 2,980", 10 * round(math.expm1(D) / 10))
says(
    "At $K = 500$ the formula says 2.98 nats, and 0.21 are missing",
    missed(MORE, MOVED, "predicted gap"),
    missed(MORE, MOVED),
)
says(
    "it misses less than the wide one, 1.53 nats against 1.75",
    missed(1, NARROW),
    missed(1, WIDE),
)
says(
    "with one sample it misses less",
    evidence.less(f"1 samples, {NARROW}", f"1 samples, {WIDE}", "gap"),
)
says("but with five hundred still 0.17", MORE, missed(MORE, NARROW))
says("and the wide one less than a hundredth", missed(MORE, WIDE) < 0.01)
says(
    "it is narrow: 0.158 wide, where each number of the posterior has 0.263",
    value(BEST, "width of the best q"),
    value(BEST, "width of the posterior"),
)
says("the lowest is $-28.7$", value(BEST, "least eigenvalue"))
says(
    "So five hundred samples leave 0.35 nats, and five thousand 0.21",
    MORE,
    missed(MORE, BEST),
    MOST,
    missed(MOST, BEST),
)
says(
    "a trained encoder does no better",
    all(missed(k, ENCODED) > missed(k, BEST) for k in SAMPLES),
)
noise = math.sqrt(D / 2) * (STRETCH**2 - 1) / math.sqrt(N_TEST)  # of a mean of log w
says(
    "Two runs of the *bug* differ by a tenth of a nat or two",
    0.1 < math.sqrt(2) * noise < 0.2,
)
says("Failure on purpose: fifty times the same", MANY)
says("is drawn for each picture, and repeated fifty times", MANY)

# surgery
FEW, ALL = IMAGES[0], IMAGES[-1]
rates = [value(f"{n} images", "mean KL") for n in IMAGES]
ALL_CODES = of_script(r"max\(2, ([\d_]+) // n\)")
says(
    "from 625 codes of each of 32 pictures down to two of each of 8,000",
    ALL_CODES // FEW,
    FEW,
    ALL,
)
says(
    "the rate stays between 11.3 and 11.5 nats",
    min(rates),
    max(rates),
)
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
    "the mismatch falls from 7.8 to 3.6 nats",
    *(value(f"{n} images", "mismatch") for n in (FEW, ALL)),
)
says("lies between $0$ and", math.log(1))
