"""The numbers of chapter 01, computed again."""

import published
import torch

from aelib import data
from aelib.linear import PCA

fashion = data.fashion_mnist()
images, test = fashion.train.images, fashion.test.images
pca = PCA.fit(images)
eigenvalues = evidence.curve("eigenvalues")["variance"]
stairs = evidence.curve("staircase")
gains = evidence.curve("gains")
n_all = 10 * len(images)  # the embedded pictures are a tenth of all
k = setting("latent_dim")


def value(row, column="error"):
    return float(evidence[row, column])


# the opening and the bets
says("trained on sixty thousand pictures of clothes by plain", n_all)
says("level part of the curve lies on one of seven dashed", len(stairs["tails"]) == 7)
says("over four thousand steps of training", len(stairs["loss"]))
says("How much of it is left with sixteen numbers a picture", k)
says("will the sixteen columns of the decoder look like the sixteen axes", k, k)

# the best that is possible
says("How much of the sixty thousand pictures does", n_all)
says("on the six thousand pictures of this page", len(images))
says("Sixteen numbers leave a quarter of its error", k)
says("that was the first bet", 0.2 < pca.tail(k) / pca.tail(0) < 0.28)
says("linear network with sixteen numbers, however long", k)
says("with 64 numbers, a beginning of texture", 4 * k)
