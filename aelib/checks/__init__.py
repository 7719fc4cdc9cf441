"""Checks for exercises: each compares the reader's own function with the truth.

A check prints one line when all is well. Otherwise it raises AssertionError with one
sentence: what was given, what was expected, what came, and where to look. A stub's
NotImplementedError passes through.
"""

from aelib.checks.autoencoder import check_dead_units, check_glorot_uniform
from aelib.checks.convolution import check_out_size, check_receptive_field
from aelib.checks.linear import check_als_step, check_ppca_log_likelihood

__all__ = [
    "check_als_step",
    "check_dead_units",
    "check_glorot_uniform",
    "check_out_size",
    "check_ppca_log_likelihood",
    "check_receptive_field",
]
