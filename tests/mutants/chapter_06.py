"""Changes to penalties and probes, and what chapter 06 teaches."""

from mutants.entry import Mutation

_PENALTIES, _PROBES = "aelib/losses/penalties.py", "aelib/metrics/probes.py"
_CHECKS = "aelib/checks/regularised.py"
_TESTS, _PROBE_TESTS = "tests/test_penalties.py", "tests/test_probes.py"
_CHAPTER = "06_regularized_autoencoder"

MUTATIONS = [
    Mutation(
        "contractive-slope-not-squared",
        _PENALTIES,
        "slopes = (h * (1 - h)).square()",
        "slopes = h * (1 - h)",
        (f"{_TESTS}::test_contractive_penalty_is_the_jacobian_of_a_sigmoid_layer",),
        chapter=_CHAPTER,
    ),
    Mutation(
        "contractive-slope-of-tanh",
        _PENALTIES,
        "slopes = (h * (1 - h)).square()",
        "slopes = (1 - h * h).square()",
        (f"{_TESTS}::test_contractive_penalty_is_the_jacobian_of_a_sigmoid_layer",),
        chapter=_CHAPTER,
    ),
    Mutation(
        "jacobian-signs-zero-or-one",
        _PENALTIES,
        "output, x, 2 * signs - 1,",
        "output, x, signs,",
        (f"{_TESTS}::test_jacobian_penalty_averages_to_the_exact_norm_over_all_signs",),
    ),
    Mutation(
        "jacobian-sum-over-probes",
        _PENALTIES,
        "return norms.mean(dim=0)",
        "return norms.sum(dim=0)",
        (f"{_TESTS}::test_jacobian_penalty_is_unbiased",),
    ),
    Mutation(
        "jacobian-cannot-train",
        _PENALTIES,
        "create_graph=training",
        "create_graph=False",
        (f"{_TESTS}::test_jacobian_penalty_trains",),
    ),
    Mutation(
        "sparsity-first-term-only",
        _PENALTIES,
        "    return on + off\n",
        "    return on\n",
        (f"{_TESTS}::test_kl_sparsity_agrees_with_torch",),
        chapter=_CHAPTER,
    ),
    Mutation(
        "sparsity-backward-kl",
        _PENALTIES,
        "on = target * (target / activation).log()",
        "on = activation * (activation / target).log()",
        (f"{_TESTS}::test_kl_sparsity_agrees_with_torch",),
        chapter=_CHAPTER,
    ),
    Mutation(
        "top-k-by-threshold",
        _PENALTIES,
        "    return h * torch.zeros_like(h).scatter(1, kept, 1.0)\n",
        "    return h * (h >= h.gather(1, kept).amin(dim=1, keepdim=True))\n",
        (f"{_TESTS}::test_top_k_keeps_exactly_k_of_equal_numbers",),
    ),
    Mutation(
        "top-k-smallest",
        _PENALTIES,
        "kept = h.topk(k, dim=1).indices",
        "kept = h.topk(k, dim=1, largest=False).indices",
        (f"{_TESTS}::test_top_k_takes_the_largest_and_passes_their_gradient",),
        chapter=_CHAPTER,
    ),
    Mutation(
        "knn-farthest",
        _PROBES,
        "closeness.topk(n_neighbours, dim=1)",
        "closeness.topk(n_neighbours, dim=1, largest=False)",
        (f"{_PROBE_TESTS}::test_knn_accuracy_agrees_with_brute_force",),
    ),
    Mutation(
        "knn-forgets-half-the-distance",
        _PROBES,
        "closeness = 2 * part @ train.T - sizes",
        "closeness = part @ train.T - sizes",
        (f"{_PROBE_TESTS}::test_knn_accuracy_agrees_with_brute_force",),
    ),
    Mutation(
        "probe-centres-only",
        _PROBES,
        "return (codes - self._mean) / self._std",
        "return codes - self._mean",
        (f"{_PROBE_TESTS}::test_fit_probe_standardises_by_the_training_set",),
    ),
    Mutation(
        "probe-divides-by-a-dead-unit",
        _PROBES,
        "torch.where(std > 0, std, torch.ones_like(std))",
        "std",
        (f"{_PROBE_TESTS}::test_fit_probe_bears_dead_units",),
    ),
    Mutation(
        "probe-in-float32",
        _PROBES,
        "return FittedProbe(train_codes.detach().cpu().double(), train_labels.cpu())",
        "return FittedProbe(train_codes.detach().cpu().float(), train_labels.cpu())",
        (f"{_PROBE_TESTS}::test_fit_probe_standardises_by_the_training_set",),
    ),
    Mutation(
        "probe-takes-the-weakest-decay",
        _PROBES,
        "return max(sorted(scores), key=scores.__getitem__)",
        "return min(scores)",
        (
            f"{_PROBE_TESTS}"
            "::test_fit_probe_is_the_regression_that_scikit_learn_converges_to",
        ),
    ),
    Mutation(
        "check-top-k-without-ties",
        _CHECKS,
        "top_k(torch.ones(3, n_units), k)",
        "top_k(torch.rand(3, n_units), k)",
        ("tests/test_checks_regularised.py::test_wrong_top_k",),
    ),
    Mutation(
        "check-jacobian-of-the-encoder",
        _CHECKS,
        "return (x @ weight.T + bias).sigmoid() @ weight\n",
        "return (x @ weight.T + bias).sigmoid()\n",
        ("tests/test_checks_regularised.py::test_right_answers_pass_with_one_line",),
        chapter=_CHAPTER,
    ),
]
