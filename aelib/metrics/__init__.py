"""Measures of reconstructions, codes, densities, detectors and samples.

Unlike the losses these check the values they are given: a metric is where a number
leaves for a table.
"""

from aelib.metrics.codes import (
    Probe,
    active_units,
    dead_units,
    linear_probe,
    principal_angles,
)
from aelib.metrics.distributions import auroc, frechet_distance, importance_nll
from aelib.metrics.images import psnr, sse, ssim

__all__ = [
    "Probe",
    "active_units",
    "auroc",
    "dead_units",
    "frechet_distance",
    "importance_nll",
    "linear_probe",
    "principal_angles",
    "psnr",
    "sse",
    "ssim",
]
