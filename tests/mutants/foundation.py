"""Changes to what every module stands on: checks, files, PCA, start."""

from mutants.entry import Mutation

_PLAIN, _TENSORS = "aelib/_expect/plain.py", "aelib/_expect/tensors.py"
_FILES, _LINEAR = "aelib/_files.py", "aelib/linear.py"
_IN_EXPECT, _IN_FILES = "tests/test_expect.py", "tests/test_whole_files.py"
_IN_LINEAR, _IN_START = "tests/test_linear.py", "tests/test_start.py"

MUTATIONS = [
    Mutation(
        "expect-bool-is-an-int",
        _PLAIN,
        "if isinstance(value, bool) or not isinstance(value, numbers.Integral):",
        "if not isinstance(value, numbers.Integral):",
        (f"{_IN_EXPECT}::test_what_is_no_integer",),
    ),
    Mutation(
        "expect-numpy-stays-numpy",
        _PLAIN,
        "    number = int(value)\n",
        "    number = value\n",
        (f"{_IN_EXPECT}::test_integers_become_plain",),
    ),
    Mutation(
        "expect-nan-is-a-number",
        _PLAIN,
        "(least is None or found >= least)",
        "(least is None or not found < least)",
        (f"{_IN_EXPECT}::test_numbers_out_of_bounds",),
    ),
    Mutation(
        "expect-open-end-closed",
        _PLAIN,
        "found < below",
        "found <= below",
        (f"{_IN_EXPECT}::test_numbers_out_of_bounds",),
    ),
    Mutation(
        "expect-any-device",
        _TENSORS,
        "    if value.device != other.device:\n",
        "    if value.device.type == other.device:\n",
        (f"{_IN_EXPECT}::test_what_is_refused",),
    ),
    Mutation(
        "expect-floating-reads-values",
        _TENSORS,
        '    """A floating-point tensor, with as many axes as `axes` names."""\n',
        "    bool(value.sum())\n",
        (f"{_IN_EXPECT}::test_only_values_reads_what_is_in_a_tensor",),
    ),
    Mutation(
        "files-written-in-place",
        _FILES,
        "        temporary = path.with_name(_start_of(path) + unique)\n"
        '        file = temporary.open("xb")\n',
        '        temporary = path\n        file = temporary.open("wb")\n',
        (
            f"{_IN_FILES}"
            "::test_file_and_folder_are_forced_to_the_disk_before_and_after_the_move",
        ),
    ),
    Mutation(
        "files-one-temporary-name",
        _FILES,
        "{os.getpid()}-{secrets.token_hex(8)}{ENDING}",
        "{os.getpid()}-{ENDING}",
        (f"{_IN_FILES}::test_threads_that_write_one_file_do_not_meet",),
    ),
    Mutation(
        "files-litter-after-a-failure",
        _FILES,
        "    except BaseException:\n        temporary.unlink(missing_ok=True)\n",
        "    except BaseException:\n",
        (f"{_IN_FILES}::test_a_failure_leaves_the_old_file_and_nothing_else",),
    ),
    Mutation(
        "files-never-swept",
        _FILES,
        "    sweep(path)\n    return",
        "    return",
        (f"{_IN_FILES}::test_what_a_killed_process_left_is_swept_by_the_next_write",),
    ),
    Mutation(
        "files-the-living-are-swept",
        _FILES,
        "            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "            left.unlink()\n",
        "            left.unlink()\n",
        (f"{_IN_FILES}::test_what_a_living_process_writes_is_left_alone",),
    ),
    Mutation(
        "files-sweep-wins-unseen",
        _FILES,
        "if _is_locked(file) and temporary.exists():",
        "if _is_locked(file):",
        (f"{_IN_FILES}::test_a_sweep_between_making_and_locking_costs_a_new_name",),
    ),
    Mutation(
        "files-folder-not-synced",
        _FILES,
        "    _sync_folder(path.parent)\n    return path\n",
        "    return path\n",
        (
            f"{_IN_FILES}"
            "::test_file_and_folder_are_forced_to_the_disk_before_and_after_the_move",
        ),
    ),
    Mutation(
        "pca-variances-over-n-minus-1",
        _LINEAR,
        "torch.linalg.eigh(products / len(x))",
        "torch.linalg.eigh(products / (len(x) - 1))",
        (f"{_IN_LINEAR}::test_the_tail_is_the_error_on_the_images_of_the_fit",),
    ),
    Mutation(
        "pca-always-centred",
        _LINEAR,
        "x.mean(dim=0) if centre else torch.zeros_like(x[0])",
        "x.mean(dim=0)",
        (f"{_IN_LINEAR}::test_without_centring_the_axes_go_through_zero",),
    ),
    Mutation(
        "pca-in-float32",
        _LINEAR,
        "x = images.detach().cpu().double().flatten(1)",
        "x = images.detach().cpu().float().flatten(1)",
        (f"{_IN_LINEAR}::test_far_from_zero_the_digits_are_kept",),
    ),
    Mutation(
        "pca-axes-not-orthonormal",
        _LINEAR,
        "torch.linalg.qr(x.T @ vectors).Q if wide",
        "(x.T @ vectors) if wide",
        (f"{_IN_LINEAR}::test_axes_are_orthonormal_and_their_signs_are_fixed",),
    ),
    Mutation(
        "pca-signs-as-they-fall",
        _LINEAR,
        "axes * largest.sign()",
        "axes",
        (f"{_IN_LINEAR}::test_axes_are_orthonormal_and_their_signs_are_fixed",),
    ),
    Mutation(
        "start-without-seeds",
        "aelib/__init__.py",
        "    config.seed_everything(seed)\n",
        "",
        (f"{_IN_START}::test_start_seeds_every_generator",),
    ),
    Mutation(
        "start-without-style",
        "aelib/__init__.py",
        "    plots.use_style()\n",
        "",
        (f"{_IN_START}::test_start_makes_the_figure_style",),
    ),
    Mutation(
        "start-imports-at-the-top",
        "aelib/__init__.py",
        "from typing import TYPE_CHECKING\n",
        "from typing import TYPE_CHECKING\nimport numpy\n",
        (f"{_IN_START}::test_importing_aelib_alone_loads_nothing_heavy",),
    ),
    Mutation(
        "device-index-unchecked",
        "aelib/config.py",
        "if (device.index or 0) >= n_devices:",
        "if (device.index or 0) > 99:",
        (f"{_IN_START}::test_start_returns_the_default_device",),
    ),
    Mutation(
        "scale-anything",
        "aelib/config.py",
        "if value not in (default, other):",
        "if not value:",
        ("tests/test_config.py::test_other_scales_are_refused",),
    ),
    Mutation(
        "image-data-leaves-the-test-split",
        "aelib/data/images.py",
        "return self._replace(train=train, test=test)",
        "return self._replace(train=train)",
        ("tests/test_data.py::test_image_data_moves_to_a_device_whole",),
    ),
    Mutation(
        "layers-foundation-imports-aelib",
        _TENSORS,
        "from torch import Generator, Tensor, nn\n",
        "from torch import Generator, Tensor, nn\n\nfrom aelib import _files\n",
        ("tests/test_layers.py::test_arrows",),
    ),
]
