"""Changes to plots, features and checks."""

from mutants.entry import Mutation

MUTATIONS = [
    Mutation(
        "grid-tiles-transposed",
        "aelib/plots/pictures.py",
        "tiles.permute(0, 3, 1, 4, 2)",
        "tiles.permute(0, 4, 1, 3, 2)",
        ("tests/test_plots.py::test_image_grid_holds_every_image_and_clear_gaps",),
    ),
    Mutation(
        "history-from-epoch-zero",
        "aelib/plots/charts.py",
        "torch.arange(1, 1 + next(",
        "torch.arange(0, next(",
        ("tests/test_plots.py::test_history_starts_at_epoch_one",),
    ),
    Mutation(
        "features-of-a-net-in-train-mode",
        "aelib/features/__init__.py",
        "return model.eval().requires_grad_(False)",
        "return model.requires_grad_(False)",
        (
            "tests/test_features.py"
            "::test_stored_accuracy_is_measured_again_and_above_the_bar[mnist]",
        ),
    ),
    Mutation(
        "check-als-without-covariance",
        "aelib/checks/linear.py",
        "cross = covariance @ encoder.T",
        "cross = encoder.T",
        ("tests/test_checks.py::test_right_answers_pass_with_one_line",),
        chapter="01_linear_autoencoder",
    ),
    Mutation(
        "sse-mean-for-sum",
        "aelib/metrics/images.py",
        "square().flatten(1).sum(dim=1)",
        "square().flatten(1).mean(dim=1)",
        ("tests/test_metrics.py",),
        chapter="01_linear_autoencoder",
    ),
    Mutation(
        "angles-in-radians",
        "aelib/metrics/codes.py",
        "return angles.rad2deg()",
        "return angles",
        ("tests/test_metrics.py",),
    ),
    Mutation(
        "check-ppca-without-the-constant",
        "aelib/checks/linear.py",
        "math.log(2 * math.pi)",
        "math.log(math.pi)",
        ("tests/test_checks.py",),
        chapter="01_linear_autoencoder",
    ),
    Mutation(
        "check-ppca-does-not-look",
        "aelib/checks/expect.py",
        "if not close.all():",
        "if False:",
        ("tests/test_checks.py::test_wrong_likelihoods_are_told_where_to_look",),
    ),
]
