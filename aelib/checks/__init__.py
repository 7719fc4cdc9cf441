"""Checks for exercises: each compares the reader's own function with the truth.

A check prints one line when all is well. Otherwise it raises AssertionError with one
sentence: what was given, what was expected, what came, and where to look. A stub's
NotImplementedError passes through.
"""

from aelib.checks.autoencoder import check_dead_units, check_glorot_uniform
from aelib.checks.bound import check_reparameterise
from aelib.checks.convolution import check_out_size, check_receptive_field
from aelib.checks.denoising import check_langevin_step, check_mean_psnr
from aelib.checks.divergence import check_kl
from aelib.checks.linear import check_als_step, check_ppca_log_likelihood
from aelib.checks.reconstruction import (
    check_box_ssim,
    check_continuous_bernoulli_nll,
)
from aelib.checks.regularised import (
    check_kl_sparsity,
    check_reconstruction_jacobian,
    check_top_k,
)
from aelib.checks.variational import check_slerp, check_vae_loss

__all__ = [
    "check_als_step",
    "check_box_ssim",
    "check_continuous_bernoulli_nll",
    "check_dead_units",
    "check_glorot_uniform",
    "check_kl",
    "check_kl_sparsity",
    "check_langevin_step",
    "check_mean_psnr",
    "check_out_size",
    "check_ppca_log_likelihood",
    "check_receptive_field",
    "check_reconstruction_jacobian",
    "check_reparameterise",
    "check_slerp",
    "check_top_k",
    "check_vae_loss",
]
