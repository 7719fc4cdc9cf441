"""Every argument of every public function gets what does not belong there.

It is taken, where the docstring says so (`TAKES`), or refused in one line that begins
with the argument's name: no words of another library, no control codes.
"""

import inspect
import math
import re
from pathlib import Path

import matplotlib
import pytest
import torch

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from torch import nn

import aelib
from aelib import (
    checks,
    config,
    data,
    features,
    initialise,
    linear,
    losses,
    metrics,
    models,
    plots,
    results,
    systems,
)
from aelib.data import corrupt
from aelib.results import Evidence, Value

SHAPE = (1, 12, 12)
PICTURES = Path(matplotlib.get_data_path(), "images")  # of its buttons
X, Z = torch.rand(6, *SHAPE), torch.rand(6, 3)
LABELS = torch.arange(40) % 2
CODES = torch.rand(40, 3)
ENCODER, DECODER = models.MLPEncoder(SHAPE, [4], 3), models.MLPDecoder(3, [4], SHAPE)
VAE = models.VAE(models.MLPEncoder(SHAPE, [4], 6), DECODER)
FOREIGN_PARTS = models.Autoencoder(
    nn.Sequential(nn.Flatten(), nn.Linear(144, 3)),
    nn.Sequential(nn.Linear(3, 144), nn.Unflatten(1, SHAPE)),
)
PCA = linear.PCA.fit(X)
PROBE = metrics.fit_probe(CODES, LABELS)
NET = features.FeatureNet()
EVIDENCE = Evidence(
    "02_autoencoder",
    results.Path("nowhere"),
    {
        "columns": {"MSE": ""},
        "rows": {"a": {"MSE": {"0": 1.0, "1": 2.0}}, "b": {"MSE": 3.0}},
        "tables": {"t": {"rows": {"a": "A"}, "columns": ["MSE"]}},
        "pictures": {},
        "curves": {},
        "kept": {},
        "histories": {"a": {"train": [{"loss": 1.0}]}},
        "provenance": {
            **{"seeds": [0, 1], "device": "cpu", "torch": "2", "commits": ["a"]},
            "date": "2026-01-01",
        },
    },
)
PAIR = {"x_hat": X.flip(0), "x": X}
POSTERIOR = {"mean": Z, "log_var": Z.flip(0)}
LIKELIHOOD = {
    "n_samples": 2,
    "log_likelihood": lambda output, x: -losses.bernoulli_nll(output, x),
}


def squared(answer, targets):
    """A metric that checks nothing itself."""
    return (answer - targets.to(answer.dtype)).square().reshape(len(targets), -1).sum(1)


# name -> the function and arguments that are right
CALLS = {
    "start": (aelib.start, {"seed": 0}),
    "config.seed_everything": (config.seed_everything, {"seed": 0}),
    # losses
    "gaussian_nll": (losses.gaussian_nll, {**PAIR, "sigma": 0.5}),
    "laplace_nll": (losses.laplace_nll, {**PAIR, "scale": 0.5}),
    "bernoulli_nll": (losses.bernoulli_nll, {"logits": Z, "x": Z.flip(0)}),
    "continuous_bernoulli_nll": (
        losses.continuous_bernoulli_nll,
        {"logits": Z, "x": Z.flip(0)},
    ),
    "continuous_bernoulli_mean": (losses.continuous_bernoulli_mean, {"logits": Z}),
    "kl_per_dim": (losses.kl_per_dim, POSTERIOR),
    "kl_standard_normal": (losses.kl_standard_normal, POSTERIOR),
    "kl_gaussians": (
        losses.kl_gaussians,
        {"mean_q": Z, "log_var_q": Z + 1, "mean_p": Z + 2, "log_var_p": Z + 3},
    ),
    "contractive_penalty": (
        losses.contractive_penalty,
        {"h": Z, "weight": torch.rand(3, 5)},
    ),
    "jacobian_penalty": (
        losses.jacobian_penalty,
        {"fn": torch.sin, "x": Z, "n_probes": 1, "generator": None},
    ),
    "l1_penalty": (losses.l1_penalty, {"h": Z}),
    "kl_sparsity": (losses.kl_sparsity, {"activation": Z[0], "target": 0.1}),
    "top_k": (losses.top_k, {"h": Z, "k": 2}),
    # metrics
    "sse": (metrics.sse, PAIR),
    "psnr": (metrics.psnr, {**PAIR, "peak": 1.0}),
    "ssim": (metrics.ssim, {**PAIR, "peak": 1.0}),
    "laplacian_variance": (metrics.laplacian_variance, {"x": X}),
    "against_constant": (
        metrics.against_constant,
        {"metric": squared, "targets": X, "constant": X[0]},
    ),
    "against_constant of labels": (
        metrics.against_constant,
        {"metric": squared, "targets": LABELS[:6], "constant": 0.5},
    ),
    "active_units": (metrics.active_units, {"mean": Z, "threshold": 0.01}),
    "dead_units": (metrics.dead_units, {"codes": Z}),
    "principal_angles": (metrics.principal_angles, {"a": CODES, "b": CODES[:, :2]}),
    "auroc": (metrics.auroc, {"scores": Z[:, 0], "is_anomaly": LABELS[:6]}),
    "frechet_distance": (
        metrics.frechet_distance,
        {"features_a": CODES, "features_b": Z},
    ),
    "importance_nll": (
        metrics.importance_nll,
        {"model": VAE, "x": X, **LIKELIHOOD},
    ),
    "knn_accuracy": (
        metrics.knn_accuracy,
        {
            **{"train_codes": CODES, "train_labels": LABELS, "test_codes": Z},
            **{"test_labels": LABELS[:6], "n_neighbours": 3},
        },
    ),
    "fit_probe": (
        metrics.fit_probe,
        {"train_codes": CODES, "train_labels": LABELS},
    ),
    "FittedProbe.predict": (PROBE.predict, {"codes": CODES}),
    "FittedProbe.accuracy": (PROBE.accuracy, {"codes": CODES, "labels": LABELS}),
    # models
    "MLPEncoder": (
        models.MLPEncoder,
        {"image_shape": SHAPE, "hidden": [4], "out_dim": 3},
    ),
    "MLPDecoder": (
        models.MLPDecoder,
        {"latent_dim": 3, "hidden": [4], "image_shape": SHAPE},
    ),
    "ConvEncoder": (
        models.ConvEncoder,
        {"image_shape": SHAPE, "out_dim": 3, "width": 4},
    ),
    "ConvDecoder": (
        models.ConvDecoder,
        {"latent_dim": 3, "image_shape": SHAPE, "width": 4},
    ),
    "Autoencoder": (models.Autoencoder, {"encoder": ENCODER, "decoder": DECODER}),
    "VAE": (models.VAE, {"encoder": VAE.encoder, "decoder": DECODER}),
    "MLPEncoder.forward": (ENCODER, {"x": X}),
    "MLPDecoder.forward": (DECODER, {"z": Z}),
    "ConvEncoder.forward": (models.ConvEncoder(SHAPE, 3, width=4), {"x": X}),
    "ConvDecoder.forward": (models.ConvDecoder(3, SHAPE, width=4), {"z": Z}),
    "VAE.forward": (VAE, {"x": X}),
    "VAE.encode": (VAE.encode, {"x": X}),
    "VAE.decode": (VAE.decode, {"z": Z}),
    "Autoencoder.forward": (FOREIGN_PARTS, {"x": X}),
    "Autoencoder.encode": (FOREIGN_PARTS.encode, {"x": X}),
    "Autoencoder.decode": (FOREIGN_PARTS.decode, {"z": Z}),
    "initialise_at_mean": (
        initialise.initialise_at_mean,
        {"model": DECODER, "mean_image": X[0]},
    ),
    "s0_conv": (systems.s0_conv, {"latent_dim": 2}),
    "keras_initialise": (systems.keras_initialise, {"model": DECODER}),
    # linear, features
    "PCA": (
        linear.PCA,
        {"mean": PCA.mean, "axes": PCA.axes, "variances": PCA.variances},
    ),
    "PCA.fit": (linear.PCA.fit, {"images": X, "centre": True}),
    "PCA.codes": (PCA.codes, {"x": X, "k": 2}),
    "PCA.rebuild": (PCA.rebuild, {"x": X, "k": 2}),
    "PCA.tail": (PCA.tail, {"k": 2}),
    "features.load": (features.load, {"name": "mnist"}),
    "FeatureNet": (features.FeatureNet, {"n_classes": 3}),
    "FeatureNet.forward": (NET, {"x": torch.rand(2, 1, 28, 28)}),
    "FeatureNet.features": (NET.features, {"x": torch.rand(2, 1, 28, 28)}),
    # noise
    "gaussian_noise": (
        corrupt.gaussian_noise,
        {"x": X, "sigma": 0.1, "generator": None},
    ),
    "masking_noise": (corrupt.masking_noise, {"x": X, "rate": 0.5, "generator": None}),
    "salt_and_pepper": (
        corrupt.salt_and_pepper,
        {"x": X, "rate": 0.5, "generator": None},
    ),
    "image_folder": (
        data.image_folder,
        {
            **{"folder": PICTURES, "size": (2, 2), "channels": 1, "fit": "pad"},
            "skip_unreadable": False,
        },
    ),
    # plots
    "bars": (
        plots.bars,
        {
            **{"values": Z[0], "ylabel": "", "xlabel": "", "labels": ["a", "b", "c"]},
            "ax": None,
        },
    ),
    "lines": (
        plots.lines,
        {
            **{"curves": {"a": Z[0]}, "x": Z[1], "xlabel": "", "ylabel": ""},
            **{"logx": False, "logy": True, "marker": "o", "ax": None},
        },
    ),
    "history": (
        plots.history,
        {
            **{"history": {"loss": [2.0, 1.0]}, "ylabel": "", "term": "loss"},
            **{"logy": False, "ax": None},
        },
    ),
    "heatmap": (
        plots.heatmap,
        {
            **{"matrix": Z[:2], "row_labels": ["a", "b"], "col_labels": [1, 2, 3]},
            **{"annotate": ".2f", "label": "", "ax": None},
        },
    ),
    "scatter_codes": (
        plots.scatter_codes,
        {"codes": Z[:, :2], "labels": LABELS[:6], "classes": ["a", "b"], "ax": None},
    ),
    "image_grid": (plots.image_grid, {"images": X, "ncols": 3, "pad": 1, "ax": None}),
    "image_rows": (plots.image_rows, {"rows": {"a": X}, "pad": 1, "ax": None}),
    # results
    "results.load": (results.load, {"slug": "01_a", "folder": None}),
    "Value.over": (Value.over, {"runs": {0: 1.0, 1: 2.0}}),
    "Value - other": (Value(1.0).__sub__, {"other": Value(2.0)}),
    "evidence[]": (EVIDENCE.__getitem__, {"place": ("a", "MSE")}),
    "evidence[row, column]": (
        lambda row, column: EVIDENCE[row, column],
        {"row": "a", "column": "MSE"},
    ),
    "Evidence.table": (EVIDENCE.table, {"name": "t"}),
    "Evidence.history": (EVIDENCE.history, {"row": "a"}),
    "Evidence.less": (
        lambda row, column: EVIDENCE.less("b", row, column),
        {"row": "a", "column": "MSE"},
    ),
    **{
        f"checks.{name}": (check, dict.fromkeys(inspect.signature(check).parameters))
        for name, check in ((name, getattr(checks, name)) for name in checks.__all__)
    },
}
HALF = {"float16", "bfloat16"}
REAL = HALF | {"float64", "int64", "bool"}
ANY_SHAPE = {"tensor"}  # the one of PLAIN
# (function or "", argument) -> what is right there after all, as the docstring says
TAKES = {
    ("gaussian_nll", "sigma"): {"1.5"},
    ("laplace_nll", "scale"): {"1.5"},
    ("psnr", "peak"): {"1.5"},
    ("ssim", "peak"): {"1.5"},
    ("against_constant", "constant"): {"None", "-1", "1.5"},
    ("against_constant of labels", "constant"): {"None", "-1", "1.5"},
    ("against_constant", "targets"): {"int64", "bool"},
    ("against_constant of labels", "targets"): {"bool", "float64"} | ANY_SHAPE,
    ("active_units", "threshold"): {"1.5"},
    ("gaussian_noise", "sigma"): {"1.5"},
    ("", "generator"): {"None"},
    ("", "ax"): {"None"},
    # alone in its call, or moved to the CPU by itself
    ("continuous_bernoulli_mean", "logits"): {"float64", "meta"} | ANY_SHAPE,
    ("l1_penalty", "h"): {"float64", "meta"},
    ("top_k", "h"): {"float64", "meta"} | HALF,
    ("jacobian_penalty", "x"): {"float64", "meta"} | ANY_SHAPE,
    ("kl_sparsity", "activation"): {"float64", "meta"},
    ("laplacian_variance", "x"): {"float64"},
    ("active_units", "mean"): {"float64"},
    ("dead_units", "codes"): {"float64"},
    ("auroc", "scores"): {"float64"},
    ("fit_probe", "train_codes"): {"float64"},
    ("FittedProbe.predict", "codes"): {"float64"},
    ("FittedProbe.accuracy", "codes"): {"float64"},
    ("PCA", "mean"): HALF | {"float64"},
    ("PCA", "axes"): HALF | {"float64"},
    ("PCA", "variances"): HALF | {"float64"},
    ("PCA.fit", "images"): HALF | {"float64"} | ANY_SHAPE,
    ("PCA.codes", "x"): HALF | {"float64"},
    ("PCA.rebuild", "x"): HALF | {"float64"},
    ("initialise_at_mean", "mean_image"): HALF | {"float64"},
    ("auroc", "is_anomaly"): {"bool"},
    ("knn_accuracy", "train_labels"): {"bool"},
    ("knn_accuracy", "test_labels"): {"bool"},
    ("fit_probe", "train_labels"): {"bool"},
    ("FittedProbe.accuracy", "labels"): {"bool"},
    ("scatter_codes", "labels"): {"bool"},
    ("gaussian_noise", "x"): HALF | {"float64", "meta"} | ANY_SHAPE,
    ("masking_noise", "x"): HALF | {"float64", "meta"} | ANY_SHAPE,
    ("salt_and_pepper", "x"): HALF | {"float64", "meta"} | ANY_SHAPE,
    ("image_folder", "skip_unreadable"): {"True"},
    ("bars", "values"): REAL,
    ("lines", "x"): REAL | {"None"},
    ("heatmap", "matrix"): REAL,
    ("scatter_codes", "codes"): REAL,
    ("image_grid", "images"): HALF | {"float64"},
    ("bars", "xlabel"): {"None", "text"},
    ("bars", "labels"): {"None"},
    ("lines", "marker"): {"None"},
    ("heatmap", "row_labels"): {"None"},
    ("heatmap", "col_labels"): {"None"},
    ("heatmap", "annotate"): {"None"},
    ("heatmap", "label"): {"None", "text"},
    ("history", "term"): {"text"},  # curves given by name are all drawn
    ("", "ylabel"): {"text"},
    ("lines", "xlabel"): {"text"},
    ("", "logx"): {"True"},
    ("", "logy"): {"True"},
    ("PCA.fit", "centre"): {"True"},
    ("results.load", "folder"): {"None", "text"},
}
# A network of other people knows its own shapes.
UNASKED = {
    ("Autoencoder.forward", "x"): "tensor",
    ("Autoencoder.encode", "x"): "tensor",
}
NAMES = {"row", "column", "name"}  # of evidence: one that is not there is a KeyError

PLAIN = {
    "None": None,
    "text": "text",
    "NaN": math.nan,
    "Inf": math.inf,
    "-1": -1,
    "1.5": 1.5,
    "True": True,
    "object": object(),
    "list": [1.0],
    "dict": {"a": object()},
    "tensor": torch.rand(2, 2, 2, 2, 2),
}


def foreign(right):
    """By name, what does not belong where `right` does."""
    if not isinstance(right, torch.Tensor):
        return PLAIN
    others = {
        "NumPy": right.numpy(),
        "meta": right.to("meta"),
        "complex": right.to(torch.complex64),
    }
    for dtype in (*(torch.float16, torch.bfloat16, torch.float64), torch.int64):
        others[str(dtype).removeprefix("torch.")] = right.to(dtype)
    others["bool"] = right > 0
    own = str(right.dtype).removeprefix("torch.")
    return PLAIN | {name: value for name, value in others.items() if name != own}


@pytest.mark.parametrize("name", CALLS)
def test_every_argument(name, monkeypatch):
    function, right = CALLS[name]
    if not name.startswith("checks."):
        function(**right)
    wrong = []
    for argument, value in right.items():
        taken = TAKES.get((name, argument), TAKES.get(("", argument), set()))
        for label, other in foreign(value).items():
            if UNASKED.get((name, argument)) == label:
                continue
            problem = complaint(function, right, argument, other, label in taken)
            if problem:
                wrong.append(f"{argument} = {label}: {problem}")
        plt.close("all")
    assert not wrong, "\n".join(wrong)


def complaint(function, right, argument, other, is_taken):
    """What is wrong with how one value was taken or refused; None if all is well."""
    others = [n for n in right if isinstance(right[n], torch.Tensor)]
    try:
        function(**{**right, argument: other})
    except (ValueError, TypeError) as error:
        message = str(error)
    except KeyError as error:
        is_name = argument in NAMES and isinstance(other, str)
        return None if is_name else f"KeyError {error}"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:90]!r}"
    else:
        return None if is_taken else "taken"
    named = re.match(rf"{argument}\b", message) or (
        any(re.match(rf"{n}\b", message) for n in others)
        and re.search(rf"\b{argument}\b", message)
    )
    if is_taken or not named or not message.isprintable() or len(message) > 250:
        return f"refused: {message[:200]!r}"
    return None


def test_every_public_function_is_here():
    modules = (checks, losses, metrics, plots, systems)
    called = {getattr(call, "__name__", "") for call, _ in CALLS.values()}
    no_arguments = {"use_style", "Probe", "FittedProbe", "SYSTEMS", "System"}
    no_arguments |= {"SigmaCode", "SigmaVAE"}  # as found, mistakes and all
    for module in modules:
        for name in set(module.__all__) - no_arguments:
            function = getattr(module, name)
            assert name in called or not inspect.signature(function).parameters, name
