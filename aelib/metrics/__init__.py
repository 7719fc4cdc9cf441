"""Measures of reconstructions, codes, densities, detectors and samples.

Unlike the losses these check the values they are given: a metric is where a number
leaves for a table. They take float32 and float64, and the tensors of a call share one
of them. Where digits would be lost in float32 they compute in float64, on the CPU:
Apple's GPUs have no float64; elsewhere in the dtype that they are given, within 1e-5 of
what float64 gives. One number an example comes back in the dtype and on the device of
the examples, unless the function says float64.
"""

from aelib.metrics.baselines import against_constant
from aelib.metrics.codes import active_units, dead_units, principal_angles
from aelib.metrics.distributions import auroc, frechet_distance, importance_nll
from aelib.metrics.images import laplacian_variance, psnr, sse, ssim
from aelib.metrics.probes import (
    FittedProbe,
    Probe,
    fit_probe,
    knn_accuracy,
)

__all__ = [
    "FittedProbe",
    "Probe",
    "active_units",
    "against_constant",
    "auroc",
    "dead_units",
    "fit_probe",
    "frechet_distance",
    "importance_nll",
    "knn_accuracy",
    "laplacian_variance",
    "principal_angles",
    "psnr",
    "sse",
    "ssim",
]
