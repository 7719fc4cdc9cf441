"""Changes to the plots."""

from mutants.entry import Mutation

_CHARTS, _PICTURES = "aelib/plots/charts.py", "aelib/plots/pictures.py"
_ARGUMENTS = "aelib/plots/arguments.py"
_TESTS = "tests/test_plots.py::"

MUTATIONS = [
    Mutation(
        "bars-beside-their-labels",
        _CHARTS,
        "ax.bar(range(n_bars), bar_heights)",
        "ax.bar(range(1, n_bars + 1), bar_heights)",
        (_TESTS + "test_bars",),
    ),
    Mutation(
        "heatmap-ink-inverted",
        _CHARTS,
        '"black" if luminance[row, column] > _EQUAL_CONTRAST else "white"',
        '"white" if luminance[row, column] > _EQUAL_CONTRAST else "black"',
        (_TESTS + "test_the_number_in_a_cell_is_legible_on_its_colour",),
    ),
    Mutation(
        "heatmap-ink-by-the-middle",
        _CHARTS,
        "luminance[row, column] > _EQUAL_CONTRAST",
        "luminance[row, column] > 0.5",
        (_TESTS + "test_the_number_in_a_cell_is_legible_on_its_colour",),
    ),
    Mutation(
        "heatmap-colours-without-their-name",
        _CHARTS,
        'label=label or ""',
        'label=""',
        (_TESTS + "test_heatmap",),
    ),
    Mutation(
        "heatmap-numbers-transposed",
        _CHARTS,
        "ax.text(column, row, text,",
        "ax.text(row, column, text,",
        (_TESTS + "test_heatmap",),
    ),
    Mutation(
        "lines-keep-minor-ticks",
        _CHARTS,
        "            ax.xaxis.minorticks_off()\n",
        "",
        (_TESTS + "test_lines",),
    ),
    Mutation(
        "lines-name-every-place",
        _CHARTS,
        "len(x) <= 12:",
        "len(x) <= 99:",
        (_TESTS + "test_many_places_on_a_logarithmic_axis_are_not_all_named",),
    ),
    Mutation(
        "history-closes-its-gaps",
        _CHARTS,
        "known = [math.nan if number is None else number for number in numbers]",
        "known = [number for number in numbers if number is not None]",
        (_TESTS + "test_epochs_without_validation_are_a_gap",),
    ),
    Mutation(
        "scatter-names-at-the-mean",
        _CHARTS,
        "chosen.median(dim=0).values.tolist()",
        "chosen.mean(dim=0).tolist()",
        (_TESTS + "test_scatter_codes_names_each_class_at_its_median",),
    ),
    Mutation(
        "charts-draw-what-is-infinite",
        _ARGUMENTS,
        "drawn.masked_fill(~drawn.isfinite(), math.nan)",
        "drawn",
        (_TESTS + "test_what_is_not_finite_leaves_a_gap",),
    ),
    Mutation(
        "charts-take-nothing",
        "aelib/_expect/tensors.py",
        '"""A tensor of real numbers of any dtype, not empty, with values."""\n',
        '"""A tensor."""\n    return tensor(name, value, axes)\n',
        ("tests/test_ranges.py::test_no_picture_is_empty",),
    ),
    Mutation(
        "plots-any-marker",
        _ARGUMENTS,
        "if marker is not None and marker not in MarkerStyle.markers:",
        "if False:",
        ("tests/test_every_argument.py::test_every_argument[lines]",),
    ),
    Mutation(
        "rows-named-between-them",
        _PICTURES,
        "row * (height + pad) + (height - 1) / 2",
        "row * (height + pad) + height",
        (_TESTS + "test_image_rows_puts_rows_under_each_other_with_their_labels",),
    ),
]
