"""Changes to what is read from a folder of pictures."""

from mutants.entry import Mutation

_FOLDERS, _PICTURES = "aelib/data/folders.py", "aelib/data/pictures.py"
_IN = "tests/test_folders.py::"
_KINDS = f"{_IN}test_every_kind_of_picture"
_SILENT = f"{_IN}test_what_cannot_be_read_is_named_or_listed_in_silence"


def _change(name: str, file: str, old: str, new: str, test: str) -> Mutation:
    return Mutation(f"folder-{name}", file, old, new, (test,))


MUTATIONS = [
    _change(
        *("transparent-as-it-is-below", _PICTURES),
        *("    if image.has_transparency_data:", "    if False:", _KINDS),
    ),
    _change(
        *("transparent-is-black", _PICTURES, 'image.size, "white")'),
        *('image.size, "black")', _KINDS),
    ),
    _change(
        *("composed-after-the-size", _PICTURES, "    if image.has_transparency_data:"),
        '    if image.mode == "RGBA":\n        return image\n'
        "    if image.has_transparency_data:",
        f"{_IN}test_transparent_colours_do_not_bleed_into_what_is_seen",
    ),
    _change(
        *("16-bits-as-8", _PICTURES, 'if image.mode.startswith("I"):'),
        *('if image.mode == "no mode":', _KINDS),
    ),
    _change(
        *("16-bits-by-65536", _PICTURES, "astype(np.float32) / _LARGEST"),
        *("astype(np.float32) / (_LARGEST + 1)", _KINDS),
    ),
    _change(
        *("16-bits-transparent-forgotten", _PICTURES),
        *("    if transparent is not None:", "    if False:", _KINDS),
    ),
    _change(
        *("integers-cut-off", _PICTURES, "    if low < 0 or high > _LARGEST:\n"),
        *("    if high < 0:\n", f"{_SILENT}[above.tif]"),
    ),
    _change(
        *("negative-integers", _PICTURES, "    if low < 0 or high > _LARGEST:\n"),
        *("    if high > _LARGEST:\n", f"{_SILENT}[below.tif]"),
    ),
    _change(
        *("floats-taken", _PICTURES, '    if image.mode == "F":\n        raise'),
        *('    if image.mode == "no mode":\n        raise', f"{_SILENT}[floats.tif]"),
    ),
    _change(
        *("12-bits-taken", _PICTURES, "== (12,):", "== (13,):"),
        f"{_SILENT}[twelve.tif]",
    ),
    _change(
        *("not-turned-upright", _PICTURES, "ImageOps.exif_transpose(image), channels"),
        *("image, channels", f"{_IN}test_pictures_are_turned_upright"),
    ),
    _change(
        *("libtiff-heard", _PICTURES, "        os.dup2(nowhere, 2)\n", ""),
        f"{_SILENT}[broken.tif]",
    ),
    _change(
        *("closed-stderr", _PICTURES, "    except OSError:  # it is closed already\n"),
        "    except ValueError:\n",
        f"{_IN}test_a_closed_stderr_hinders_nothing",
    ),
    _change(
        *("ghostscript-started", _PICTURES, ", formats=_formats()", ""),
        f"{_SILENT}[script.png]",
    ),
    _change(
        *("suffixes-of-headers", _PICTURES, "if name in readable}", "}"),
        f"{_IN}test_what_is_hidden_or_no_picture_is_passed_over",
    ),
    _change(
        *("warnings-heard", _PICTURES, '            warnings.simplefilter("ignore")\n'),
        "",
        f"{_IN}test_the_limit_of_pillow_is_kept_and_a_warning_below_it_is_none",
    ),
    _change(
        *("pipe-opened", _PICTURES, "    if not path.is_file():", "    if False:"),
        f"{_IN}test_what_is_no_file_is_not_opened",
    ),
    _change(
        *("jpeg-too-coarse", _PICTURES, "(2 * max(size), 2 * max(size))"),
        *("(8, 8)", f"{_IN}test_a_large_jpeg_is_that_of_its_whole_decoder"),
    ),
    _change(
        *("range-left", _PICTURES, "pixels.clip(0, 1)", "pixels"),
        f"{_IN}test_a_small_picture_is_a_mean_and_stays_in_the_range",
    ),
    _change(
        *("nearest-pixel", _PICTURES, "Resampling.BICUBIC", "Resampling.NEAREST"),
        f"{_IN}test_a_small_picture_is_a_mean_and_stays_in_the_range",
    ),
    _change(
        *("padded-with-black", _PICTURES, 'white = 1.0 if image.mode == "F"'),
        *('white = 0.0 if image.mode == "F"', f"{_IN}test_sizes"),
    ),
    _change(
        *("padded-on-one-side", _PICTURES, "((width - w) // 2, (height - h) // 2)"),
        *("(0, 0)", f"{_IN}test_sizes"),
    ),
    _change(
        *("side-of-nothing", _PICTURES, "max(1, round(scale * side))"),
        *("round(scale * side)", f"{_IN}test_pictures_of_every_proportion"),
    ),
    _change(
        *("sides-swapped", _PICTURES, "    height, width = size\n"),
        *("    width, height = size\n", f"{_IN}test_sizes"),
    ),
    _change(
        *("order-of-the-disk", _FOLDERS),
        "files.sort(key=lambda path: path.relative_to(root).parts)",
        *("files.reverse()", f"{_IN}test_order_labels_and_files_agree"),
    ),
    _change(
        *("others-forgotten", _FOLDERS, "tuple(others))", "())"),
        f"{_IN}test_what_is_hidden_or_no_picture_is_passed_over",
    ),
    _change(
        *("first-of-a-stack", _PICTURES, "    if image.n_frames > 1:"),
        *("    if image.n_frames > 99:", _SILENT),
    ),
    _change(
        *("order-of-texts", _FOLDERS, "path.relative_to(root).parts)", "str(path))"),
        f"{_IN}test_order_labels_and_files_agree",
    ),
    _change(
        *("suffix-in-small-letters-only", _FOLDERS, "path.suffix.lower() in known"),
        *("path.suffix in known", f"{_IN}test_order_labels_and_files_agree"),
    ),
    _change(
        *("hidden-files", _FOLDERS, 'path.name.startswith(".")'),
        'path.name.startswith("..")',
        f"{_IN}test_what_is_hidden_or_no_picture_is_passed_over",
    ),
    _change(
        *("round-in-a-circle", _FOLDERS, "    if real in above:\n        return\n", ""),
        f"{_IN}test_links_are_followed_but_round_in_no_circle",
    ),
    _change(
        *("classes-of-the-readable", _FOLDERS, "name(path) for path in found}"),
        "name(path) for path in files}",
        f"{_IN}test_labels_depend_on_no_file_that_cannot_be_read",
    ),
    _change(
        *("memory-of-the-unreadable", _FOLDERS, "images[:n_read].clone()"),
        "images[:n_read]",
        f"{_IN}test_labels_depend_on_no_file_that_cannot_be_read",
    ),
    _change(
        *("images-out-of-place", _FOLDERS, "            n_read += 1\n"),
        "        n_read += 1\n",
        f"{_IN}test_labels_depend_on_no_file_that_cannot_be_read",
    ),
    _change(
        *("class-without-a-name", _FOLDERS, "root.resolve().name", "root.name"),
        f"{_IN}test_one_folder_is_one_class_by_its_name",
    ),
    _change(
        *("nothing-left", _FOLDERS, "not (skip_unreadable and len(images))"),
        "not skip_unreadable",
        f"{_IN}test_where_nothing_can_be_read_skipping_does_not_help",
    ),
    _change(
        *("unreadable-passed-over", _FOLDERS, "not (skip_unreadable and len(images))"),
        *("not len(images)", f"{_SILENT}[empty.png]"),
    ),
    _change(
        *("all-unreadable-named", _FOLDERS, "list(unreadable.items())[:_NAMED]"),
        "list(unreadable.items())",
        f"{_IN}test_the_first_of_many_are_named_in_one_line",
    ),
    _change(
        *("closed-folder-raw", _FOLDERS, "    except OSError as error:\n"),
        "    except ValueError as error:\n",
        f"{_IN}test_a_folder_that_is_closed_is_named",
    ),
    _change(
        *("home-not-expanded", _FOLDERS, 'expanded("folder", folder)', "Path(folder)"),
        f"{_IN}test_a_home_folder_is_expanded",
    ),
]
