"""Changes to the models and the systems."""

from mutants.entry import Mutation

MUTATIONS = [
    Mutation(
        "sample-variance-for-deviation",
        "aelib/models.py",
        "(0.5 * self.log_var).exp()",
        "self.log_var.exp()",
        ("tests/test_models.py::test_posterior_samples_have_its_mean_and_spread",),
    ),
    Mutation(
        "vae-decodes-the-mean",
        "aelib/models.py",
        "self.decode(posterior.sample())",
        "self.decode(posterior.mean)",
        ("tests/test_models.py::test_vae_decodes_a_sample_in_train_and_in_eval_mode",),
    ),
    Mutation(
        "mlp-relu-on-the-code",
        "aelib/models.py",
        "return layers[:-1]",
        "return layers",
        (
            "tests/test_models.py"
            "::test_hidden_layers_have_relu_between_and_none_at_the_end",
        ),
    ),
    Mutation(
        "conv-padded-above-and-left",
        "aelib/models.py",
        "x = pad(x, (0, right, 0, below))",
        "x = pad(x, (right, 0, below, 0))",
        (
            "tests/test_models.py"
            "::test_other_sizes_are_padded_with_0_and_cut_below_and_on_the_right",
        ),
    ),
    Mutation(
        "conv-padded-with-the-edge",
        "aelib/models.py",
        "x = pad(x, (0, right, 0, below))",
        'x = pad(x, (0, right, 0, below), "replicate")',
        (
            "tests/test_models.py"
            "::test_other_sizes_are_padded_with_0_and_cut_below_and_on_the_right",
        ),
    ),
    Mutation(
        "conv-output-not-cut",
        "aelib/models.py",
        "return self.net(z)[:, :, :h, :w].contiguous()",
        "return self.net(z).contiguous()",
        ("tests/test_models.py::test_convolutions_take_images_of_any_size_and_train",),
    ),
    Mutation(
        "conv-output-in-pieces",
        "aelib/models.py",
        "[:, :, :h, :w].contiguous()",
        "[:, :, :h, :w]",
        ("tests/test_models.py::test_convolutions_take_images_of_any_size_and_train",),
    ),
    Mutation(
        "conv-always-one-block-more",
        "aelib/models.py",
        "return height + -height % 4, width + -width % 4",
        "return height + 4 - height % 4, width + 4 - width % 4",
        (
            "tests/test_models.py"
            "::test_convolutions_of_multiples_of_4_are_the_plain_network",
        ),
    ),
    Mutation(
        "vae-heads-swapped",
        "aelib/models.py",
        "return Posterior(*heads.chunk(2, dim=1))",
        "return Posterior(*heads.chunk(2, dim=1)[::-1])",
        ("tests/test_models.py::test_vae_splits_the_encoder_into_mean_and_log_var",),
    ),
    Mutation(
        "systems-s3-code-left-linear",
        "aelib/systems/connected.py",
        "return _mlp(_GREY, [256, 64], 20, nn.Sigmoid(), code=nn.ReLU())",
        "return _mlp(_GREY, [256, 64], 20, nn.Sigmoid())",
        (
            "tests/test_systems.py"
            "::test_codes_are_rectified_as_found_and_linear_when_repaired",
        ),
    ),
    Mutation(
        "systems-s0-conv-output-padding",
        "aelib/systems/convolutional.py",
        "nn.ConvTranspose2d(32, 16, 3, stride=2),  # 3 -> 7",
        "nn.ConvTranspose2d(32, 16, 3, stride=2, output_padding=1),  # 3 -> 7",
        ("tests/test_systems.py::test_shape_traces[S0-CONV]",),
    ),
    Mutation(
        "keras-normal-for-uniform",
        "aelib/systems/__init__.py",
        "nn.init.xavier_uniform_",
        "nn.init.xavier_normal_",
        ("tests/test_systems.py::test_keras_initialisation_matches_glorot_bounds",),
    ),
]
