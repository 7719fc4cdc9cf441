"""Plots: artists hold the data that went in; the style suits light and dark pages."""

import itertools
import math
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from aelib import plots

PAGES = ("#ffffff", "#121212")
# Machado, Oliveira & Fernandes 2009, full severity, on linear RGB
SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


@pytest.fixture(autouse=True)
def style():
    with plt.rc_context():
        plots.use_style()
        yield
    plt.close("all")


def linear(colour):
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """WCAG 2 contrast ratio."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    low, high = sorted((linear(one) @ weights, linear(other) @ weights))
    return (high + 0.05) / (low + 0.05)


def oklab(rgb):
    to_lms = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return to_lab @ np.cbrt(to_lms @ np.clip(rgb, 0, 1))


def cycle():
    return plt.rcParams["axes.prop_cycle"].by_key()["color"]


@pytest.mark.parametrize("page", PAGES)
def test_ink_and_colours_are_legible_on_light_and_dark_pages(page):
    for key in ("text.color", "axes.labelcolor", "xtick.color", "ytick.color"):
        assert contrast(plt.rcParams[key], page) >= 4.28, key
    assert all(contrast(colour, page) >= 3.05 for colour in cycle())


def test_colours_stay_apart_for_every_sight():
    for matrix in SIGHT.values():
        seen = [oklab(matrix @ linear(colour)) for colour in cycle()]
        distances = [np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)]
        assert min(distances) >= 0.1


def test_a_saved_figure_has_no_paper(tmp_path):
    ax = plots.bars(torch.ones(3), ylabel="rate (nats)")
    path = tmp_path / "figure.png"
    ax.figure.savefig(path)
    pixels = plt.imread(path)
    assert pixels[0, 0, 3] == 0 and pixels[..., 3].max() == 1
    assert pixels.shape[1] == 960  # 6.4 inches at 150 dots


@pytest.mark.parametrize("channels", [1, 3])
def test_image_grid_holds_every_image_and_clear_gaps(channels):
    images = torch.rand(5, channels, 4, 6)
    ax = plots.image_grid(images, ncols=3, pad=2)
    canvas = np.asarray(ax.images[0].get_array())
    assert canvas.shape == (4 + 2 + 4, 3 * 6 + 2 * 2, 4)
    for index, image in enumerate(images):
        top, left = index // 3 * 6, index % 3 * 8
        tile = canvas[top : top + 4, left : left + 6]
        expected = image.permute(1, 2, 0).expand(4, 6, 3).numpy()
        np.testing.assert_array_equal(tile[..., :3], expected)
        assert (tile[..., 3] == 1).all()
    assert canvas[..., 3].sum() == 5 * 4 * 6  # nothing else is opaque


def test_image_grid_clips_a_little_outside_and_takes_gradients():
    images = torch.tensor([-0.5, 0.5, 1.5, 0.0]).reshape(1, 1, 2, 2).requires_grad_()
    canvas = np.asarray(plots.image_grid(images).images[0].get_array())
    np.testing.assert_array_equal(canvas[..., 0], [[0, 0.5], [1, 0]])


def test_image_rows_puts_rows_under_each_other_with_their_labels():
    rows = {"original": torch.rand(3, 1, 4, 4), "PCA": torch.rand(3, 1, 4, 4)}
    ax = plots.image_rows(rows, pad=1)
    canvas = np.asarray(ax.images[0].get_array())
    assert canvas.shape == (9, 14, 4)
    for row, images in enumerate(rows.values()):
        for column in range(3):
            tile = canvas[5 * row : 5 * row + 4, 5 * column : 5 * column + 4, 0]
            np.testing.assert_array_equal(tile, images[column, 0].numpy())
    assert [tick.get_text() for tick in ax.get_yticklabels()] == list(rows)
    assert list(ax.get_yticks()) == [1.5, 6.5]


def test_bars():
    values = torch.tensor([1.0, 3.0, 2.0])
    ax = plots.bars(values, ylabel="rate (nats)", xlabel="axis", labels=list("abc"))
    assert [bar.get_height() for bar in ax.patches] == values.tolist()
    centres = [bar.get_x() + bar.get_width() / 2 for bar in ax.patches]
    assert centres == list(ax.get_xticks()) == [0, 1, 2]  # each over its own label
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("rate (nats)", "axis")
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["a", "b", "c"]


def test_lines():
    curves = {"PCA": torch.tensor([4.0, 2.0]), "AE": torch.tensor([3.0, 1.0])}
    x = torch.tensor([2, 64])
    ax = plots.lines(curves, x=x, xlabel="k", ylabel="SSE", logx=True, logy=True)
    for line, (name, values) in zip(ax.lines, curves.items(), strict=True):
        assert line.get_label() == name
        assert list(line.get_xdata()) == [2, 64]
        assert list(line.get_ydata()) == values.tolist()
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["2", "64"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(curves)
    ax.figure.canvas.draw()
    assert not len(ax.xaxis.get_minorticklocs())  # the named ticks are all there are


def test_many_places_on_a_logarithmic_axis_are_not_all_named():
    x = torch.arange(1, 14)
    ax = plots.lines({"a": x.double()}, x=x, xlabel="k", ylabel="", logx=True)
    assert list(ax.get_xticks()) != x.tolist() and len(ax.xaxis.get_minorticklocs())


def test_what_is_not_finite_leaves_a_gap():
    values = torch.tensor([1.0, math.nan, math.inf, 2.0])
    drawn = plots.lines({"a": values}, xlabel="", ylabel="").lines[0].get_ydata()
    np.testing.assert_array_equal(drawn, [1, math.nan, math.nan, 2])
    ax = plots.heatmap(values.reshape(2, 2), annotate=".0f")
    assert {t.get_position(): t.get_text() for t in ax.texts} == {
        **{(0, 0): "1", (1, 1): "2"},
    }
    assert ax.images[0].get_clim() == (1, 2)
    assert len(plots.bars(values, ylabel="").patches) == 4
    for ax in map(plt.figure, plt.get_fignums()):
        ax.canvas.draw()  # matplotlib says nothing


def test_one_line_needs_no_legend_and_counts_from_zero():
    ax = plots.lines({"a": torch.ones(3)}, xlabel="k", ylabel="loss (SSE)")
    assert list(ax.lines[0].get_xdata()) == [0, 1, 2] and ax.get_legend() is None


def test_history_starts_at_epoch_one():
    ax = plots.history({"train": [3.0, 2.0], "val": [3.5, 2.5]}, ylabel="SSE")
    assert [list(line.get_xdata()) for line in ax.lines] == [[1, 2], [1, 2]]
    assert list(ax.lines[1].get_ydata()) == [3.5, 2.5]
    assert ax.get_xlabel() == "epoch"


def test_history_of_a_run():
    run = SimpleNamespace(
        train=[{"loss": 3.0, "rate": 1.0}, {"loss": 2.0, "rate": 1.5}],
        val=[{"loss": 3.5, "rate": 2.0}, {"loss": 2.5, "rate": 2.5}],
    )
    ax = plots.history(run, ylabel="SSE", term="rate")
    drawn = {line.get_label(): list(line.get_ydata()) for line in ax.lines}
    assert drawn == {"train": [1.0, 1.5], "validation": [2.0, 2.5]}
    run.val = []
    assert len(plots.history(run, ylabel="SSE").lines) == 1
    run.val = [None, {"loss": 2.5, "rate": 2.5}]  # validation was added later
    ax = plots.history(run, ylabel="SSE")
    assert math.isnan(ax.lines[1].get_ydata()[0])
    assert ax.lines[1].get_ydata()[1] == 2.5
    assert ax.lines[1].get_marker() == "."  # one point alone makes no line
    ax = plots.history({"train": [3.0, 2.0], "val": [None, 2.5]}, ylabel="SSE")
    assert ax.lines[1].get_ydata()[1] == 2.5
    with pytest.raises(ValueError, match="term must be one of"):
        plots.history(run, ylabel="SSE", term="kl")


def test_epochs_without_validation_are_a_gap():
    row = {"loss": 3.0}
    run = SimpleNamespace(train=[row] * 3, val=[None, {"loss": None}, {"loss": 2.0}])
    validation = plots.history(run, ylabel="SSE").lines[1].get_ydata()
    np.testing.assert_array_equal(validation, [math.nan, math.nan, 2])
    with pytest.raises(ValueError, match=r"^history must have curves of one length"):
        plots.history({"train": [3.0, 2.0], "val": [3.0]}, ylabel="SSE")


def test_heatmap():
    matrix = torch.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    ax = plots.heatmap(matrix, row_labels=["a", "b"], annotate=".1f", label="accuracy")
    np.testing.assert_array_equal(ax.images[0].get_array(), matrix.numpy())
    numbers = {text.get_position(): text.get_text() for text in ax.texts}
    assert numbers[(2, 1)] == "5.0" and numbers[(1, 0)] == "1.0" and len(numbers) == 6
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["a", "b"]
    assert ax.figure.axes[-1].get_ylabel() == "accuracy"  # of the colour bar


def test_the_number_in_a_cell_is_legible_on_its_colour():
    matrix = torch.linspace(-3, 5, 24).reshape(4, 6)
    ax = plots.heatmap(matrix, annotate=".1f")
    picture = ax.images[0]
    assert len(ax.texts) == 24
    for text in ax.texts:
        column, row = text.get_position()
        cell = picture.cmap(picture.norm(matrix[row, column].item()))
        assert contrast(text.get_color(), cell) > 4.5


def test_scatter_codes_names_each_class_at_its_median():
    codes = torch.tensor([[0.0, 0], [1, 1], [2, 5], [10, 10]])
    labels = torch.tensor([0, 0, 0, 2])
    ax = plots.scatter_codes(codes, labels, classes=["shirt", "bag", "boot"])
    clouds = [np.asarray(points.get_offsets()).tolist() for points in ax.collections]
    assert clouds == [codes[:3].tolist(), codes[3:].tolist()]
    places = {text.get_text(): text.get_position() for text in ax.texts}
    assert places == {"shirt": (1, 1), "boot": (10, 10)}


def test_functions_draw_on_the_axes_given():
    ax = plt.subplots()[1]
    assert plots.image_grid(torch.rand(2, 1, 4, 4), ax=ax) is ax
    assert plots.bars(torch.ones(2), ylabel="", ax=ax) is ax
    assert plots.lines({"a": torch.ones(2)}, xlabel="", ylabel="", ax=ax) is ax
    assert len(plt.get_fignums()) == 1
