"""The numbers of chapter 04, computed again."""

import ast
import math
from collections.abc import Callable
from pathlib import Path

import torch
from chapters import NOTEBOOKS, cells

from aelib import data, features, losses, metrics
from aelib.linear import PCA

(LESSON,) = (path for path in NOTEBOOKS if path.stem == evidence.slug)
fashion, digits = data.fashion_mnist(), data.mnist()
x_train, x_test = fashion.train.images, fashion.test.images
n_pixels = x_test[0].numel()
noise = setting("noise_variance")
k = setting("latent_dim")
pca = PCA.fit(x_train)


def in_the_lesson():
    """The cells that state variances, run by themselves."""
    space = {"Tensor": torch.Tensor, "Callable": Callable, "torch": torch}
    for cell in cells(LESSON):
        if "def stated_variance(" in cell.source or "public: dict" in cell.source:
            exec(cell.source, space)
    return space


found = in_the_lesson()
stated, public = found["stated_variance"], found["public"]
BATCH = round(0.5 / evidence["weight 1: e.sum() + (w**2).sum() / 2", "variance"].mean)
sides = dict(zip(public, setting("side_and_code"), strict=True))
n_values = {name: 3 * side**2 for name, (side, _) in sides.items()}
variance_of = {
    name: stated(line, BATCH, n_values[name], sides[name][1])
    for name, line in public.items()
}
n_numbers = evidence["no penalty", "axes"].mean  # all of them


def value(row, column="error"):
    return float(evidence[row, column])


def resolved(row, other, column="error"):
    """Below, by more than twice the error of the paired difference."""
    return evidence.less(row, other, column)


def line(error, penalty="(w**2).sum() / 2", weight="weight 1"):
    return f"{weight}: {error} + {penalty}"


def rows_of(weight):
    return [row for row in evidence.rows if row.startswith(weight)]


# the opening and the bets
boots = x_test[fashion.test.labels == fashion.classes.index("Ankle boot")]
apart = metrics.sse(boots, boots[2:3].expand_as(boots)).sort().values[1]
says("is the same number, 23.6", apart)
says("A linear autoencoder with 64 numbers learns from *noisy* pictures", n_numbers)

# what a squared error claims
miss = setting("miss")
narrow = miss / 2
says("One pixel, off by 0.2", miss)
says("(one is 1.44 bits)", 1 / math.log(2))
says("this miss costs 2 nats", miss**2 / (2 * narrow**2))

# the best variance, other noises
perfect = [
    losses.bernoulli_nll(x.logit(eps=1e-6), x).mean()
    for x in (x_test, digits.test.images)
]
says("leave 187 nats that no network can remove, digits 45", *perfect)
says("cross-entropy does as well as squares", not resolved("squares", "cross-entropy"))
says("as three seeds can tell", not resolved("cross-entropy", "squares"))
says("and it is smaller in absolute error", resolved("cross-entropy", "squares", "L1"))
says(
    "The absolute error wins its own column",
    resolved("absolute", "squares", "L1")
    and resolved("absolute", "cross-entropy", "L1"),
)
LOSSES = ("squares", "absolute", "cross-entropy")
share = [value(row) / value("PCA-16, rebuilt") for row in LOSSES]
says("54 to 60 % of PCA's squared error", 100 * share[0], 100 * share[1])
edges = {row: value(row, "edges") for row in (*LOSSES, "the data")}
says(
    "even the absolute error has less than half",
    max(LOSSES, key=edges.get) == "absolute"
    and edges["absolute"] < edges["the data"] / 2,
)

# the noise of the pixels
beyond = value("residuals, squares", "beyond 4 sigma") / math.erfc(4 / math.sqrt(2))
says("164 times as many misses as the Gaussian allows", beyond)
by_gauss, by_laplace = (
    value("residuals, squares", kind) for kind in ("Gaussian", "Laplace")
)
lead = by_gauss - by_laplace
says("more probable by 307 nats a picture", lead)
PIXEL = "residuals, squares, by pixel"
beyond = value(PIXEL, "beyond 4 sigma") / math.erfc(4 / math.sqrt(2))
says("the tails are still 151 times too full", beyond)
says("the one Laplace leads by 181 nats", value(PIXEL, "Gaussian") - by_laplace)

# a weight is a variance
sums = stated(lambda e, p: e.sum(1).mean() + p.sum(1).mean(), BATCH, n_pixels)
means = stated(lambda e, p: e.mean() + p.sum(1).mean(), BATCH, n_pixels)
says("a deviation of 0.71; the mean, with the same weight, 19.8", sums**0.5, means**0.5)
says("two dashed lines to the right mark 0.71 and 19.8", sums**0.5, means**0.5)
decay = next(
    node.value
    for cell in cells(LESSON)
    if "weight_decay=" in cell.source and cell.kind == "code"
    for call in ast.walk(ast.parse(cell.source))
    if isinstance(call, ast.Call)
    for node in call.keywords
    if node.arg == "weight_decay"
).value
of_decay = stated(lambda e, p: e.mean() + decay * p.sum(1).mean(), BATCH, n_pixels)
alive = int((pca.variances > of_decay).sum())
says("adds 0.01 times the weight", decay)
says("fourth axis of our pictures has a variance of 3.4", pca.variances[alive])
says("of sixteen numbers *three* should", k)
says("three* should survive", alive == 3 and abs(of_decay - 3.92) < 1e-9)
says("Thirteen of the sixteen numbers are dead", k - alive, k)
says("and the third nearly", 0 < 1 - of_decay / pca.variances[alive - 1] < 0.05)

# six lines
says("Gaussian noise of variance 0.25 to every pixel", noise)
says("train a linear autoencoder with 64 numbers", n_numbers)
seen = max(int(row.split()[0]) for row in evidence.rows if row.endswith("the best"))
says("*on 55,000 noisy pictures alone*", seen)
says("with three seeds, on 55,000 pictures", seen)
OF_SUM, OF_MEAN = (
    value(line("e.sum(1).mean()", penalty), "variance")
    for penalty in ("(w**2).sum() / 2", "(w**2).mean()")
)
says(
    "their mean of squares is $R$ divided by",
    abs(OF_SUM / OF_MEAN / (n_pixels * n_numbers) - 1) < 1e-3,
)
says("Noise adds 0.25 to the variance along every axis", noise)
says("a batch of 128 pictures", BATCH)
SUM, MEAN = line("e.sum(1).mean()"), line("e.mean()")
ABSENT = [row for row in rows_of("weight 1") if row not in (SUM, MEAN)]
says(
    "The mean over pixels gives up every axis, and its output is the mean image",
    value(MEAN, "axes") == 0 and abs(value(MEAN) / value("mean image") - 1) < 1e-3,
)
says(
    "Your second bet: none, 21 or all",
    value(SUM, "axes"),
)
says("one fewer than predicted", value(SUM, "axes predicted") - value(SUM, "axes") == 1)
says("The other four keep all 64", *{value(row, "axes") for row in ABSENT})
says(
    "these penalties are as good as absent",
    all(abs(value(row) / value("no penalty") - 1) < 0.02 for row in ABSENT),
)
says(
    "every error is within one per cent of it",
    all(
        abs(value(row) / value(row, "error predicted") - 1) < 0.01
        for row in evidence.rows
        if row.startswith(("weight 1", "converted", "sweep"))
    ),
)
CONVERTED = [value(row) for row in rows_of("converted")]
says("Give each line the weight that states 0.25", noise)
says("all six errors are 16.3", *{round(found, 1) for found in CONVERTED})
says(
    "a third below those of the lines without an effective penalty",
    all(0.3 < 1 - max(CONVERTED) / value(row) < 0.37 for row in ABSENT),
)
says("That 0.25 is the *best* weight is not", noise)

# the sweep
BEST = f"sweep: variance {noise}"
SWEEP = rows_of("sweep")
says(
    "On this grid the lowest is the one that states the noise",
    min(SWEEP, key=lambda row: value(row, "validation")) == BEST,
)
in_order = sorted(SWEEP, key=lambda row: value(row, "variance"))
at = in_order.index(BEST)
says(
    "its neighbours, 0.1875 and 0.3125, are",
    *(value(in_order[i], "variance") for i in (at - 1, at + 1)),
)
says(
    "are worse, and the differences are resolved",
    all(resolved(BEST, in_order[i], "validation") for i in (at - 1, at + 1)),
)
says("ten weights, each network trained", len(SWEEP) == 10)
MEASURED, WHOLE = "measured", "PCA of noisy pictures, best size"
FEW = [row for row in evidence.rows if row.endswith("pictures, the best")]
SEEN = {int(row.split()[0]): value(row, "variance") for row in FEW}
fewest = min(SEEN)
says("The fewer the pictures", sorted(SEEN, key=SEEN.get) == sorted(SEEN)[::-1])
says("more noise it pays to claim: nearly twice", 1.8 < SEEN[fewest] / noise < 2)
says("as much for 2,000", fewest)
says("Even 55,000", seen)
says("want slightly more", 1 < SEEN[seen] / noise < 1.1)
says("few pictures want more", all(found > noise for found in SEEN.values()))
AXES = max(int(row.split()[2]) for row in evidence.rows if row.startswith("left by"))
says("with 200 axes", AXES)
says(
    "cleans worse than PCA with its best number of whole axes",
    1.02 < value(f"left by {AXES} axes / N") / value(WHOLE) < 1.1,
)
says(
    "the same residual is within one per cent of the noise",
    abs(value(f"left by {AXES} axes / (N - k)", "variance") / noise - 1) < 0.01,
)
says(
    "as well as the best weight of the sweep, to within half a per cent",
    abs(value(MEASURED) / value(BEST) - 1) < 0.005,
)
says(
    "better than PCA with the best number of axes",
    max(evidence[MEASURED, "error"].runs.values()) < value(WHOLE),
)

# public code
three = [variance_of[name] for name in list(public)[1:4]]
says("state between 0.6 and 4.8", min(three), max(three))
ours = list(variance_of.values())[3] / (1 - -1) ** 2  # a range of two, not of one
says("in ours it states 1.2", ours)
LIGHT = next(name for name in public if name.startswith("AntixK"))
per_nat = 2 * variance_of[LIGHT] / n_values[LIGHT]
says("AntixK's 0.00025 is 1.54", per_nat, variance_of[LIGHT])
says("states a deviation of 388", list(variance_of.values())[-1] ** 0.5)
says("out, with variance one", abs(next(iter(variance_of.values())) - 1) < 1e-9)

says("sizes and a batch of 128", BATCH)

# afterwards
script = Path(LESSON).parents[1] / "experiments" / f"{evidence.slug}.py"
nodes = ast.walk(ast.parse(script.read_text()))
(searched,) = (
    node.value.value
    for node in nodes
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "n_neighbours"
)
says("the nearest of 6,000 training pictures", searched)
trunk = features.load("fashion_mnist").trunk
says("squared differences of *features*, 32 maps", trunk[:7](x_test[:1]).shape[1])
says("SSIM gains in SSIM", resolved("then squares", "then SSIM", "SSIM"))
dearer = {
    row: value(row) / value("then squares") - 1
    for row in ("then SSIM", "then features")
}
says("pays with two fifths more squared error", 0.37 < dearer["then SSIM"] < 0.43)
says("The features pay a third", 0.3 < dearer["then features"] < 0.4)
says(
    "have nearly twice the edges",
    1.75 < value("then features", "edges") / value("then squares", "edges") < 2,
)
says("and that costs SSIM", resolved("then features", "then squares", "SSIM"))
gain = value("then features", "1-NN") - value("then squares", "1-NN")
says("In the last column they gain 1.5 points over squares", gain)
z = {
    loss: list(evidence[f"neighbours, {loss} against squares", "z"].runs.values())
    for loss in ("features", "SSIM")
}
says("resolves this for each of three seeds", min(z["features"]) > 2)
says("the gain of SSIM it resolves for one", sum(value > 2 for value in z["SSIM"]) == 1)
one_pixel = torch.zeros(1, 1)
factor = losses.bernoulli_nll(one_pixel, one_pixel + 0.3)
factor = (factor - losses.continuous_bernoulli_nll(one_pixel, one_pixel + 0.3)).exp()
says("which is $2$ at", factor.item())

# the failure, exercises
black = digits.train.images.amax(dim=0) == 0  # in all training pictures
says("whose corners are black in all training pictures", bool(black[0, 0, 0]))
dots = (digits.test.images * black).amax(dim=(1, 2, 3)) > 0
says("Then one test digit has a grey dot there", int(dots.sum()) == 1)
levels = round(1 / x_test[x_test > 0].min().item())
says("are 784 better?", n_pixels)
says("Grey values are rounded to 255 steps", levels)
says("a deviation of 0.29 steps", 1 / math.sqrt(12))
says("Are the 784 better now", n_pixels)
says("each of its sixteen numbers, and compare", k)
says("hide factors of $784$ and $16$", n_pixels, k)
says("as large as the price, $16$ nats", k)
