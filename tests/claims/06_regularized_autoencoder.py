"""The numbers of chapter 06, computed again."""

import re
from itertools import pairwise

from chapters import ROOT

from aelib import data
from aelib.linear import PCA

script = (ROOT / "experiments" / "06_regularized_autoencoder.py").read_text()
images = data.fashion_mnist().train.images
n_pixels = images[0].numel()
WAYS = ("plain", "weight decay", "denoising", "contractive", "KL-sparse")
ROBUST = WAYS[1:4]


def value(row, column):
    return float(evidence[row, column])


def garments(row, column):
    return value(f"garments: {row}", column)


def digits(row, column):
    return value(f"digits: {row}", column)


def above(row, other, column):
    """By more than twice the error of the paired difference."""
    return evidence.less(other, row, column)


def resolved(where, row, other, column):
    return above(f"{where}: {row}", f"{where}: {other}", column)


def in_script(pattern):
    return [int(n.replace("_", "")) for n in re.search(pattern, script).groups()]


# the opening
width, chosen_by = in_script(r"WIDTH, N_PIXELS, .* = (\d+), (\d+)")
n_train, n_held = in_script(r"full=\(([\d_]+), ([\d_]+)\)")
n_test = in_script(r"smoke=100, full=([\d_]+)\)")[0]
says("Each row is a network with 128 units", width)
strips = evidence.pictures("digits: noticed")
noticed = {name: (strip[1:] - 0.5).square() for name, strip in strips.items()}


def at_the_border(name):
    """Share of a patterns' squares in the two outer rows and columns."""
    return 1 - (noticed[name][..., 2:-2, 2:-2].sum() / noticed[name].sum()).item()


says(
    "scribbles that fill the square up to its border",
    at_the_border("plain") > 3 * at_the_border("contractive"),
)

ink = data.mnist().test.images
says(
    "where there is hardly ever ink",
    1 - ink[..., 2:-2, 2:-2].sum() / ink.sum() < 0.02,
)

# what limits a code, and a price by hand
mean_image = images.mean(dim=0)
test = data.fashion_mnist().test.images
of_mean_image = (test - mean_image).square().flatten(1).sum(dim=1).mean()
says("Even 128 units, a sixth of the pixels", width)
says("a sixth of the pixels", 5.5 < n_pixels / width < 6.5)
says(
    "leave less than a tenth of the mean image's error",
    value("garments: PCA-128", "SSE") < of_mean_image / 10,
)
row, undecided, sure = (setting(name) for name in ("row", "undecided", "sure"))
squared = sum(weight**2 for weight in row)
says("with the two weights 3 and 4", *setting("row"))
says("it costs 1.56", squared * (undecided * (1 - undecided)) ** 2)
says(
    "at 0.9, its slope is 0.09, and it costs 0.2",
    sure,
    sure * (1 - sure),
    squared * (sure * (1 - sure)) ** 2,
)


# the live networks
says("by about 0.7 of its variance", live="0.5 < of_plain < 1")
says("contractive code by about 0.3", live="0.2 < of_contractive < 0.4")

says(
    "learn from 6,000 garments and meet 1,000 others; the tables have 20,000 "
    "and 10,000",
    len(images),
    len(data.fashion_mnist().test.images),
    n_train,
    n_test,
)

# activity
says("his notes suggest 0.05", setting("target"))
says("pieces of 10 × 10 pixels", setting("side"), setting("side"))
says("let 4 of 64 units draw each", setting("k"), setting("n_stamps"))
says("When 4 of 64 stamps must draw", setting("k"), setting("n_stamps"))
says("On garments, with 128 sigmoid units", width)
codes = evidence.curve("garments: codes")
kept = in_script(r'"k-sparse": (\d+)\}')[0]
says(
    "lie in 14 directions, in the plain network in 23",
    garments("contractive", "directions"),
    garments("plain", "directions"),
)
says(
    "On garments contraction concentrates",
    all(
        resolved("garments", row, "contractive", "directions")
        for row in (*WAYS[:3], "dropout")
    ),
)
says(
    "Weight decay spreads over more (on digits, over fewer)",
    resolved("garments", "weight decay", "plain", "directions")
    and resolved("digits", "plain", "weight decay", "directions"),
)
says(
    "The k-sparse code has the fewest, and the largest error",
    all(
        resolved("garments", row, "k-sparse", "directions")
        and resolved("garments", "k-sparse", row, "SSE")
        for row in (*WAYS, "dropout")
    ),
)
says(
    "Dropout has fewer units on",
    all(resolved("garments", row, "dropout", "on") for row in WAYS),
)
says(
    "its network is a second plain one",
    all(
        0.9 < garments("KL-sparse", c) / garments("plain", c) < 1.05
        for c in ("on", "directions", "SSE")
    ),
)
spectra = evidence.curve("digits: singular values")
ratio = spectra["contractive"] / spectra["plain"]
says(
    "For about four directions the contractive curve falls like the plain one",
    bool((ratio[1:4] - 1).abs().max() < 0.1),
)
says("then faster", bool((ratio[9:60] < 0.7).all()))
says(
    "Weight decay starts flattest",
    all(
        bool((spectra["weight decay"][1:10] > spectra[other][1:10]).all())
        for other in ("plain", "denoising", "contractive")
    ),
)
share = value("garments: PCA-128", "SSE") / garments("plain", "SSE")
says("PCA at the same width leaves half", 0.45 < share < 0.55)

# the judge
says("on 5,000 pictures that are used for nothing else", n_held)
says("Networks and probes know 20,000 pictures", n_train)
says("All numbers are of 10,000 test pictures", n_test)
best = {c: max(WAYS, key=lambda row: garments(row, c)) for c in ("clean", "noisy")}


def leads(column):
    return [f(best[column], column) - f("plain", column) for f in (garments, digits)]


says(
    "1.1 points ahead of the plain one on garments, and 4.9 on digits",
    *leads("clean"),
)
says("under noise 6.3 on garments, and 12.4 on digits", *leads("noisy"))
says(
    "the best code, by contraction",
    set(best.values()) == {"contractive"}
    and all(
        max(WAYS, key=lambda row: digits(row, c)) == "contractive"
        for c in ("clean", "noisy")
    ),
)
gains = [garments(row, "noisy") - garments("plain", "noisy") for row in ROBUST]
says(
    "gain at least 5.8 points over it, and pass the pixels",
    min(gains),
)
says(
    "and pass the pixels, too",
    all(resolved("garments", row, "raw pixels", "noisy") for row in ROBUST),
)
says(
    "the plain code is *worse* than raw pixels",
    resolved("garments", "raw pixels", "plain", "noisy"),
)
says(
    "No gain of dropout or of the KL price is resolved here, and k-sparse loses",
    not resolved("garments", "KL-sparse", "plain", "noisy")
    and not resolved("garments", "dropout", "plain", "noisy")
    and resolved("garments", "plain", "k-sparse", "noisy"),
)
says(
    "weight decay, is less than a point behind contraction",
    all(
        0 < garments("contractive", c) - garments("weight decay", c) < 1
        and resolved("garments", "contractive", "weight decay", c)
        for c in ("clean", "noisy")
    ),
)
OWN = [row for row in evidence.rows if re.fullmatch(r"garments: .*, own ridge", row)]
says(
    "no code beats the raw pixels on clean garments",
    not any(
        value(row, "clean") > garments("raw pixels, own ridge", "clean") for row in OWN
    ),
)
says(
    "and its lead over the plain code is not resolved",
    not above(
        "garments: contractive, own ridge", "garments: plain, own ridge", "clean"
    ),
)
says(
    "they are read at 81.2 %, contraction at 80.7",
    garments("raw pixels, own ridge", "clean"),
    garments("contractive, own ridge", "clean"),
)
says(
    "they fall to 53, and contraction would seem to lead the plain code by 8.3 points",
    garments("raw pixels, own ridge", "noisy"),
    garments("contractive, own ridge", "noisy") - garments("plain, own ridge", "noisy"),
)

usual = {
    (row, probe): value(f"garments: {row}, usual Adam{probe}", "noisy")
    for row in (*ROBUST, "plain")
    if row != "denoising"
    for probe in ("", ", own ridge")
}
(usual_beta,) = re.search(r"betas=\(0\.9, ([\d.]+)\)", script).groups()
says("Adam's second beta is usually 0.999", float(usual_beta))
says(
    "the plain network grows larger weights",
    resolved("garments", "plain", "plain, usual Adam", "W"),
)
says(
    "contraction leads it by 4.7 points under noise, with probes chosen by "
    "clean pictures by 5.8",
    *(usual["contractive", p] - usual["plain", p] for p in ("", ", own ridge")),
)
says(
    "The lead holds, its size does not",
    resolved("garments", "contractive, usual Adam", "plain, usual Adam", "noisy")
    and resolved("garments", "contractive", "plain", "noisy"),
)

# strengths: the best lies inside, or is no price at all
CHOSEN = [row for row in evidence.rows if row.endswith(", chosen")]
places = {row: (value(row, "place"), value(row, "tried")) for row in CHOSEN}
none = {row for row, (place, _) in places.items() if place == 0}
BASELINES = ("PCA", "untrained layer")
edges = {row for row, (place, tried) in places.items() if place == tried - 1}
says(
    "Every method was made stronger until that was worse",
    all(row.split(": ")[1].split(",")[0] in BASELINES for row in edges),
)
says(
    "although the rule would switch nothing off",
    "garments: k-sparse, chosen" in none,
)
says("The k-sparse code is shown with 32 units", kept)
says(
    "One seed walked these paths",
    all(
        set(evidence[row, "clean"].runs) == {chosen_seed}
        for chosen_seed in in_script(r"CHOOSER = (\d+)")
        for row in evidence.rows
        if row.endswith("held out")
    ),
)


def path(where, method):
    """Scores along a path, its first the plain network."""
    rows = [f"{where}: plain, 0, held out"] + [
        row
        for row in evidence.rows
        if row.startswith(f"{where}: {method}, ") and row.endswith("held out")
    ]
    return [[value(row, c) for c in ("clean", "noisy")] for row in rows]


says(
    "Weight decay, denoising and contraction climb steeply",
    all(
        max(y for _, y in path(where, row)) > path(where, row)[0][1] + 2
        for where in ("garments", "digits")
        for row in ROBUST
    ),
)


def lost_by_the_next(row):
    """Of the mean of both accuracies, beyond the chosen strength."""
    means = [sum(both) / 2 for both in path("garments", row)]
    return max(means) - means[means.index(max(means)) + 1]


says(
    "and ahead on the pictures by which strengths were chosen",
    max(map(sum, path("garments", "weight decay")))
    > max(map(sum, path("garments", "contractive"))),
)
says(
    "the three that climb lose less than a tenth of a point",
    all(0 < lost_by_the_next(row) < 0.1 for row in ROBUST),
)
says(
    "Under noise the paths of dropout and of the sparse codes end below their start",
    all(
        path(where, row)[-1][1] < path(where, row)[0][1]
        for where, row in (
            ("garments", "dropout"),
            ("garments", "KL-sparse"),
            ("garments", "k-sparse"),
            ("digits", "KL-sparse"),
        )
    ),
)

# digits
says(
    "weight decay by 3.2 points, and by 4.4 under noise",
    *(digits("contractive", c) - digits("weight decay", c) for c in ("clean", "noisy")),
)
own = [digits(f"{row}, own ridge", "clean") for row in ("contractive", "raw pixels")]
says("it still leads the pixels by 5.7", own[0] - own[1])
sure_of = {
    name: h.mean().item() for name, h in evidence.curve("digits: undecided").items()
}
says(
    "is a sixth of the plain one's",
    5.5 < digits("plain", "W") / digits("contractive", "W") < 6.5,
)
says(
    "two thirds",
    0.6 < sure_of["contractive"] / sure_of["plain"] < 0.7,
)
held = {
    row: value(row, "W")
    for row in evidence.rows
    if row.startswith("digits") and row.endswith("held out")
}
longest = max((row for row in held if "weight decay" in row), key=held.get)
alike = min(
    (row for row in held if "contractive" in row),
    key=lambda row: abs(held[row] - held[longest]),
)
short = [longest, alike]
says(
    "weight decay at 0.003 has about the",
    float(short[0].split(", ")[1]),
)
says(
    "of contraction at 3, and is read at 87.3 % against 89.0",
    float(short[1].split(", ")[1]),
    *(value(row, "clean") for row in short),
)
says(
    "has about the",
    0.9 < value(short[1], "W") / value(short[0], "W") < 1,
)

says(
    "On digits the price on slopes earns its place",
    all(
        resolved("digits", "contractive", row, column)
        for row in (*WAYS[:3], "KL-sparse", "raw pixels", "PCA", "untrained layer")
        for column in ("clean", "noisy")
    ),
)
says(
    "Under noise weight decay, denoising and contraction win on garments and on digits",
    all(
        resolved(where, row, other, "noisy")
        for where in ("garments", "digits")
        for row in ROBUST
        for other in ("plain", "PCA", "raw pixels")
    ),
)

# the dodge
axes = in_script(r"torch.randn\((\d+), N_PIXELS\)")[0]
loud = float(re.search(r"WIDTH, .* = [^,]+, [^,]+, ([\d.]+),", script)[1])
says("the first 32 principal axes", axes)
pca = PCA.fit(images)
variance = pca.codes(test, axes).var(dim=0).sum().item()
says(
    "the noise in 32 directions, over the variance of garments in them, is 0.14",
    axes,
    loud**2 * axes / variance,
)
prices = [row for row in evidence.rows if row.startswith("linear, free")]
say_free = [value(row, "W") for row in prices]
says(
    "from the price 0.001 on, $\\lVert W \\rVert^2$ falls by a factor of 17",
    float(prices[1].split(", ")[-1]),
    say_free[1] / say_free[-1],
)
says(
    "comes near the dashed line",
    value(prices[-1], "moved") < 1.15 * value("garments: PCA-32", "moved")
    and all(
        evidence.less(after, before, "moved") for before, after in pairwise(prices)
    ),
)
says("moved falls to about 0.02", live="0.01 < stretched[2] < 0.03")
says(
    "its code is moved less, and its pictures get worse",
    all(
        evidence.less("linear, tied, 1", "linear, tied, 0.1", "moved")
        and evidence.less("linear, tied, 0.1", "linear, tied, 1", column)
        for column in ("SSE",)
    ),
)
