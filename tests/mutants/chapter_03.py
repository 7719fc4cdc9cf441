"""What chapter 03 teaches."""

from mutants.entry import Mutation

MUTATIONS = [
    Mutation(
        "systems-s1-conv-repair-uneven-kernel",
        "aelib/systems/convolutional.py",
        "nn.ConvTranspose2d(16, 8, 4, stride=4, padding=1),  # 4 -> 14",
        "nn.ConvTranspose2d(16, 8, 6, stride=4, padding=2),  # 4 -> 14",
        (
            "tests/test_systems.py"
            "::test_s1_conv_writes_pixels_unevenly_and_its_repair_evenly",
        ),
    ),
    Mutation(
        "systems-s1-conv-mean-pooling",
        "aelib/systems/convolutional.py",
        "nn.MaxPool2d(2, stride=1),  # 3 -> 2",
        "nn.AvgPool2d(2, stride=1),  # 3 -> 2",
        ("tests/test_systems.py::test_s1_conv_pools_the_largest",),
    ),
    Mutation(
        "systems-s4-conv-narrow-code",
        "aelib/systems/convolutional.py",
        "nn.Conv2d(24, 48, 4, stride=2, padding=1),  # 16 -> 8\n        nn.ReLU(),\n"
        "        nn.Flatten(),",
        "nn.Conv2d(24, 48, 4, stride=2, padding=1, bias=False),  # 16 -> 8\n"
        "        nn.ReLU(),\n        nn.Flatten(),",
        ("tests/test_systems.py::test_parameter_counts_codes_and_outputs[S4-CONV]",),
    ),
    Mutation(
        "checks-out-size-forgets-dilation",
        "aelib/checks/convolution.py",
        "conv1d(signal, kernel, stride=s, padding=p, dilation=d)",
        "conv1d(signal, kernel, stride=s, padding=p)",
        ("tests/test_checks.py::test_right_sizes_and_fields_pass",),
        chapter="03_convolutional_autoencoder",
    ),
    Mutation(
        "checks-receptive-field-without-strides",
        "aelib/checks/convolution.py",
        "torch.ones(1, 1, k, dtype=torch.float64), stride=s)",
        "torch.ones(1, 1, k, dtype=torch.float64), stride=1)",
        ("tests/test_checks.py::test_right_sizes_and_fields_pass",),
        chapter="03_convolutional_autoencoder",
    ),
    Mutation(
        "autoencoder-takes-any-output-shape",
        "aelib/models.py",
        "    if output.shape != x.shape:",
        "    if output.ndim != x.ndim:",
        ("tests/test_models.py::test_models_refuse_what_does_not_fit",),
    ),
    Mutation(
        "sse-broadcasts",
        "aelib/metrics/images.py",
        "    _check_pair(x_hat, x)\n"
        "    return (x_hat - x).square().flatten(1).sum(dim=1)",
        "    return (x_hat - x).square().flatten(1).sum(dim=1)",
        ("tests/test_wrong_calls.py",),
        chapter="03_convolutional_autoencoder",
    ),
]
