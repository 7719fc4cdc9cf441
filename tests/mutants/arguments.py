"""Changes to what is asked of arguments: dtypes, devices, ranges, paths, words."""

from mutants.entry import Mutation

_PLAIN, _TENSORS = "aelib/_expect/plain.py", "aelib/_expect/tensors.py"
_EVERY = "tests/test_every_argument.py::test_every_argument"
_RANGES = "tests/test_ranges.py::"

MUTATIONS = [
    Mutation(
        "expect-dtypes-may-mix",
        _TENSORS,
        "    if value.dtype == other.dtype:\n        return\n",
        "    return\n",
        (f"{_EVERY}[gaussian_nll]",),
    ),
    Mutation(
        "expect-float32-is-the-odd-one",
        _TENSORS,
        "if value.dtype == torch.float32:  #",
        "if value.dtype == torch.float64:  #",
        ("tests/test_expect.py::test_the_odd_one_out_is_named",),
    ),
    Mutation(
        "expect-half-will-do",
        _TENSORS,
        "PRECISE = (torch.float32, torch.float64)",
        "PRECISE = (torch.float16, torch.float32, torch.float64)",
        ("tests/test_precision.py::test_half_precision_is_refused_with_what_to_write",),
    ),
    Mutation(
        "expect-parameters-not-compared",
        _TENSORS,
        "    if weight is None:\n        return\n",
        "    return\n",
        ("tests/test_models.py::test_input_and_parameters_must_have_one_dtype",),
    ),
    Mutation(
        "expect-autocast-refused",
        _TENSORS,
        "torch.is_autocast_enabled(kind)",
        "False",
        (
            "tests/test_models.py"
            "::test_autocast_may_mix_dtypes_and_embeddings_take_indices",
        ),
    ),
    Mutation(
        "expect-any-scale",
        _TENSORS,
        "number(name, value, least=1e-6, most=1e6)",
        "number(name, value, above=0)",
        (f"{_RANGES}test_ranges",),
    ),
    Mutation(
        "expect-complex-labels",
        _TENSORS,
        "if value.is_floating_point() or value.is_complex():",
        "if value.is_floating_point():",
        (f"{_EVERY}[auroc]",),
    ),
    Mutation(
        "expect-text-is-a-sequence",
        _PLAIN,
        "    if not isinstance(value, Sequence) or isinstance(value, str):\n",
        "    if not isinstance(value, Sequence):\n",
        ("tests/test_expect.py::test_what_is_refused",),
    ),
    Mutation(
        "model-forward-takes-any-dtype",
        "aelib/models.py",
        "        )\n    _expect.like_parameters(name, tensor, module)\n",
        "        )\n",
        (f"{_EVERY}[MLPEncoder.forward]",),
    ),
    Mutation(
        "model-of-other-parts-takes-any-dtype",
        "aelib/models.py",
        '"(B, D)" if name == "z" else None)\n'
        "    _expect.like_parameters(name, tensor, module)\n",
        '"(B, D)" if name == "z" else None)\n',
        ("tests/test_models.py::test_input_and_parameters_must_have_one_dtype",),
    ),
    Mutation(
        "conv-decoder-shifts-its-image",
        "aelib/models.py",
        "nn.ConvTranspose2d(width, channels, 4, stride=2, padding=1),  # H/2 -> H\n",
        "nn.ConvTranspose2d(width, channels, 4, stride=2, padding=1),\n"
        "            nn.ZeroPad2d((1, -1, 0, 0)),\n",
        (
            "tests/test_models.py"
            "::test_conv_decoder_keeps_what_is_symmetric_in_its_place",
        ),
    ),
    Mutation(
        "psnr-any-range",
        "aelib/metrics/images.py",
        "    if found > peak * (1 + _SLACK):\n",
        "    if False:\n",
        (f"{_RANGES}test_peak_is_the_range_of_the_pixels_and_not_the_largest",),
    ),
    Mutation(
        "psnr-peak-is-the-largest-value",
        "aelib/metrics/images.py",
        "found = (x.max() - x.min()).item()",
        "found = x.max().item()",
        (f"{_RANGES}test_peak_is_the_range_of_the_pixels_and_not_the_largest",),
    ),
    Mutation(
        "knn-labels-below-zero",
        "aelib/metrics/probes.py",
        "    if smallest < 0:\n",
        "    if False:\n",
        ("tests/test_wrong_calls.py::test_wrong_calls_are_named",),
    ),
    Mutation(
        "frechet-in-the-precision-given",
        "aelib/metrics/distributions.py",
        "features = features.detach().cpu().double()",
        "features = features.detach().cpu()",
        ("tests/test_precision.py::test_float32_agrees_with_float64",),
    ),
    Mutation(
        "angles-in-the-precision-given",
        "aelib/metrics/codes.py",
        "matrix = columns.detach().cpu().double()",
        "matrix = columns.detach().cpu()",
        ("tests/test_precision.py::test_float32_agrees_with_float64",),
    ),
    Mutation(
        "range-without-a-row",
        "aelib/metrics/codes.py",
        "    threshold = _expect.number(",
        '    _expect.number("new", threshold)\n    threshold = _expect.number(',
        (f"{_RANGES}test_every_bounded_number_has_a_row",),
    ),
    Mutation(
        "paths-home-not-put-in",
        "aelib/_files.py",
        "return Path(value).expanduser()",
        "return Path(value)",
        (
            "tests/test_results.py::test_a_home_folder_is_put_in",
            "tests/test_config.py::test_data_root",
        ),
    ),
    Mutation(
        "paths-home-missing-raw",
        "aelib/_files.py",
        "    except RuntimeError:\n",
        "    except ZeroDivisionError:\n",
        ("tests/test_config.py::test_a_data_root_is_a_place_or_one_sentence",),
    ),
    Mutation(
        "config-relative-data-root",
        "aelib/config.py",
        "        if not root.is_absolute():  # each",
        "        if False:  # each",
        ("tests/test_config.py::test_a_data_root_is_a_place_or_one_sentence",),
    ),
    Mutation(
        "config-relative-cache",
        "aelib/config.py",
        "        if not cache.is_absolute():  # to be",
        "        if False:  # to be",
        ("tests/test_config.py::test_a_data_root_is_a_place_or_one_sentence",),
    ),
    Mutation(
        "store-root-not-expanded",
        "aelib/data/store.py",
        '_files.expanded("root", root)',
        "root",
        ("tests/test_data.py::test_the_root_of_the_command_line_may_be_in_the_home",),
    ),
    Mutation(
        "example-says-something-else",
        "aelib/losses/divergences.py",
        "tensor([12.5000])",
        "tensor([25.0000])",
        ("tests/test_doctests.py::test_examples[aelib.losses.divergences]",),
    ),
    Mutation(
        "example-missing",
        "aelib/metrics/images.py",
        ">>> x = torch.zeros(2, 1, 28, 28)\n    >>> sse(x + 0.5, x)  # 784 / 4\n",
        "",
        ("tests/test_doctests.py::test_every_public_function_has_an_example",),
    ),
    Mutation(
        "jacobian-of-a-sum-over-the-batch",
        "aelib/losses/penalties.py",
        "if output.ndim == 0 or len(output) != n_examples:",
        "if False:",
        ("tests/test_wrong_calls.py::test_wrong_calls_are_named",),
    ),
]
