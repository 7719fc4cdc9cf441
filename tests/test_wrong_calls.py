"""Wrong calls of models, losses, metrics, plots, folders and others are named.

Each case: the call, the argument that its message must name, and the error's type.
"""

import math

import matplotlib
import pytest
import torch

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from aelib import (
    _expect,
    data,
    features,
    losses,
    metrics,
    models,
    plots,
    results,
    systems,
)
from aelib.linear import PCA

SHAPE = (1, 8, 8)
X = torch.rand(4, *SHAPE)
Z = torch.rand(4, 3)
INTEGERS = torch.randint(0, 255, (4, *SHAPE), dtype=torch.uint8)
NAN = torch.full((4, 3), math.nan)
LABELS = torch.arange(40) % 4
CODES = torch.randn(40, 3)
ENCODER = models.MLPEncoder(SHAPE, [4], 3)
DECODER = models.MLPDecoder(3, [4], SHAPE)
VAE = models.VAE(models.MLPEncoder(SHAPE, [4], 6), DECODER)


def importance(x=X, n_samples=2):
    return metrics.importance_nll(
        VAE, x, n_samples=n_samples, log_likelihood=lambda output, x: x
    )


def probe(codes=CODES, labels=LABELS, test=CODES, test_labels=LABELS):
    return metrics.fit_probe(codes, labels).accuracy(test, test_labels)


def constant(metric=metrics.sse, targets=X, **options):
    return metrics.against_constant(metric, targets, **options)


def scatter(codes=Z[:, :2], labels=LABELS[:4], classes=tuple("abcd")):
    return plots.scatter_codes(codes, labels, classes=classes)


VALUE_ERRORS = {
    # models
    "image_shape of two": ("image_shape", lambda: models.MLPEncoder((8, 8), [4], 3)),
    "image side 0": ("image_shape[1]", lambda: models.MLPEncoder((1, 0, 8), [4], 3)),
    "hidden 0": ("hidden[1]", lambda: models.MLPEncoder(SHAPE, [4, 0], 3)),
    "hidden -1": ("hidden[0]", lambda: models.MLPDecoder(3, [-1], SHAPE)),
    "out_dim 0": ("out_dim", lambda: models.MLPEncoder(SHAPE, [4], 0)),
    "latent_dim 0": ("latent_dim", lambda: models.MLPDecoder(0, [4], SHAPE)),
    "conv latent_dim 0": ("latent_dim", lambda: models.ConvDecoder(0, SHAPE)),
    "conv width 0": ("width", lambda: models.ConvEncoder(SHAPE, 3, width=0)),
    "conv side 0": ("image_shape[2]", lambda: models.ConvEncoder((1, 30, 0), 3)),
    "conv shape of two": ("image_shape", lambda: models.ConvDecoder(3, (28, 30))),
    "conv of another size": (
        "x",
        lambda: models.ConvEncoder((1, 7, 8), 3, width=1)(X),
    ),
    "odd VAE head": ("encoder", lambda: models.VAE(ENCODER, DECODER)),
    "VAE head too wide": (
        "encoder",
        lambda: models.VAE(models.MLPEncoder(SHAPE, [4], 8), DECODER),
    ),
    "AE code unlike": (
        "encoder",
        lambda: models.Autoencoder(models.MLPEncoder(SHAPE, [4], 4), DECODER),
    ),
    "flat images": ("x", lambda: ENCODER(X.flatten(1))),
    "three channels": ("x", lambda: ENCODER(X.expand(4, 3, 8, 8))),
    "one image": ("x", lambda: ENCODER(X[0])),
    "images for codes": ("z", lambda: DECODER(X)),
    "codes of another size": ("z", lambda: DECODER(Z[:, :2])),
    "system latent_dim 0": ("latent_dim", lambda: systems.s0_conv(0)),
    # losses
    "nll shapes": ("x_hat", lambda: losses.gaussian_nll(X.flatten(1), X)),
    "nll broadcast": ("x_hat", lambda: losses.gaussian_nll(X, X[:1])),
    "nll scalars": ("x_hat", lambda: losses.gaussian_nll(X[:, 0, 0, 0], Z[:, 0])),
    "sigma 0": ("sigma", lambda: losses.gaussian_nll(X, X, sigma=0.0)),
    "sigma -1": ("sigma", lambda: losses.gaussian_nll(X, X, sigma=-1.0)),
    "sigma nan": ("sigma", lambda: losses.gaussian_nll(X, X, sigma=math.nan)),
    "sigma tensor": ("sigma", lambda: losses.gaussian_nll(X, X, sigma=torch.ones(4))),
    "nll device": ("x_hat", lambda: losses.gaussian_nll(X, X.to("meta"))),
    "laplace shapes": ("x_hat", lambda: losses.laplace_nll(X.flatten(1), X)),
    "scale 0": ("scale", lambda: losses.laplace_nll(X, X, scale=0.0)),
    "scale inf": ("scale", lambda: losses.laplace_nll(X, X, scale=math.inf)),
    "scale tensor": ("scale", lambda: losses.laplace_nll(X, X, scale=torch.ones(4))),
    "continuous logits shapes": (
        "logits",
        lambda: losses.continuous_bernoulli_nll(X, X[:1]),
    ),
    "logits shapes": ("logits", lambda: losses.bernoulli_nll(X, X[..., :4])),
    "kl broadcast": ("log_var", lambda: losses.kl_per_dim(Z, Z[:1])),
    "kl rank": ("mean", lambda: losses.kl_standard_normal(X, X)),
    "kl of two": ("log_var_p", lambda: losses.kl_gaussians(Z, Z, Z, Z[:, :2])),
    "contractive weight": (
        "weight",
        lambda: losses.contractive_penalty(Z, torch.rand(4, 8)),
    ),
    "contractive images": ("h", lambda: losses.contractive_penalty(X, Z)),
    "jacobian scalars": ("x", lambda: losses.jacobian_penalty(torch.sin, Z[:, 0])),
    "jacobian no probes": (
        "n_probes",
        lambda: losses.jacobian_penalty(torch.sin, Z, n_probes=0),
    ),
    "l1 images": ("h", lambda: losses.l1_penalty(X)),
    "sparsity of codes": ("activation", lambda: losses.kl_sparsity(Z, 0.1)),
    "sparsity target 0": ("target", lambda: losses.kl_sparsity(Z[0], 0.0)),
    "sparsity target 2": ("target", lambda: losses.kl_sparsity(Z[0], 2.0)),
    "top 0": ("k", lambda: losses.top_k(Z, 0)),
    "top 4 of 3": ("k", lambda: losses.top_k(Z, 4)),
    "top of images": ("h", lambda: losses.top_k(X, 1)),
    # metrics
    "sse shapes": ("x_hat", lambda: metrics.sse(X.flatten(1), X)),
    "sse NaN": ("x_hat", lambda: metrics.sse(NAN, Z)),
    "psnr empty": ("x_hat", lambda: metrics.psnr(X[:0], X[:0])),
    "psnr peak 0": ("peak", lambda: metrics.psnr(X, X, peak=0.0)),
    "psnr peak inf": ("peak", lambda: metrics.psnr(X, X, peak=math.inf)),
    "constant of another size": ("constant", lambda: constant(constant=X[0, 0])),
    "constant a batch": ("constant", lambda: constant(constant=X[:1])),
    "constant a scalar": ("constant", lambda: constant(constant=X.mean())),
    "constant NaN": ("constant", lambda: constant(constant=X[0] * math.nan)),
    "constant inf": ("constant", lambda: constant(constant=math.inf)),
    "constant for no targets": ("targets", lambda: constant(targets=X[:0])),
    "constant for one number": ("targets", lambda: constant(targets=X.sum())),
    "constant for NaN": ("targets", lambda: constant(targets=X * math.nan)),
    "constant for the meta device": (
        "targets",
        lambda: constant(targets=LABELS.to("meta")),
    ),
    "constant elsewhere": (
        "constant",
        lambda: constant(metrics.auroc, LABELS % 2, constant=X[0, 0, 0, 0].to("meta")),
    ),
    "constant by pixels": ("metric", lambda: constant(lambda a, b: a - b)),
    "constant by two": ("metric", lambda: constant(lambda a, b: X[:2, 0, 0, 0])),
    "constant to NaN": ("metric", lambda: constant(lambda a, b: math.nan)),
    "constant to one NaN": (
        "metric",
        lambda: constant(lambda a, b: torch.tensor([0, math.nan, 1, 2])),
    ),
    # linear
    "pca one image": ("images", lambda: PCA.fit(X[:1])),
    "pca scalars": ("images", lambda: PCA.fit(Z[:, 0])),
    "pca NaN": ("images", lambda: PCA.fit(X * math.nan)),
    "pca k of 5": ("k", lambda: PCA.fit(X).codes(X, 5)),
    "pca k of -1": ("k", lambda: PCA.fit(X).tail(-1)),
    "pca flat": ("x", lambda: PCA.fit(X).rebuild(X.flatten(1), 2)),
    "pca codes NaN": ("x", lambda: PCA.fit(X).codes(X * math.nan, 2)),
    "laplacian rank": ("x", lambda: metrics.laplacian_variance(X[0])),
    "laplacian small": ("x", lambda: metrics.laplacian_variance(X[..., :2])),
    "laplacian NaN": ("x", lambda: metrics.laplacian_variance(X * math.nan)),
    "ssim small": ("x", lambda: metrics.ssim(X, X)),
    "active NaN": ("mean", lambda: metrics.active_units(NAN)),
    "active rank": ("mean", lambda: metrics.active_units(X)),
    "active one": ("mean", lambda: metrics.active_units(Z[:1])),
    "active threshold": (
        "threshold",
        lambda: metrics.active_units(Z, threshold=-1.0),
    ),
    "dead rank": ("codes", lambda: metrics.dead_units(Z[:, 0])),
    "angles rows": ("a and b", lambda: metrics.principal_angles(CODES, Z)),
    "angles rank": ("b", lambda: metrics.principal_angles(CODES, CODES * 0)),
    "probe labels": ("train_labels", lambda: probe(labels=LABELS[:5])),
    "probe sizes": ("codes", lambda: probe(test=CODES[:, :2])),
    "probe test NaN": ("codes", lambda: probe(test=CODES * math.nan)),
    "probe test labels": ("labels", lambda: probe(test_labels=LABELS[:3])),
    "probe few": ("train_labels", lambda: probe(CODES[:20], LABELS[:20])),
    "predict sizes": (
        "codes",
        lambda: metrics.fit_probe(CODES, LABELS).predict(CODES[:, :2]),
    ),
    "probe NaN": ("train_codes", lambda: probe(codes=CODES * math.nan)),
    "probe one class": ("train_labels", lambda: probe(labels=LABELS * 0)),
    "knn sizes": (
        "train_codes",
        lambda: metrics.knn_accuracy(CODES, LABELS, CODES[:, :2], LABELS),
    ),
    "knn labels": (
        "test_labels",
        lambda: metrics.knn_accuracy(CODES, LABELS, CODES, LABELS[:3]),
    ),
    "knn labels -1": (
        "train_labels",
        lambda: metrics.knn_accuracy(CODES, LABELS - 1, CODES, LABELS),
    ),
    "probe labels -1": ("train_labels", lambda: metrics.fit_probe(CODES, LABELS - 1)),
    "jacobian of a sum": (
        "fn",
        lambda: losses.jacobian_penalty(lambda z: z.sum(), Z),
    ),
    "jacobian detached": (
        "fn",
        lambda: losses.jacobian_penalty(lambda z: z.detach(), Z),
    ),
    "importance of an autoencoder": (
        "x",
        lambda: importance(x=X[:, :, :4]),
    ),
    "knn neighbours": (
        "n_neighbours",
        lambda: metrics.knn_accuracy(CODES, LABELS, CODES, LABELS, n_neighbours=41),
    ),
    "auroc lengths": ("is_anomaly", lambda: metrics.auroc(Z[:, 0], LABELS[:3])),
    "auroc one kind": (
        "is_anomaly",
        lambda: metrics.auroc(Z[:, 0], torch.zeros(4).long()),
    ),
    "auroc three kinds": ("is_anomaly", lambda: metrics.auroc(Z[:, 0], LABELS[:4])),
    "auroc NaN": ("scores", lambda: metrics.auroc(NAN[:, 0], LABELS[:4] % 2)),
    "frechet sizes": (
        "features_a",
        lambda: metrics.frechet_distance(CODES, CODES[:, :2]),
    ),
    "frechet inf": (
        "features_b",
        lambda: metrics.frechet_distance(CODES, CODES / 0),
    ),
    "frechet one": (
        "features_a",
        lambda: metrics.frechet_distance(CODES[:1], CODES),
    ),
    "importance 0": ("n_samples", lambda: importance(n_samples=0)),
    "importance NaN": ("x", lambda: importance(x=X * math.nan)),
    # plots
    "grid rank": ("images", lambda: plots.image_grid(X[0])),
    "grid channels": ("images", lambda: plots.image_grid(X.expand(4, 2, 8, 8))),
    "grid empty": ("images", lambda: plots.image_grid(X[:0])),
    "grid 0..255": ("images", lambda: plots.image_grid(INTEGERS.float())),
    "grid NaN": ("images", lambda: plots.image_grid(X * math.nan)),
    "grid ncols 0": ("ncols", lambda: plots.image_grid(X, ncols=0)),
    "grid pad -1": ("pad", lambda: plots.image_grid(X, pad=-1)),
    "rows empty": ("rows", lambda: plots.image_rows({})),
    "rows unlike": ("rows", lambda: plots.image_rows({"a": X, "b": X[:2]})),
    "bars rank": ("values", lambda: plots.bars(Z, ylabel="")),
    "bars labels": ("labels", lambda: plots.bars(Z[0], ylabel="", labels=["a"])),
    "lines lengths": (
        "curves['a']",
        lambda: plots.lines({"a": Z[0]}, x=torch.arange(2), xlabel="", ylabel=""),
    ),
    "heatmap rank": ("matrix", lambda: plots.heatmap(Z[0])),
    "heatmap names": ("row_labels", lambda: plots.heatmap(Z, row_labels=["a"])),
    "scatter 3-d": ("codes", lambda: scatter(codes=Z)),
    "scatter classes": ("labels", lambda: scatter(classes=["a", "b"])),
    "scatter lengths": ("labels", lambda: scatter(labels=LABELS[:3])),
    # folders
    "folder missing": ("folder", lambda: data.image_folder("no such folder")),
    "folder a file": ("folder", lambda: data.image_folder(__file__)),
    "folder of one size": ("size", lambda: data.image_folder(".", size=[64])),
    "folder in two channels": ("channels", lambda: data.image_folder(".", channels=2)),
    "folder cut": ("fit", lambda: data.image_folder(".", fit="cut")),
    # features, results
    "features name": ("name", lambda: features.load("cifar10")),
    "results slug": ("slug", lambda: results.load("linear")),
}

TYPE_ERRORS = {
    "pca uint8": ("images", lambda: PCA.fit(INTEGERS)),
    "pca k a float": ("k", lambda: PCA.fit(X).rebuild(X, 2.0)),
    "sigma text": ("sigma", lambda: losses.gaussian_nll(X, X, sigma="1")),
    "target True": ("target", lambda: losses.kl_sparsity(Z[0], True)),
    "peak a list": ("peak", lambda: metrics.ssim(X, X, peak=[1.0])),
    "out_dim float": ("out_dim", lambda: models.MLPEncoder(SHAPE, [4], 3.0)),
    "latent_dim text": ("latent_dim", lambda: models.MLPDecoder("3", [4], SHAPE)),
    "latent_dim True": ("latent_dim", lambda: models.MLPDecoder(True, [4], SHAPE)),
    "hidden an int": ("hidden", lambda: models.MLPEncoder(SHAPE, 4, 3)),
    "system latent_dim": ("latent_dim", lambda: systems.s0_conv(1.5)),
    "encoder a function": ("encoder", lambda: models.Autoencoder(abs, DECODER)),
    "uint8 images": ("x", lambda: ENCODER(INTEGERS)),
    "NumPy images": ("x", lambda: ENCODER(X.numpy())),
    "integer codes": ("z", lambda: DECODER(LABELS[:3][None])),
    "uint8 nll": ("x", lambda: losses.gaussian_nll(X, INTEGERS)),
    "uint8 laplace": ("x", lambda: losses.laplace_nll(X, INTEGERS)),
    "uint8 continuous": ("x", lambda: losses.continuous_bernoulli_nll(X, INTEGERS)),
    "integer mean": ("logits", lambda: losses.continuous_bernoulli_mean(INTEGERS)),
    "uint8 laplacian": ("x", lambda: metrics.laplacian_variance(INTEGERS)),
    "integer logits": ("logits", lambda: losses.bernoulli_nll(INTEGERS, X)),
    "list for a mean": ("mean", lambda: losses.kl_per_dim([0.0], Z)),
    "integer sparse": ("h", lambda: losses.l1_penalty(LABELS[:4, None])),
    "k a float": ("k", lambda: losses.top_k(Z, 2.0)),
    "n_probes a float": (
        "n_probes",
        lambda: losses.jacobian_penalty(torch.sin, Z, n_probes=1.5),
    ),
    "integer weight": (
        "weight",
        lambda: losses.contractive_penalty(Z, LABELS[:3, None]),
    ),
    "float knn labels": (
        "train_labels",
        lambda: metrics.knn_accuracy(CODES, CODES[:, 0], CODES, LABELS),
    ),
    "constant metric a name": ("metric", lambda: constant("sse")),
    "constant for NumPy": ("targets", lambda: constant(targets=X.numpy())),
    "constant for complex": ("targets", lambda: constant(targets=X * 1j)),
    "constant for half": ("targets", lambda: constant(targets=X.half())),
    "constant text": ("constant", lambda: constant(constant="0.5")),
    "constant True": ("constant", lambda: constant(constant=True)),
    "constant float64": ("constant", lambda: constant(constant=X[0].double())),
    "constant uint8": ("constant", lambda: constant(constant=INTEGERS[0])),
    "constant to nothing": ("metric", lambda: constant(lambda a, b: None)),
    "constant to a list": ("metric", lambda: constant(lambda a, b: [1.0])),
    "constant to complex": (
        "metric",
        lambda: constant(lambda a, b: torch.tensor(1j)),
    ),
    "constant for uint8 images": ("x", lambda: constant(targets=INTEGERS)),
    "uint8 sse": ("x", lambda: metrics.sse(X, INTEGERS)),
    "likelihood of integers": (
        "log_likelihood",
        lambda: metrics.importance_nll(
            VAE, X, n_samples=1, log_likelihood=lambda output, x: LABELS[:4]
        ),
    ),
    "likelihood of nothing": (
        "log_likelihood",
        lambda: metrics.importance_nll(
            VAE, X, n_samples=1, log_likelihood=lambda output, x: None
        ),
    ),
    "float labels": ("is_anomaly", lambda: metrics.auroc(Z[:, 0], Z[:, 0])),
    "NumPy features": (
        "features_a",
        lambda: metrics.frechet_distance(CODES.numpy(), CODES),
    ),
    "n_samples float": ("n_samples", lambda: importance(n_samples=2.0)),
    "folder a number": ("folder", lambda: data.image_folder(3)),
    "folder size a number": ("size", lambda: data.image_folder(".", size=64)),
    "folder fit None": ("fit", lambda: data.image_folder(".", fit=None)),
    "folder skip 1": (
        "skip_unreadable",
        lambda: data.image_folder(".", skip_unreadable=1),
    ),
    "uint8 grid": ("images", lambda: plots.image_grid(INTEGERS)),
    "rows a tensor": ("rows", lambda: plots.image_rows(X)),
    "curves a tensor": ("curves", lambda: plots.lines(Z, xlabel="", ylabel="")),
    "history a number": ("history", lambda: plots.history(3, ylabel="")),
    "float class labels": ("labels", lambda: scatter(labels=Z[:, 0])),
    "uint8 features": ("x", lambda: features.load("mnist").features(INTEGERS)),
}


@pytest.mark.parametrize(
    ("error", "name", "call"),
    [
        pytest.param(error, *case, id=label)
        for error, table in ((ValueError, VALUE_ERRORS), (TypeError, TYPE_ERRORS))
        for label, case in table.items()
    ],
)
def test_wrong_calls_are_named(error, name, call):
    with pytest.raises(error) as caught:
        call()
    plt.close("all")
    message = str(caught.value)
    # values that are not finite have a ValueError of their own, which `train` explains
    assert type(caught.value) in (error, _expect.NotFiniteError)
    assert message.startswith(f"{name} "), message
    assert " must " in message and "\n" not in message
    assert "got " in message or "empty" in message
