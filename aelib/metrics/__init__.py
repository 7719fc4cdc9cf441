"""Measures of reconstructions, codes, densities, detectors and samples.

Unlike the losses these check the values they are given: a metric is where a number
leaves for a table.
"""

from aelib.metrics.codes import active_units, dead_units, principal_angles
from aelib.metrics.distributions import auroc, frechet_distance, importance_nll
from aelib.metrics.images import laplacian_variance, psnr, sse, ssim
from aelib.metrics.probes import (
    FittedProbe,
    Probe,
    fit_probe,
    knn_accuracy,
    linear_probe,
)

__all__ = [
    "FittedProbe",
    "Probe",
    "active_units",
    "auroc",
    "dead_units",
    "fit_probe",
    "frechet_distance",
    "importance_nll",
    "knn_accuracy",
    "laplacian_variance",
    "linear_probe",
    "principal_angles",
    "psnr",
    "sse",
    "ssim",
]
