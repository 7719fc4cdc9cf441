"""The numbers of chapter 01, computed again."""

import published

from aelib import data
from aelib.linear import PCA

images = data.fashion_mnist().train.images
pca = PCA.fit(images)
variance = evidence.curve("eigenvalues")["variance"]
stairs = evidence.curve("staircase")
n_all = 10 * len(images)  # the embedded pictures are a tenth of all
k = setting("latent_dim")
SIZES = [int(row[6:]) for row in evidence.rows if row.startswith("Adam, ")]
wide = SIZES[-2]
SMALL, LARGE = f"Adam, {SIZES[0]}", f"Adam, {wide}"


def value(row, column="error"):
    return float(evidence[row, column])


# the opening and the bets
says("on sixty thousand pictures of clothes by plain", n_all)
says("over four thousand steps of training", len(stairs["loss"]))
says("on one of seven dashed lines", len(stairs["tails"]) == setting("n_units") + 1)
says("How much of it is left with sixteen numbers a picture", k)
says("the sixteen columns of the decoder look like the sixteen axes", k, k)

# the best that is possible
says("How much of the sixty thousand pictures does", n_all)
says("on the six thousand pictures of this page", len(images))
says("Sixteen numbers leave a quarter of its error", k)
says(
    "That was the first bet",
    0.2 < value("PCA-16, garments") / value("mean image, garments") < 0.28,
)
says("linear network with sixteen numbers, however long", k)
says("with 64 numbers, a beginning of texture", 4 * k)
says("from sixteen recognisable, from sixty-four nearly", k, 4 * k)

# trained as one trains a network
says("On all sixty thousand pictures Adam ends", n_all)
says(
    "within a hundredth of a per cent of the tail",
    all(value(f"Adam, {n}", "loss/tail") - 1 < 1e-4 for n in (2, 16, 32, 64)),
)
says("With two numbers Adam's plane is PCA's plane", value(SMALL, "angle") < 0.1)
says("With 32 it is turned by 28 degrees", wide, value(LARGE, "angle"))
says(
    "less than one per cent larger than the thirty-third",
    1 < variance[wide - 1] / variance[wide] < 1.01,
)
says(
    "nearly upright on that of PCA, at a loss within a third of a per cent",
    value("ALS, 16", "angle") > 60 and value("ALS, 16", "loss/tail") < 1.0033,
)

# not the axes
says(
    "Training does no better than chance",
    not evidence.less("random directions", "Adam, 16", "cosine"),
)
says("resembles one of the sixteen axes a little", k)

# three ways to shrink, other worlds
own, other = "axes of garments", "axes of digits"
says(
    "digits lose about twice as much as with their own",
    1.8 < value(own, "digits") / value(other, "digits") < 2.2,
)
says(
    "clothes seen as digits, about four times",
    3.6 < value(other, "garments") / value(own, "garments") < 4.2,
)
(LITERATURE,) = (r for r in evidence.rows if "PCA-30" in r and "digits" in r)
says(
    "report an error of 13.87 for PCA with 30 numbers on MNIST. Ours, on all images,"
    " is 13.87",
    published.HINTON_2006["PCA"],
    int(LITERATURE.split(",")[0].split("-")[1]),
    value(LITERATURE),
)

# exercises
says("between the tails of 16 and 15", k, k - 1)
says("of all projectors of rank 16. The", k)
says("at most the tail of 15. From below, for every $P$ of rank 16", k - 1, k)
