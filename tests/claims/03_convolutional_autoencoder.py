"""The numbers of chapter 03, computed again."""

import math
from itertools import pairwise, product

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

from aelib import data, results, systems
from aelib.linear import PCA

digits = data.mnist()
x_train, x_test = digits.train.images, digits.test.images
k = setting("latent_dim")
n_few, n_all = len(x_train), 10 * len(x_train)  # the embedded ones are a tenth of all
n_pixels, width = x_train[0].numel(), x_train.shape[2]
KERNELS = ("uneven", "even")
PAGE, RIVAL, LONG = "convolutional", "connected", "connected, ten times as long"


def value(row, column="MSE"):
    return float(evidence[row, column])


def mse(x_hat, x):
    return (x_hat - x).square().mean().item()


def narrowed(n, kernel, stride=2, padding=1):
    """Width of a map, as PyTorch makes it."""
    weights = torch.zeros(1, 1, kernel)
    return F.conv1d(torch.zeros(1, 1, n), weights, None, stride, padding).shape[2]


def to_seven(kernel):
    """Widths of which a kernel makes seven numbers."""
    return [n for n in range(5, 20) if narrowed(n, kernel) == 7]


# the opening and the bets
says("two drawings of each from 32 numbers", k)
says("Both lower rows were drawn from 32 numbers a digit", k)
says("fitted to all sixty thousand digits of MNIST", n_all)
says(
    "It has the smaller error all the same",
    evidence.less("convolutional, a few seconds, digits", "PCA-32, digits", "MSE"),
)
says("as a list of 784 numbers", n_pixels)

# reading and stamping
kernel, numbers = (torch.tensor([[row]]).float() for row in ([1, 2, 1], [1, 2, 3]))
stamped = F.conv_transpose1d(numbers, kernel, stride=2).flatten()
read = F.conv1d(stamped[None, None], kernel, stride=2).flatten()
says("The neighbours 2 and 4 share the pixel", stamped[1], stamped[3])
says("and it becomes 3. This kernel interpolates", stamped[2])
says("we get 8, 16, 20", *read)

# sizes
says(
    "makes seven numbers out of 13 pixels, and also out of 14",
    to_seven(3)[0],
    to_seven(3)[1],
)
says("For the kernel of four the smaller is 14", min(to_seven(4)))
says("For the kernel of three it is 13", min(to_seven(3)))

# the network, trained on the page
kept = evidence.content["kept"][f"{PAGE}, digits"]
weights = load_file(evidence.folder / kept)
n_maps = len(weights["encoder.0.weight"])
says("Sixteen kernels make sixteen maps", n_maps, n_maps)
says("Here are the sixteen maps that the first", n_maps)
says("after it was trained on all sixty thousand digits", n_all)
says("sixteen maps of one digit", n_maps)
says("three passes over six thousand digits", n_few)
says("drawn from 32 numbers three times", k)
says("its error per pixel is about 0.012", live="0.009 < conv_error < 0.0128")
pca_few = mse(PCA.fit(x_train).rebuild(x_test, k), x_test)
says("fitted to the same six thousand digits, has 0.0179", n_few, pca_few)

# shuffled
says(
    "its error is more than twice what it was",
    live="confused_error > 2.0 * conv_error",
)
says("and now it is ahead", live="confused_error > rival_error")
says("Here is the same with all sixty thousand digits", n_all)
says(
    "shuffling multiplies its error by three",
    2.7 < value(PAGE, "digits, shuffled") / value(PAGE, "digits") < 3.5,
)
says(
    "the whole lead over the connected network is gone",
    not evidence.less(PAGE, RIVAL, "digits, shuffled"),
)

# the rival
n_weights = sum(w.numel() for w in weights.values())
says(
    "about 119 thousand weights, a code of 32 numbers, all sixty thousand pictures",
    n_weights / 1000,
    k,
    n_all,
)
says(
    "Both networks have about",
    0.99 < value(RIVAL, "parameters") / value(PAGE, "parameters") < 1.01,
)
says(
    "twice the error, 0.0119 against 0.0050, and on clothes 0.0118 against 0.0089",
    value(LONG, "digits"),
    value(PAGE, "digits"),
    value(LONG, "garments"),
    value(PAGE, "garments"),
)
says(
    "With as many weights it does not catch up",
    all(evidence.less(PAGE, LONG, of) for of in ("digits", "garments")),
)
others = ("half the rate", "twice the rate", "from the mean image")
best = min((value(f"{RIVAL}, {how}, digits"), how) for how in others)
says("each for four passes, bring it to 0.0134 at best", best[0])
LAST = "wide, ten times as long"
says("comes out of 72 hidden numbers", setting("n_hidden"))
says("that of PCA, 0.0080 on digits", value(f"PCA-{setting('n_hidden')}", "digits"))
says(
    "this network *must* lose",
    value(PAGE, "digits") < value("PCA-72", "digits"),
)
# 784 x h + h + h x k + k, and back
hidden = (value(LAST, "parameters") - k - n_pixels) / (2 * n_pixels + 2 * k + 2)
says("has 256 hidden numbers", hidden)
says(
    "three and a half times the weights",
    3.4 < value(LAST, "parameters") / n_weights < 3.6,
)
says("and still not there: 0.0081", value(LAST, "digits"))
earlier = results.load("02_autoencoder")["32 numbers", "MSE"]
widths = [n_pixels, 256, 128, k, 128, 256, n_pixels]  # as chapter 02 has them
n_earlier = sum(a * b + b for a, b in pairwise(widths))
says("of chapter 2 that has 32 numbers", k)
says("four times the weights", 3.8 < n_earlier / n_weights < 4.2)
says("draws level: 0.0087", float(earlier))
says(
    "and eight passes, draws level",
    abs(float(earlier) - value(PAGE, "garments")) < 0.03 * float(earlier),
)
says("still not there", evidence.less(PAGE, LAST, "digits"))
says(
    "It has the smallest error there too",
    all(
        evidence.less(PAGE, row, "digits, moved")
        for row in ("mean image", "PCA-32", RIVAL, LONG)
    ),
)
says(
    "its error nearly doubles",
    1.8 < value(PAGE, "digits, moved") / value(PAGE, "digits") < 2.0,
)

says(
    "while those of the others grow by a half",
    all(
        1.45 < value(row, "digits, moved") / value(row, "digits") < 1.6
        for row in ("PCA-32", RIVAL, LONG)
    ),
)

# which half
encoder_alone, decoder_alone, neither, both = (
    value(f"{row}, digits")
    for row in (
        "convolutional encoder alone",
        "convolutional decoder alone",
        RIVAL,
        PAGE,
    )
)
says(
    "nine tenths of the gain are there",
    0.85 < (neither - decoder_alone) / (neither - both) < 0.95,
)
says(
    "a convolutional encoder alone brings nothing that we can resolve",
    not evidence.less("convolutional encoder alone, digits", f"{RIVAL}, digits", "MSE"),
)
FULL = "convolutional encoder, wide decoder, digits"
WIDE = "connected, wide, twice the rate, digits"
says("helps only a little: 0.0107 against 0.0110", value(FULL), value(WIDE))
says("A wide decoder behind it helps only", evidence.less(FULL, WIDE, "MSE"))

# what a convolution forgets
n_read = narrowed(width, 4) ** 2
says("one convolution makes 196 numbers out of 784", n_read, n_pixels)
SMOOTH, RANDOM = "kernel: 1, 3, 3, 1 each way", "kernel: random"
garments = data.fashion_mnist()
known, new = (
    images.flatten(1).double()
    for images in (garments.train.images, garments.test.images)
)


def missing_to_one_who_knows(seed):
    """What the least squares of the training images do not bring back."""
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(1, 1, 4, 4, generator=generator).double()

    def read(flat):
        images = flat.reshape(-1, 1, width, width)
        return F.conv2d(images, weights, stride=2, padding=1).flatten(1)

    learned = torch.linalg.lstsq(read(known), known).solution
    return float((read(new) @ learned - new).norm() / new.norm())


says("each way loses about a quarter", 0.2 < value(SMOOTH, "pseudo-inverse") < 0.3)
says("it is 0.83 on average", value(RANDOM, "pseudo-inverse"))
says(
    "the random kernel loses about a quarter, too",
    all(0.2 < missing_to_one_who_knows(seed) < 0.3 for seed in range(5)),
)
says("the sixteen of our first layer", n_maps)
says("four times as many as the picture has", n_maps * n_read == 4 * n_pixels)

# the grid
published = systems.s1_conv()
stamps = [m for m in published.decoder if isinstance(m, nn.ConvTranspose2d)]
says(
    "so the first two do not fit",
    [m.kernel_size[0] % m.stride[0] > 0 for m in stamps] == [True, True, False],
)
says(
    "eight numbers at each of four places",
    published.encode(2 * x_test[:1] - 1).shape[1] == 8 * 4,
)
says("in a field of a dozen pixels", math.prod(m.stride[0] for m in stamps))
BOTH, LINEAR = "ReLU and pooling", "linear"


def small(kernels, code):
    return f"grid, {kernels} kernels, code: {code}"


says("Only the third is even", value(small("resizing", LINEAR), "grid") < 1e-9)
says(
    "The linear code lowers the error, with either kind of kernel",
    all(evidence.less(small(x, LINEAR), small(x, BOTH), "MSE") for x in KERNELS),
)
says(
    "raise it, with either kind of code",
    all(
        evidence.less(small("uneven", code), small("even", code), "MSE")
        for code in (BOTH, LINEAR)
    ),
)
says(
    "half of the fine grid and more is gone",
    all(
        value(small("even", code), "fine grid")
        < value(small("uneven", code), "fine grid") / 2
        for code in (BOTH, LINEAR)
    ),
)
says(
    "has the smallest error of the four",
    all(
        evidence.less(small("uneven", LINEAR), small(x, code), "MSE")
        for x, code in (("even", LINEAR), ("even", BOTH), ("uneven", BOTH))
    ),
)
says(
    "not one beats PCA",
    not any(
        evidence.less(small(x, code), "PCA-32, digits", "MSE")
        for x, code in product(KERNELS, (BOTH, LINEAR))
    ),
)
says(
    "4,033 weights in all against 5,729",
    value("even kernels, code: linear", "parameters"),
    value("uneven kernels, code: linear", "parameters"),
)
says(
    "And the code changed twice as well",
    all(
        evidence.less(small("even", LINEAR), small("even", f"{part} alone"), "MSE")
        for part in ("ReLU", "pooling")
    ),
)
says(
    "and its error is larger than that of the even kernels",
    evidence.less(small("even", LINEAR), small("resizing", LINEAR), "MSE"),
)
says(
    "That decoder is smaller still",
    value("resizing kernels, code: linear", "parameters")
    < value("even kernels, code: linear", "parameters"),
)

three, four = "grid, kernels of 3", "grid, kernels of 4"
difference = evidence.difference(four, three, "MSE")
says(
    "Here the errors differ by less than we can resolve",
    not difference.is_below_zero() and not evidence.less(three, four, "MSE"),
)
of_grid = evidence.difference(three, four, "fine grid")
# 4.3: two-sided, 95 %, two degrees of freedom
says(
    "may be larger; three seeds do not settle it",
    0 < of_grid.mean / (of_grid.sd / math.sqrt(of_grid.n)) < 4.3,
)
says(
    "two or three hundredths of the way from black to white",
    all(0.015 < value(row, "fine grid") < 0.035 for row in (three, four)),
)

# exercises
# the second kernel fits for the first time
seen = min(n for n in range(4, width) if narrowed(n, 4, padding=0) >= 4)
says("A place sees a window of 10 pixels", seen)
says(
    "cut to 26 rows and 22 columns",
    setting("n_rows_cut"),
    setting("n_columns_cut"),
)
says("a convolutional autoencoder with 32 numbers for them", k)
says("with a width of 16 they are the network", setting("conv_width"))
