"""Changes to starts, and what chapter 02 teaches."""

from mutants.entry import Mutation

MUTATIONS = [
    Mutation(
        "initialise-variance-one-over-fan-in",
        "aelib/initialise.py",
        'nonlinearity="relu"',
        'nonlinearity="linear"',
        (
            "tests/test_initialise.py"
            "::test_weights_have_variance_two_over_fan_in_and_the_last_ones_less",
        ),
        chapter="02_autoencoder",
    ),
    Mutation(
        "initialise-no-output-bias",
        "aelib/initialise.py",
        "last.bias.copy_(bias)",
        "last.bias.zero_()",
        ("tests/test_initialise.py::test_first_output_is_near_the_mean_image",),
        chapter="02_autoencoder",
    ),
    Mutation(
        "initialise-loud-output",
        "aelib/initialise.py",
        "last.weight.mul_(_OUTPUT_SCALE)",
        "last.weight.mul_(1)",
        (
            "tests/test_initialise.py"
            "::test_weights_have_variance_two_over_fan_in_and_the_last_ones_less",
        ),
        chapter="02_autoencoder",
    ),
    Mutation(
        "initialise-range-unchecked",
        "aelib/initialise.py",
        "if not (wanted.min() >= low and wanted.max() <= 1):",
        "if not wanted.isfinite().all():",
        ("tests/test_initialise.py::test_wrong_calls_are_named",),
    ),
    Mutation(
        "initialise-half-done-when-refused",
        "aelib/initialise.py",
        "_checked_layers(model, mean_image)\n    last = layers[-1]",
        "_checked_layers(model, mean_image)\n"
        "    nn.init.zeros_(layers[0].weight)\n    last = layers[-1]",
        ("tests/test_initialise.py::test_a_refused_model_is_left_as_it_was",),
    ),
    Mutation(
        "dead-units-touching-zero",
        "aelib/metrics/codes.py",
        "(codes.amax(dim=0) == codes.amin(dim=0))",
        "(codes.amin(dim=0) == 0)",
        ("tests/test_metrics.py::test_dead_units_are_those_that_never_move",),
        chapter="02_autoencoder",
    ),
    Mutation(
        "s3-repair-keeps-relu",
        "aelib/systems/connected.py",
        "return _mlp(_GREY, [256, 64], 20, nn.Sigmoid())\n",
        "return _mlp(_GREY, [256, 64], 20, nn.Sigmoid(), code=nn.ReLU())  # \n",
        (
            "tests/test_systems.py"
            "::test_codes_are_rectified_as_found_and_linear_when_repaired",
        ),
        chapter="02_autoencoder",
    ),
    Mutation(
        "s0-fc-sigmoid-output",
        "aelib/systems/connected.py",
        "[128, 64, 32], 16, nn.Tanh())",
        "[128, 64, 32], 16, nn.Sigmoid())",
        ("tests/test_systems.py::test_the_last_activation_sets_the_output_range",),
        chapter="02_autoencoder",
    ),
    Mutation(
        "check-dead-units-only-zeros",
        "aelib/checks/autoencoder.py",
        "torch.tensor([0.1, 0.0, 1.5, -0.5])",
        "torch.tensor([0.0, 0.0, 0.0, 0.0])",
        ("tests/test_checks.py::test_wrong_counts_are_told_where_to_look",),
    ),
    Mutation(
        "check-dead-units-constants-exact-in-binary",
        "aelib/checks/autoencoder.py",
        "torch.tensor([0.1, 0.0, 1.5, -0.5])",
        "torch.tensor([0.5, 0.0, 1.5, -0.5])",
        ("tests/test_checks.py::test_wrong_counts_are_told_where_to_look",),
    ),
    Mutation(
        "check-dead-units-nothing-quiet",
        "aelib/checks/autoencoder.py",
        "0.1 + 1e-4 * quiet",
        "0.1 + quiet",
        ("tests/test_checks.py::test_wrong_counts_are_told_where_to_look",),
    ),
    Mutation(
        "check-glorot-one-sign-unseen",
        "aelib/checks/autoencoder.py",
        "weight.mean() + bound,",
        "0 * weight.mean() + bound,",
        ("tests/test_checks.py::test_wrong_starts_are_told_where_to_look",),
    ),
    Mutation(
        "check-glorot-bias-unseen",
        "aelib/checks/autoencoder.py",
        "bias = layer.bias.detach().abs().mean()",
        "bias = 0 * layer.bias.detach().abs().mean()",
        ("tests/test_checks.py::test_wrong_starts_are_told_where_to_look",),
    ),
]
