"""The numbers of chapter 06, computed again."""

import re
from itertools import pairwise

import torch
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

# activity
says("his notes suggest 0.05", setting("target"))
says("pieces of 10 × 10 pixels", setting("side"), setting("side"))
says("let 4 of 64 units draw each", setting("k"), setting("n_stamps"))
says("when 4 of 64 stamps must draw", setting("k"), setting("n_stamps"))
says("On garments, with 128 sigmoid units", width)
codes = evidence.curve("garments: codes")
white_noise = torch.randn(100, 28, 28, generator=torch.Generator().manual_seed(0))
steps = sum(white_noise.diff(dim=axis).square().sum() for axis in (1, 2))
says("and is 4 for white noise", steps / white_noise.square().sum())
kept = in_script(r'"k-sparse": (\d+)\}')[0]
says("The k-sparse code is silent but for 32 units", kept)
says("The k-sparse code is silent", int((codes["k-sparse"] > 0).sum()) == kept)
says(
    "lie in 14 directions, in the plain network in 23",
    garments("contractive", "directions"),
    garments("plain", "directions"),
)
says(
    "Contraction concentrates",
    all(
        resolved("garments", row, "contractive", "directions")
        for row in (*WAYS[:3], "dropout")
    ),
)
says(
    "Weight decay, which flattens as well, spreads over more",
    resolved("garments", "weight decay", "plain", "directions")
    and resolved("garments", "plain", "weight decay", "moved"),
)
says(
    "The k-sparse code has the fewest",
    all(
        resolved("garments", row, "k-sparse", "directions")
        and resolved("garments", "k-sparse", row, "SSE")
        for row in (*WAYS, "dropout")
    ),
)
says(
    "Dropout switches units off",
    all(resolved("garments", row, "dropout", "on") for row in WAYS),
)
says(
    "the KL price hardly does",
    0.9 < garments("KL-sparse", "on") / garments("plain", "on") < 1,
)
spectra = evidence.curve("digits: singular values")
both = [spectra[name] for name in ("contractive", "plain")]
says(
    "contraction keeps the first few directions, and gives up the rest",
    bool((both[0][1:3] > both[1][1:3]).all())
    and bool((both[0][9:60] < 0.7 * both[1][9:60]).all()),
)

# the judge
says("on 5,000 pictures that are used for nothing else", n_held)
says("Networks and probes know 20,000 pictures", n_train)
says("All numbers are of 10,000 test pictures", n_test)
best = max(WAYS, key=lambda row: garments(row, "clean"))
says(
    "The best is 1.1 points ahead of the plain one",
    garments(best, "clean") - garments("plain", "clean"),
)
says(
    "All are ahead of an untrained layer",
    all(resolved("garments", row, "untrained layer", "clean") for row in WAYS),
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
    "no lead of the plain code over raw pixels is resolved",
    not resolved("garments", "plain", "raw pixels", "clean"),
)
says(
    "The plain code is *worse* than raw pixels",
    resolved("garments", "raw pixels", "plain", "noisy"),
)
says(
    "under noise they part",
    all(resolved("garments", row, "plain", "noisy") for row in ROBUST),
)
says(
    "No gain of the KL price is resolved here",
    not resolved("garments", "KL-sparse", "plain", "noisy"),
)
says(
    "weight decay, is less than a point behind contraction",
    all(
        0 < garments("contractive", c) - garments("weight decay", c) < 1
        for c in ("clean", "noisy")
    ),
)
says(
    "would seem to lead the plain code by 8.3 points instead of 6.3",
    garments("contractive", "unwarned") - garments("plain", "unwarned"),
    garments("contractive", "noisy") - garments("plain", "noisy"),
)
says(
    "Raw pixels fall from 75 to 53 %",
    garments("raw pixels", "noisy"),
    garments("raw pixels", "unwarned"),
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
    "The k-sparse code does best when nothing is switched off",
    none == {"garments: k-sparse, chosen", "digits: untrained layer, chosen"},
)
says("its rows show 32 units", kept)
says(
    "The KL price does best at the weakest strength that was tried",
    all(
        places[f"{where}: KL-sparse, chosen"][0] == 1
        for where in ("garments", "digits")
    ),
)
says(
    "PCA on garments with 512 components",
    value("garments: PCA, chosen", "strength"),
)
says("Two baselines ended at an edge", edges == {"garments: PCA, chosen"})
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
    "Weight decay, denoising and contraction climb, slow down, and at last turn back",
    all(
        max(y for _, y in path(where, row)) > path(where, row)[0][1] + 2
        and sum(path(where, row)[-1]) < max(map(sum, path(where, row)))
        for where in ("garments", "digits")
        for row in ROBUST
    ),
)
says(
    "The paths of dropout and of the sparse codes end below their start",
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
    "there it is 4.9 points ahead of the plain code",
    digits("contractive", "clean") - digits("plain", "clean"),
)
says(
    "its lead is 3.2 points, and 4.4 under noise",
    *(digits("contractive", c) - digits("weight decay", c) for c in ("clean", "noisy")),
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
    "Under noise the first three win on garments and on digits",
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
says("noise with a variance of 0.25 in each of 32 directions", loud**2, axes)
says("garments have in them, is 0.14", loud**2 * axes / variance)
prices = [row for row in evidence.rows if row.startswith("linear, free")]
say_free = [value(row, "W") for row in prices]
says(
    "falls by a factor of 17",
    say_free[1] / say_free[-1],
)
says(
    "but never less than the dashed line",
    all(value(row, "moved") > value("garments: PCA-32", "moved") for row in prices)
    and all(
        evidence.less(after, before, "moved") for before, after in pairwise(prices)
    ),
)
says(
    "its code is moved less, and its pictures get worse",
    all(
        evidence.less("linear, tied, 1", "linear, tied, 0.1", "moved")
        and evidence.less("linear, tied, 0.1", "linear, tied, 1", column)
        for column in ("SSE",)
    ),
)
