"""aelib.trackers: what is written can be read, also after a torn write."""

import json
import math
import random

import pytest
import torch
from matplotlib import image

from aelib.trackers import FileTracker, read_scalars


def test_scalars_are_json_lines(tmp_path):
    tracker = FileTracker(tmp_path / "new" / "run")
    tracker.scalars(1, {"loss": 0.1, "rate": 3})
    tracker.scalars(2, {"loss": 1 / 3})
    lines = (tracker.folder / "scalars.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"step": 1, "loss": 0.1, "rate": 3},
        {"step": 2, "loss": 1 / 3},
    ]
    assert read_scalars(tracker.folder) == [json.loads(line) for line in lines]
    tracker.close()


def test_lines_are_on_the_disk_before_close(tmp_path):
    tracker = FileTracker(tmp_path)
    tracker.scalars(1, {"loss": 2.0})
    assert read_scalars(tmp_path) == [{"step": 1, "loss": 2.0}]
    tracker.close()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_are_named(tmp_path, value):
    tracker = FileTracker(tmp_path)
    with pytest.raises(ValueError, match=r"values\['b'\] must be a finite number"):
        tracker.scalars(1, {"a": 1.0, "b": value})
    tracker.close()
    assert read_scalars(tmp_path) == []  # JSON has no word for them


def test_any_strict_reader_of_json_reads_what_was_written(tmp_path):
    def refuse(word):
        raise ValueError(word)

    rng = random.Random(0)
    tracker, written = FileTracker(tmp_path), []
    for step in range(200):
        values = {
            rng.choice(["a/b", "ä", '"', "\n", ""]) + str(i): rng.uniform(-1, 1)
            * 10 ** rng.randrange(-300, 300)
            for i in range(3)
        }
        tracker.scalars(step, values)
        written.append({"step": step, **values})
    tracker.close()
    lines = (tmp_path / "scalars.jsonl").read_text().splitlines()
    assert [json.loads(line, parse_constant=refuse) for line in lines] == written
    assert read_scalars(tmp_path) == written


def test_torn_line_is_healed_at_every_byte(tmp_path):
    tracker = FileTracker(tmp_path)
    for step in (1, 2):
        tracker.scalars(step, {"loss": 1.0 / step})
    tracker.close()
    path = tmp_path / "scalars.jsonl"
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for end in range(first, len(whole)):
        path.write_bytes(whole[:end])
        assert read_scalars(tmp_path) == [{"step": 1, "loss": 1.0}]
        healed = FileTracker(tmp_path)
        healed.scalars(3, {"loss": 0.0})
        healed.close()
        assert [row["step"] for row in read_scalars(tmp_path)] == [1, 3]


def test_later_lines_replace_earlier_ones_of_the_same_step(tmp_path):
    for values in ([(1, 5.0), (2, 4.0)], [(2, 4.5), (3, 3.0)]):
        tracker = FileTracker(tmp_path)
        for step, loss in values:
            tracker.scalars(step, {"loss": loss})
        tracker.close()
    assert [row["loss"] for row in read_scalars(tmp_path)] == [5.0, 4.5, 3.0]


def test_rows_are_those_of_one_run(tmp_path):
    """Runs given up and begun again, at random: what the last one did counts."""
    rng = random.Random(1)
    expected: list[tuple[int, int]] = []
    for run in range(200):
        first = rng.randrange(1, len(expected) + 2)  # resumed there, or begun at 1
        n_epochs = rng.randrange(1, 5)
        tracker = FileTracker(tmp_path)
        for step in range(first, first + n_epochs):
            tracker.scalars(step, {"run": run})
        tracker.close()
        expected = expected[: first - 1]
        expected += [(step, run) for step in range(first, first + n_epochs)]
        rows = read_scalars(tmp_path)
        assert [(row["step"], row["run"]) for row in rows] == expected


def test_broken_line_in_the_middle_is_named(tmp_path):
    (tmp_path / "scalars.jsonl").write_text('{"step": 1}\nbroken\n{"step": 2}\n')
    with pytest.raises(ValueError, match="in line 2, got b'broken'"):
        read_scalars(tmp_path)
    (tmp_path / "scalars.jsonl").write_text('{"step": 1}\n{"step": "2"}\n')
    with pytest.raises(ValueError, match=r"in line 2, got b'..step"):
        read_scalars(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_scalars(tmp_path / "none")


def test_images_come_back_from_the_png(tmp_path):
    tracker = FileTracker(tmp_path)
    images = torch.rand(5, 3, 4, 6, generator=torch.Generator().manual_seed(0))
    images[0, 0, 0, 0] = 1.5  # clipped
    tracker.images(7, "val/x_hat", images)
    tracker.close()
    files = [p.name for p in (tmp_path / "images/val/x_hat").iterdir()]
    assert files == ["00000007.png"]
    picture = image.imread(tmp_path / "images/val/x_hat/00000007.png")  # 2 rows of 3
    assert picture.shape == (8, 18, 4)
    for index in range(5):
        top, left = 4 * (index // 3), 6 * (index % 3)
        tile = torch.tensor(picture[top : top + 4, left : left + 6, :3])
        expected = images[index].clamp(0, 1).permute(1, 2, 0)
        torch.testing.assert_close(tile, expected, atol=0.5 / 255 + 1e-6, rtol=0)
    assert (picture[4:, 12:] == 1).all()


def test_grey_images_are_grey(tmp_path):
    tracker = FileTracker(tmp_path)
    tracker.images(0, "x", torch.full((1, 1, 2, 2), 0.2))
    tracker.close()
    picture = image.imread(tmp_path / "images/x/00000000.png")
    assert picture[..., :3].ravel().tolist() == pytest.approx([51 / 255] * 12)


X = torch.rand(2, 1, 4, 4)


@pytest.mark.parametrize(
    ("step", "name", "images", "error", "message"),
    [
        (0, "x", X[0], ValueError, r"images must be \(N, C, H, W\).*got \(1, 4, 4\)"),
        (0, "x", X.expand(2, 2, 4, 4), ValueError, "C = 1 or 3"),
        (0, "x", X[:0], ValueError, "images must be"),
        (0, "x", (X * 255).byte(), TypeError, "must be floating point in .*uint8"),
        (0, "x", X / 0, ValueError, "images must be finite"),
        (0, "../x", X, ValueError, "name must be letters"),
        (0, "/x", X, ValueError, "name must be letters"),
        (-1, "x", X, ValueError, "step must be at least 0"),
        (1.0, "x", X, TypeError, "step must be an int"),
    ],
)
def test_wrong_images_are_named(tmp_path, step, name, images, error, message):
    tracker = FileTracker(tmp_path)
    with pytest.raises(error, match=message):
        tracker.images(step, name, images)
    tracker.close()
    assert not (tmp_path / "images").exists() or not list(tmp_path.rglob("*.png"))


def test_wrong_scalars_are_named_and_nothing_is_written(tmp_path):
    tracker = FileTracker(tmp_path)
    with pytest.raises(TypeError, match=r"values\['a'\] must be a number, got Tensor"):
        tracker.scalars(1, {"a": torch.tensor(1.0)})
    with pytest.raises(ValueError, match="name 'step'"):
        tracker.scalars(1, {"step": 1.0})
    with pytest.raises(TypeError, match="the name 3 in values must be text, got int"):
        tracker.scalars(1, {3: 1.0})
    with pytest.raises(TypeError, match="values must be a dict of numbers, got list"):
        tracker.scalars(1, [1.0])
    tracker.close()
    tracker.close()
    with pytest.raises(ValueError, match="must be open, got a closed one"):
        tracker.scalars(1, {"a": 1.0})
    assert read_scalars(tmp_path) == []
