"""Stated ranges: just inside, the docstring's sentence holds; just outside is refused.

Every number that an argument's check bounds has a row here: they are read from the
sources.
"""

import ast
import math
from pathlib import Path

import matplotlib
import pytest
import torch

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import aelib
from aelib import data, features, losses, metrics, models, plots
from aelib.config import seed_everything
from aelib.data import corrupt
from aelib.linear import PCA

AELIB = Path(aelib.__file__).parent
MODULES = [
    *AELIB.glob("losses/*.py"),
    *AELIB.glob("metrics/*.py"),
    *AELIB.glob("plots/*.py"),
    *(AELIB / name for name in ("config.py", "linear.py", "models.py")),
    *(AELIB / name for name in ("data/corrupt.py", "data/folders.py")),
    AELIB / "features/__init__.py",
]
SHAPE = (1, 12, 12)
PICTURES = Path(matplotlib.get_data_path(), "images")  # of its buttons
X = torch.rand(6, *SHAPE)
X[0, 0, 0, :2] = torch.tensor([0.0, 1.0])  # the whole range
NOISY = X + 0.1
Z, LABELS, CODES = torch.rand(6, 3), torch.arange(40) % 2, torch.rand(40, 3)
FITTED = PCA.fit(X)


def importance(n):
    vae = models.VAE(models.MLPEncoder(SHAPE, [], 6), models.MLPDecoder(3, [], SHAPE))
    return metrics.importance_nll(
        vae,
        X,
        n_samples=n,
        log_likelihood=lambda output, x: -losses.bernoulli_nll(output, x),
    )


def neighbours(n):
    return metrics.knn_accuracy(CODES, LABELS, CODES, LABELS, n_neighbours=n)


def one_grid(**options):
    ax = plots.image_grid(X, **options)
    plt.close("all")
    return ax.images[0].get_array().shape[:2]


def finite(result):
    return bool(torch.as_tensor(result).isfinite().all())


# (function, argument): the call; value inside -> whether it is as said; values outside
ROWS = {
    ("gaussian_nll", "sigma"): (
        lambda value: losses.gaussian_nll(NOISY, X, sigma=value),
        {1e-6: finite, 1e6: finite},
        (0.99e-6, 1.01e6, 0, 1e-200, 1e200, -1.0),
    ),
    ("laplace_nll", "scale"): (
        lambda value: losses.laplace_nll(NOISY, X, scale=value),
        {1e-6: finite, 1e6: finite},
        (0.99e-6, 1.01e6, 0, 1e-200, 1e200, -1.0),
    ),
    ("kl_sparsity", "target"): (
        lambda value: losses.kl_sparsity(Z[0], value),
        {1e-9: finite, 1 - 1e-9: finite},
        (0.0, 1.0),
    ),
    ("top_k", "k"): (
        lambda value: losses.top_k(Z, value),
        {
            1: lambda kept: (kept != 0).sum(dim=1).tolist() == [1] * 6,
            3: lambda kept: torch.equal(kept, Z),
        },
        (0, 4),
    ),
    ("jacobian_penalty", "n_probes"): (
        lambda value: losses.jacobian_penalty(torch.sin, Z, n_probes=value),
        {1: lambda penalty: penalty.shape == (6,)},
        (0,),
    ),
    ("psnr", "peak"): (
        lambda value: metrics.psnr(NOISY, X, peak=value),
        {
            1.0: lambda db: db.allclose(torch.tensor(20.0), atol=1e-3),
            1e6: lambda db: db.allclose(torch.tensor(140.0), atol=1e-3),
        },
        (0.99, 1.01e6, 0, 1e200, math.inf),
    ),
    ("ssim", "peak"): (
        lambda value: metrics.ssim(X, X, peak=value),
        {1.0: lambda same: same.allclose(torch.ones(6)), 1e6: finite},
        (0.99, 1.01e6, 0, 1e200, math.inf),
    ),
    ("against_constant", "constant"): (
        lambda value: metrics.against_constant(metrics.sse, X, constant=value),
        {0.0: lambda score: score > 0, -1e9: finite},
        (math.inf, -math.inf, math.nan),
    ),
    ("active_units", "threshold"): (
        lambda value: metrics.active_units(Z, threshold=value),
        {0.0: lambda n: n == 3, 1e9: lambda n: n == 0},
        (-1e-9, math.inf),
    ),
    ("importance_nll", "n_samples"): (importance, {1: finite}, (0,)),
    ("knn_accuracy", "n_neighbours"): (
        neighbours,
        {1: lambda share: share == 1.0, 40: lambda share: share == 0.5},
        (0, 41),
    ),
    ("image_folder", "channels"): (
        lambda value: data.image_folder(PICTURES, size=(2, 3), channels=value),
        {
            1: lambda found: found.images.shape[1:] == (1, 2, 3),
            3: lambda found: found.images.shape[1:] == (3, 2, 3),
        },
        (0, 2, 4),
    ),
    ("gaussian_noise", "sigma"): (
        lambda value: corrupt.gaussian_noise(X, value),
        {0.0: lambda y: torch.equal(y, X), 1e9: finite},
        (-1e-9, math.inf),
    ),
    ("masking_noise", "rate"): (
        lambda value: corrupt.masking_noise(X, value),
        {0.0: lambda y: torch.equal(y, X), 1.0: lambda y: not y.any()},
        (-1e-9, 1 + 1e-9),
    ),
    ("salt_and_pepper", "rate"): (
        lambda value: corrupt.salt_and_pepper(X, value),
        {
            0.0: lambda y: torch.equal(y, X),
            1.0: lambda y: bool(((y == 0) | (y == 1)).all()),
        },
        (-1e-9, 1 + 1e-9),
    ),
    ("PCA.codes", "k"): (
        lambda value: FITTED.codes(X, value),
        {0: lambda z: z.shape == (6, 0), 6: lambda z: z.shape == (6, 6)},
        (-1, 7),
    ),
    ("PCA.rebuild", "k"): (
        lambda value: FITTED.rebuild(X, value),
        {
            0: lambda y: y[0].allclose(X.mean(dim=0), atol=1e-6),
            6: lambda y: y.allclose(X, atol=1e-5),
        },
        (-1, 7),
    ),
    ("PCA.tail", "k"): (
        FITTED.tail,
        {
            0: lambda rest: rest == pytest.approx(float(FITTED.variances.sum())),
            6: lambda rest: rest == 0.0,
        },
        (-1, 7),
    ),
    ("image_grid", "ncols"): (
        lambda value: one_grid(ncols=value, pad=0),
        {1: lambda size: size == (72, 12), 99: lambda size: size == (12, 72)},
        (0,),
    ),
    ("image_grid", "pad"): (
        lambda value: one_grid(ncols=6, pad=value),
        {0: lambda size: size == (12, 72), 2: lambda size: size == (12, 82)},
        (-1,),
    ),
    ("image_rows", "pad"): (
        lambda value: plots.image_rows({"a": X, "b": X}, pad=value),
        {0: lambda ax: ax.images[0].get_array().shape[0] == 24},
        (-1,),
    ),
    ("seed_everything", "seed"): (
        seed_everything,
        {
            0: lambda generator: generator.initial_seed() == 0,
            2**32 - 1: lambda generator: generator.initial_seed() == 2**32 - 1,
        },
        (-1, 2**32),
    ),
    ("FeatureNet", "n_classes"): (
        features.FeatureNet,
        {1: lambda net: net(torch.rand(2, 1, 28, 28)).shape == (2, 1)},
        (0,),
    ),
    ("MLPEncoder", "out_dim"): (
        lambda value: models.MLPEncoder(SHAPE, [], value),
        {1: lambda encoder: encoder(X).shape == (6, 1)},
        (0,),
    ),
    ("ConvEncoder", "out_dim"): (
        lambda value: models.ConvEncoder(SHAPE, value, width=1),
        {1: lambda encoder: encoder(X).shape == (6, 1)},
        (0,),
    ),
    ("MLPDecoder", "latent_dim"): (
        lambda value: models.MLPDecoder(value, [], SHAPE),
        {1: lambda decoder: decoder(X[:, 0, 0, :1]).shape == X.shape},
        (0,),
    ),
    ("ConvDecoder", "latent_dim"): (
        lambda value: models.ConvDecoder(value, SHAPE, width=1),
        {1: lambda decoder: decoder(X[:, 0, 0, :1]).shape == X.shape},
        (0,),
    ),
    ("ConvEncoder", "width"): (
        lambda value: models.ConvEncoder(SHAPE, 3, width=value),
        {1: lambda encoder: encoder(X).shape == (6, 3)},
        (0,),
    ),
    ("ConvDecoder", "width"): (
        lambda value: models.ConvDecoder(3, SHAPE, width=value),
        {1: lambda decoder: decoder(Z).shape == X.shape},
        (0,),
    ),
}


@pytest.mark.parametrize(("function", "argument"), ROWS)
def test_ranges(function, argument):
    call, inside, outside = ROWS[function, argument]
    for value, as_said in inside.items():
        assert as_said(call(value)), value
    for value in outside:
        with pytest.raises(ValueError, match=rf"^{argument}\b"):
            call(value)
    plt.close("all")


def test_every_bounded_number_has_a_row():
    checks = ("integer", "number", "positive", "_share", "_log_of_scale")
    bounded = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args:
                name, first = ast.unparse(node.func), node.args[0]
                if name.removeprefix("_expect.") in checks:
                    bounded |= (
                        {first.value} if isinstance(first, ast.Constant) else set()
                    )
    assert bounded == {argument for _, argument in ROWS}


# The same quantity has one range wherever it is asked for


@pytest.mark.parametrize("measure", [metrics.psnr, metrics.ssim])
def test_peak_is_the_range_of_the_pixels_and_not_the_largest(measure):
    same = measure(NOISY, X)
    torch.testing.assert_close(measure(255 * NOISY, 255 * X, peak=255), same)
    if measure is metrics.psnr:  # SSIM compares means as well: a shift changes it
        torch.testing.assert_close(measure(2 * NOISY - 1, 2 * X - 1, peak=2), same)
    for scale, shift, peak in ((2, -1, 1), (255, 0, 1), (255, 0, 2)):
        with pytest.raises(ValueError, match=r"^peak must be the range .* x spans"):
            measure(scale * NOISY + shift, scale * X + shift, peak=peak)


@pytest.mark.parametrize(
    ("name", "draw"),
    [
        ("values", lambda: plots.bars(Z[0, :0], ylabel="")),
        ("matrix", lambda: plots.heatmap(Z[:0])),
        ("curves", lambda: plots.lines({"a": Z[0, :0]}, xlabel="", ylabel="")),
        ("history", lambda: plots.history({"loss": []}, ylabel="")),
        ("codes", lambda: plots.scatter_codes(Z[:0, :2], LABELS[:0], classes=["a"])),
        ("images", lambda: plots.image_grid(X[:0])),
    ],
)
def test_no_picture_is_empty(name, draw):
    with pytest.raises(ValueError, match=rf"^{name}.* empty"):
        draw()
