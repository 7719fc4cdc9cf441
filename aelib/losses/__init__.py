"""Losses and divergences: one number per example, (B,), in nats.

The dimensions of an example are summed here; the caller takes the mean over the batch.
Then the weight of one term against another does not change with the size of the images,
of the code, or of the batch. Values are not checked: that would make a training step on
a GPU wait. All tensors of a call share one dtype, float32 or float64, in which the loss
is computed and summed; in float32 it is that of float64 within 1e-5 of the sum of its
terms' sizes. (`top_k`, which sums nothing, takes half precision as well.)
"""

from aelib.losses.divergences import kl_gaussians, kl_per_dim, kl_standard_normal
from aelib.losses.likelihoods import (
    bernoulli_nll,
    continuous_bernoulli_mean,
    continuous_bernoulli_nll,
    gaussian_nll,
    laplace_nll,
)
from aelib.losses.penalties import (
    contractive_penalty,
    jacobian_penalty,
    kl_sparsity,
    l1_penalty,
    top_k,
)

__all__ = [
    "bernoulli_nll",
    "continuous_bernoulli_mean",
    "continuous_bernoulli_nll",
    "contractive_penalty",
    "gaussian_nll",
    "jacobian_penalty",
    "kl_gaussians",
    "kl_per_dim",
    "kl_sparsity",
    "kl_standard_normal",
    "l1_penalty",
    "laplace_nll",
    "top_k",
]
