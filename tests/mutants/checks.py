"""Changes to the readers' checks: a wrong answer would pass, or a right one fail."""

from mutants.entry import Mutation

_SHARED, _REGULARISED = "aelib/checks/expect.py", "aelib/checks/regularised.py"
_TESTS = "tests/test_checks"

MUTATIONS = [
    Mutation(
        "check-kl-forgets-mean-p",
        "aelib/checks/divergence.py",
        "mean_q, log_var_q, mean_p, log_var_p = inputs.values()\n",
        'inputs["mean_p"] = torch.zeros_like(inputs["mean_p"]).requires_grad_()\n'
        "        mean_q, log_var_q, mean_p, log_var_p = inputs.values()\n",
        (f"{_TESTS}_divergence.py::test_wrong_divergences_are_told_where_to_look",),
    ),
    Mutation(
        "check-kl-without-gradient",
        "aelib/checks/divergence.py",
        '        expect_same_gradient("kl", answer, truth, inputs, given, hint)\n',
        "",
        (f"{_TESTS}_divergence.py::test_a_divergence_that_cannot_be_trained_is_told",),
    ),
    Mutation(
        "check-vae-loss-without-gradient",
        "aelib/checks/variational.py",
        'expect_same_gradient("vae_loss", answer, truth, inputs, given, hint)',
        "pass",
        (f"{_TESTS}_variational.py::test_a_loss_that_cannot_be_trained_is_told",),
    ),
    Mutation(
        "check-jacobian-without-gradient",
        _REGULARISED,
        "        expect_same_gradient(name, answer, truth, inputs, given, hint)\n",
        "",
        (f"{_TESTS}_regularised.py::test_a_penalty_that_cannot_be_trained_is_told",),
    ),
    Mutation(
        "check-sparsity-of-half-a-gradient",
        _REGULARISED,
        'expect_same_gradient("kl_sparsity", answer, expected, {"h": h}, given, hint)',
        "pass",
        (f"{_TESTS}_regularised.py::test_a_penalty_without_gradient_trains_nothing",),
    ),
    Mutation(
        "check-gradient-may-be-missing-in-one",
        _SHARED,
        "    if slope is None:\n        raise",
        "    if False:\n        raise",
        (f"{_TESTS}_divergence.py::test_a_divergence_that_cannot_be_trained_is_told",),
    ),
    Mutation(
        "check-gradient-any-will-do",
        _SHARED,
        "        expect_close(what, slope, expected, given, hint)\n",
        "",
        (f"{_TESTS}_divergence.py::test_a_divergence_that_cannot_be_trained_is_told",),
    ),
    Mutation(
        "check-close-to-the-last-digit",
        _SHARED,
        "RTOL, ATOL = 1e-4, 1e-5",
        "RTOL, ATOL = 1e-6, 1e-8",
        (f"{_TESTS}_denoising.py::test_right_answers_pass_with_one_line",),
    ),
    Mutation(
        "check-top-k-slope-unseen",
        _REGULARISED,
        "            slope,\n            kept.double(),\n",
        "            kept.double(),\n            kept.double(),\n",
        (f"{_TESTS}_regularised.py::test_wrong_top_k",),
    ),
    Mutation(
        "check-top-k-far-apart",
        _REGULARISED,
        "ranked[:, k - 1] + 1e-3",
        "ranked[:, k - 1] + 1",
        (f"{_TESTS}_regularised.py::test_wrong_top_k",),
    ),
    Mutation(
        "check-langevin-at-four-alone",
        "aelib/checks/denoising.py",
        "0.02 * 4**trial",
        "4.0",
        (f"{_TESTS}_denoising.py::test_wrong_steps_are_told_where_to_look",),
    ),
    Mutation(
        "check-receptive-field-of-two-layers",
        "aelib/checks/convolution.py",
        "[(3, 3), (2, 2), (3, 2)],\n        [(2, 2), (2, 1), (5, 3), (3, 2)],\n",
        "",
        (f"{_TESTS}.py::test_wrong_fields_are_told_where_to_look",),
    ),
    Mutation(
        "check-glorot-layers-alike",
        "aelib/checks/autoencoder.py",
        "if torch.equal(layer.weight, other.weight):",
        "if False:",
        (f"{_TESTS}.py::test_weights_that_are_not_drawn_are_told",),
    ),
    Mutation(
        "check-glorot-neighbours-alike",
        "aelib/checks/autoencoder.py",
        "correlation = 1 + pairs.mean() / variance",
        "correlation = 1 + 0 * pairs.mean() / variance",
        (f"{_TESTS}.py::test_weights_that_are_not_drawn_are_told",),
    ),
    Mutation(
        "check-glorot-draws-from-the-reader",
        "aelib/checks/autoencoder.py",
        "with torch.random.fork_rng(devices=[]):  # nothing drawn from the reader's",
        "if True:",
        (f"{_TESTS}.py::test_the_check_of_a_start_draws_nothing_from_the_reader",),
    ),
    Mutation(
        "check-takes-anything-for-a-function",
        "aelib/_expect/plain.py",
        "    if not callable(value):\n",
        "    if False:\n",
        ("tests/test_every_argument.py::test_every_argument[checks.check_kl]",),
    ),
]
