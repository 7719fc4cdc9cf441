"""A folder of one's own: every kind of picture, and what is none, by exact values."""

import io
import logging
import os
import re
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from aelib.data import image_folder

SIZE = (2, 3)  # H, W
CROP = np.array([[0, 51, 102], [153, 204, 255]], np.uint8)
GREY = CROP.tolist()
RED = (255, 0, 0)
N_RED = 76  # the luma of red, ITU-R 601: 0.299 * 255


def flat(mode, colour, size=(3, 2)):
    return Image.new(mode, size, colour)


def with_alpha(mode):
    """GREY, but that the last column is transparent and green below it."""
    colours = np.stack([CROP] * 3 + [np.full_like(CROP, 255)], axis=2)
    colours[:, 2] = (0, 255, 0, 0)
    return Image.fromarray(colours).convert(mode)


def palette():
    image = Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3)).convert("P")
    image.putpalette([v for v in CROP.flatten().tolist() for _ in range(3)])
    return image


def deep(numbers, dtype=np.uint16):
    return Image.fromarray(np.array(numbers, dtype))


SEE_THROUGH = [[0, 51, 255], [153, 204, 255]]
HALF_OF_BLACK = (0, 0, 0, 51)  # a fifth of it: white shows to four fifths
DEEP = [[0, 257, 514], [32_767, 65_534, 65_535]]
AS_DEEP = [[value / 257 for value in row] for row in DEEP]

# name -> file name, picture, options of its writer, what each pixel is: 0 to 255
KINDS = {
    "L": ("a.png", Image.fromarray(CROP), {}, GREY),
    "RGB": ("a.png", Image.fromarray(CROP).convert("RGB"), {}, GREY),
    "1": ("a.png", flat("1", 1), {}, [[255] * 3] * 2),
    "P": ("a.png", palette(), {}, GREY),
    "RGBA": ("a.png", with_alpha("RGBA"), {}, SEE_THROUGH),
    "LA": ("a.png", with_alpha("LA"), {}, SEE_THROUGH),
    "RGBA, a fifth": ("a.png", flat("RGBA", HALF_OF_BLACK), {}, [[204] * 3] * 2),
    "P, one colour transparent": (
        *("a.png", palette(), {"transparency": 2}),
        [[0, 51, 255], [153, 204, 255]],
    ),
    "P, alpha of each colour": (
        *("a.png", palette(), {"transparency": bytes([255, 255, 0, 255, 255, 255])}),
        [[0, 51, 255], [153, 204, 255]],
    ),
    "L, one grey transparent": (
        *("a.png", Image.fromarray(CROP), {"transparency": 102}),
        [[0, 51, 255], [153, 204, 255]],
    ),
    "RGB, one colour transparent": (
        *("a.png", Image.fromarray(CROP).convert("RGB")),
        *({"transparency": (102, 102, 102)}, [[0, 51, 255], [153, 204, 255]]),
    ),
    "1, black transparent": (
        "a.png",
        flat("1", 0),
        {"transparency": 0},
        [[255] * 3] * 2,
    ),
    "GIF": ("a.gif", palette(), {"transparency": 0}, [[255, 51, 102], GREY[1]]),
    "CMYK": ("a.tif", flat("CMYK", (0, 0, 0, 51)), {}, [[204] * 3] * 2),
    "CMYK, JPEG": ("a.jpg", flat("CMYK", (0, 0, 0, 51)), {}, [[204] * 3] * 2),
    "L, JPEG": ("a.JPEG", flat("L", 100), {"quality": 100}, [[100] * 3] * 2),
    "16 bits, PNG": ("a.png", deep(DEEP), {}, AS_DEEP),
    "16 bits, TIFF": ("a.tiff", deep(DEEP), {}, AS_DEEP),
    "16 bits, big end first": ("a.tif", deep(DEEP, ">u2"), {}, AS_DEEP),
    "16 bits, one grey transparent": (
        *("a.png", deep(DEEP), {"transparency": 514}),
        [[0, 1, 255], AS_DEEP[1]],
    ),
    "32 bits, up to 65535": ("a.tif", deep(DEEP, np.int32), {}, AS_DEEP),
    "16 bits, PGM": ("a.pgm", deep(DEEP, np.int32), {}, AS_DEEP),
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_picture(tmp_path, kind, channels):
    name, image, options, expected = KINDS[kind]
    image.save(tmp_path / name, **options)
    images = image_folder(tmp_path, size=SIZE, channels=channels).images
    assert images.shape == (1, channels, *SIZE) and images.dtype == torch.float32
    truth = torch.tensor(expected).div(255).expand(channels, 2, 3)
    torch.testing.assert_close(images[0], truth, atol=1e-6, rtol=0)


def test_colours_stay_apart_and_grey_is_their_luma(tmp_path):
    flat("RGB", RED).save(tmp_path / "a.png")
    flat("RGBA", (*RED, 255)).save(tmp_path / "b.png")
    flat("RGB", RED).quantize(2).save(tmp_path / "c.png")
    flat("CMYK", (0, 255, 255, 0)).save(tmp_path / "d.tif")
    images = image_folder(tmp_path, size=SIZE).images
    assert torch.equal(
        images, torch.tensor([1.0, 0, 0]).view(3, 1, 1).expand(4, 3, 2, 3)
    )
    grey = image_folder(tmp_path, size=SIZE, channels=1).images
    assert torch.equal(grey, torch.full((4, 1, 2, 3), N_RED / 255))


def test_of_an_animation_the_first_picture(tmp_path):
    frames = [flat("L", value) for value in (100, 200)]
    for name in ("a.gif", "a.png", "a.webp"):
        more = {"lossless": True} if name == "a.webp" else {}
        rest = {"append_images": frames[1:], "save_all": True, **more}
        frames[0].save(tmp_path / name, **rest)
    images = image_folder(tmp_path, size=SIZE).images
    assert torch.equal(images, torch.full((3, 3, 2, 3), 100 / 255))


TURNED = {  # as its EXIF value says, from GREY
    1: [[0, 51, 102], [153, 204, 255]],
    2: [[102, 51, 0], [255, 204, 153]],
    3: [[255, 204, 153], [102, 51, 0]],
    4: [[153, 204, 255], [0, 51, 102]],
    5: [[0, 153], [51, 204], [102, 255]],
    6: [[153, 0], [204, 51], [255, 102]],
    7: [[255, 102], [204, 51], [153, 0]],
    8: [[102, 255], [51, 204], [0, 153]],
}


@pytest.mark.parametrize("mode", ["L", "RGBA", "I;16"])
@pytest.mark.parametrize("value", TURNED)
def test_pictures_are_turned_upright(tmp_path, value, mode):
    exif = Image.Exif()
    exif[0x0112] = value
    image = Image.fromarray(CROP)
    image = deep(257 * CROP.astype(int)) if mode == "I;16" else image.convert(mode)
    image.save(tmp_path / "a.png", exif=exif)
    truth = torch.tensor(TURNED[value]) / 255
    found = image_folder(tmp_path, size=truth.shape, channels=1).images[0, 0]
    torch.testing.assert_close(found, truth, atol=1e-6, rtol=0)


def test_damaged_exif_data_leave_a_picture_as_it_is(tmp_path):
    Image.fromarray(CROP).save(
        tmp_path / "a.png", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x09zz"
    )
    images = image_folder(tmp_path, size=SIZE, channels=1).images
    torch.testing.assert_close(images[0, 0], torch.tensor(GREY) / 255)


# --- size ---

TALL = np.repeat(np.array([0, 0, 51, 102, 153, 153], np.uint8)[:, None], 2, axis=1)


@pytest.mark.parametrize("deep_grey", [False, True], ids=["8 bits", "16 bits"])
@pytest.mark.parametrize(
    ("fit", "size", "expected"),
    [
        ("crop", (2, 2), [[51, 51], [102, 102]]),
        ("pad", (6, 4), [[255, v, v, 255] for v in (0, 0, 51, 102, 153, 153)]),
        ("pad", (8, 2), [[v, v] for v in (255, 0, 0, 51, 102, 153, 153, 255)]),
        ("stretch", (6, 2), [[v, v] for v in (0, 0, 51, 102, 153, 153)]),
        ("stretch", (6, 1), [[v] for v in (0, 0, 51, 102, 153, 153)]),
    ],
)
def test_sizes(tmp_path, fit, size, expected, deep_grey):
    image = deep(257 * TALL.astype(int)) if deep_grey else Image.fromarray(TALL)
    image.save(tmp_path / "a.png")
    found = image_folder(tmp_path, size=size, channels=1, fit=fit).images[0, 0]
    torch.testing.assert_close(found, torch.tensor(expected) / 255, atol=1e-6, rtol=0)


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("size", [(1, 999), (999, 1), (1, 1)])
def test_pictures_of_every_proportion(tmp_path, size, fit):
    flat("RGB", "white", size).save(tmp_path / "a.png")
    images = image_folder(tmp_path, size=(5, 9), fit=fit).images
    assert torch.equal(images, torch.ones(1, 3, 5, 9))


def test_a_small_picture_is_a_mean_and_stays_in_the_range(tmp_path):
    board = np.indices((64, 64)).sum(axis=0) % 2
    Image.fromarray((255 * board).astype(np.uint8)).save(tmp_path / "a.png")
    deep(65_535 * board).save(tmp_path / "b.png")
    small = image_folder(tmp_path, size=(8, 8), channels=1).images
    assert (small - 0.5).abs().max() < 0.01
    large = image_folder(tmp_path, size=(200, 200), channels=1).images
    assert large.min() == 0 and large.max() == 1


def test_transparent_colours_do_not_bleed_into_what_is_seen(tmp_path):
    colours = np.zeros((64, 64, 4), np.uint8)
    colours[:, 32:] = (0, 0, 0, 0)  # transparent black beside
    colours[:, :32] = (255, 255, 255, 255)  # white
    Image.fromarray(colours).save(tmp_path / "a.png")
    images = image_folder(tmp_path, size=(5, 5)).images
    assert torch.equal(images, torch.ones(1, 3, 5, 5))


def test_a_large_jpeg_is_that_of_its_whole_decoder(tmp_path):
    rng = np.random.default_rng(0)
    rough = Image.fromarray(rng.integers(0, 255, (150, 200), dtype=np.uint8))
    rough.resize((800, 600)).save(tmp_path / "a.jpg", quality=95)
    with Image.open(tmp_path / "a.jpg") as image:
        image.load()
        image.save(tmp_path / "b.png")
    for size in ((64, 64), (150, 20)):
        jpeg, png = image_folder(tmp_path, size=size, channels=1).images
        assert (jpeg - png).abs().max() < 0.05


# --- order, labels ---


def tree(root, *names):
    for i, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        flat("L", i).save(path)
    return root


def test_order_labels_and_files_agree(tmp_path, monkeypatch):
    names = ["b/2.png", "b/10.png", "a-b/z.png", "a/y.PNG", "a/c/x.bmp", "B/1.png"]
    tree(tmp_path, *names)
    listed = Path.iterdir
    for turn in (sorted, lambda paths: sorted(paths, reverse=True)):
        monkeypatch.setattr(Path, "iterdir", lambda p, turn=turn: turn(listed(p)))
        found = image_folder(tmp_path, size=(1, 1), channels=1)
        order = [path.relative_to(tmp_path).as_posix() for path in found.files]
        assert order == sorted(names, key=lambda name: name.split("/"))
        assert order[1:4] == ["a/c/x.bmp", "a/y.PNG", "a-b/z.png"]
        assert found.classes == ("B", "a", "a-b", "b")
        assert found.labels.dtype == torch.int64
        classes = [found.classes[label] for label in found.labels]
        assert classes == [name.split("/")[0] for name in order]
        values = [names.index(name) / 255 for name in order]
        assert found.images.flatten().tolist() == pytest.approx(values)
        assert found.unreadable == {}


def test_pictures_in_no_folder_are_a_class_of_their_own(tmp_path):
    found = image_folder(tree(tmp_path, "z.png", "cats/a.png", "a.png"), size=(1, 1))
    assert found.classes == ("", "cats")
    names = [path.name for path in found.files]
    assert sorted(zip(names, found.labels.tolist(), strict=True)) == [
        *(("a.png", 0), ("a.png", 1), ("z.png", 0))
    ]


def test_one_folder_is_one_class_by_its_name(tmp_path, monkeypatch):
    tree(tmp_path / "cats", "a.png", "b.png", "notes/.hidden.png")
    (tmp_path / "cats" / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "cats")
    for folder in (tmp_path / "cats", str(tmp_path / "cats"), "."):
        found = image_folder(folder, size=(1, 1))
        assert found.classes == ("cats",) and found.labels.tolist() == [0, 0]


def test_what_is_hidden_or_no_picture_is_passed_over(tmp_path):
    tree(tmp_path, "a/x.png", ".thumbnails/y.png", "a/.x.png", "__MACOSX/a/._x.png")
    for name in ("a/notes.txt", "b/labels.csv", "a/x.h5", "a/x.mpg", "a/x.ps", "a/png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0")
    (tmp_path / "folder.png").mkdir()
    found = image_folder(tmp_path, size=(1, 1))
    assert [path.name for path in found.files] == ["x.png"]
    assert found.classes == ("a",)
    names = [path.relative_to(tmp_path).as_posix() for path in found.others]
    assert names == [
        "a/notes.txt",
        "a/png",
        "a/x.h5",
        "a/x.mpg",
        "a/x.ps",
        "b/labels.csv",
    ]


def test_links_are_followed_but_round_in_no_circle(tmp_path):
    tree(tmp_path / "store", "x.png")
    root = tree(tmp_path / "root", "a/y.png")
    (root / "b").symlink_to(tmp_path / "store")
    (root / "a" / "again").symlink_to(root)
    (root / "a" / "z.png").symlink_to(tmp_path / "store" / "x.png")
    found = image_folder(root, size=(1, 1))
    names = [path.relative_to(root).as_posix() for path in found.files]
    assert names == ["a/y.png", "a/z.png", "b/x.png"]
    assert found.classes == ("a", "b")


def test_a_home_folder_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    tree(tmp_path / "pictures", "x.png")
    found = image_folder("~/pictures", size=(1, 1))
    assert found.files == (tmp_path / "pictures" / "x.png",)


# --- what cannot be read ---


def encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


NOISE = Image.fromarray(
    np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
)
LZW = bytearray(encoded(NOISE, "TIFF", compression="tiff_lzw"))
LZW[8:4000] = np.random.default_rng(1).bytes(3992)
PNG = encoded(NOISE, "PNG")
BOMB = struct.pack("<2sIII", b"BM", 54, 0, 54)  # 30,000 x 30,000 pixels in 54 bytes
BOMB += struct.pack("<IiiHH24x", 40, 30_000, 30_000, 1, 24)
TAGS = [(256, 2), (257, 2), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1)]
TAGS += [(278, 2), (279, 6)]
TWELVE = struct.pack("<2sHI6sH", b"II", 42, 14, b"\xff" * 6, len(TAGS)) + b"".join(
    [struct.pack("<HHII", tag, 4, 1, value) for tag, value in TAGS] + [bytes(4)]
)
UNREADABLE = {
    "empty.png": (b"", "empty"),
    "text.jpg": (b"not a picture\n", "nothing in it that Pillow knows as a picture"),
    "cut.png": (PNG[:-3000], "image file is truncated"),
    "cut.jpg": (encoded(NOISE, "JPEG")[:-900], "truncated"),
    "cut.gif": (encoded(NOISE, "GIF")[:-900], "truncated"),
    "broken.tif": (bytes(LZW), "decoder error -2|OSError -2"),
    "floats.tif": (encoded(flat("F", 0.5), "TIFF"), "floats, whose black and white"),
    "below.tif": (encoded(deep([[-1, 5]], np.int32), "TIFF"), "integers from -1 to 5"),
    "above.tif": (
        encoded(deep([[0, 65_536]], np.int32), "TIFF"),
        r"integers from 0 to 65536, outside \[0, 65535\]",
    ),
    "twelve.tif": (TWELVE, "grey of 12 bits"),
    "bomb.bmp": (BOMB, r"over 1789\d+ pixels: set PIL.Image.MAX_IMAGE_PIXELS"),
    "stack.tif": (
        encoded(NOISE, "TIFF", save_all=True, append_images=[NOISE]),
        "2 pictures in one file: save each alone",
    ),
    "script.png": (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "nothing in it",
    ),
}


def put(folder, name):
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(UNREADABLE[name][0])


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_named_or_listed_in_silence(tmp_path, capfd, name):
    put(tree(tmp_path, "a/x.png") / "b", name)
    with pytest.raises(ValueError, match=rf"1 of 2 .*'b/{name}' \(.*") as caught:
        image_folder(tmp_path, size=SIZE)
    assert str(caught.value).endswith("; skip_unreadable=True leaves them out")
    found = image_folder(tmp_path, size=SIZE, skip_unreadable=True)
    assert [path.name for path in found.files] == ["x.png"]
    assert found.images.shape == (1, 3, *SIZE) and found.labels.tolist() == [0]
    ((path, reason),) = found.unreadable.items()
    assert path == tmp_path / "b" / name
    assert re.search(UNREADABLE[name][1], reason), reason
    assert capfd.readouterr() == ("", "")


def test_what_pillow_logs_is_printed_nowhere():
    kinds = [type(handler) for handler in logging.getLogger("PIL").handlers]
    assert logging.NullHandler in kinds


def test_a_closed_stderr_hinders_nothing(tmp_path):
    put(tmp_path, "broken.tif")
    NOISE.save(tmp_path / "x.tif", compression="tiff_lzw")
    kept = os.dup(2)
    os.close(2)
    try:
        found = image_folder(tmp_path, size=SIZE, skip_unreadable=True)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    assert len(found.images) == len(found.unreadable) == 1


@pytest.mark.parametrize(("limit", "n_left_out"), [(5, 0), (2, 1), (None, 0)])
def test_the_limit_of_pillow_is_kept_and_a_warning_below_it_is_none(
    tmp_path, monkeypatch, limit, n_left_out
):
    """It warns from its limit on, and refuses twice that."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    flat("L", 0).save(tree(tmp_path, "a.png") / "b.png")  # 6 pixels
    flat("L", 0, (1, 1)).save(tmp_path / "a.png")
    found = image_folder(tmp_path, size=SIZE, skip_unreadable=True)
    assert len(found.unreadable) == n_left_out


def test_labels_depend_on_no_file_that_cannot_be_read(tmp_path):
    put(tree(tmp_path, "a/1.png", "c/2.png") / "b", "empty.png")
    found = image_folder(tmp_path, size=(1, 1), channels=1, skip_unreadable=True)
    assert found.classes == ("a", "b", "c") and found.labels.tolist() == [0, 2]
    assert found.images.flatten().tolist() == [0, pytest.approx(1 / 255)]
    assert [path.name for path in found.files] == ["1.png", "2.png"]
    assert found.images.untyped_storage().nbytes() == 8  # none for what was left out


def test_the_first_of_many_are_named_in_one_line(tmp_path):
    tree(tmp_path, "x.png")
    for name in ("1\n\x1b[31m.png", "2.png", "3.png", "4.png"):
        (tmp_path / name).touch()
    (tmp_path / "0.png").write_bytes(b"text")
    with pytest.raises(ValueError) as caught:
        image_folder(tmp_path)
    assert str(caught.value) == (
        "folder must hold pictures that can be read, got 5 of 6 that cannot: '0.png' "
        "(nothing in it that Pillow knows as a picture), '1\\n\\x1b[31m.png' (empty), "
        "'2.png' (empty), ...; skip_unreadable=True leaves them out"
    )


def test_what_is_no_file_is_not_opened(tmp_path, monkeypatch):
    opened = Path.read_bytes

    def read_bytes(path):  # of a pipe: for ever
        assert path.is_file()
        return opened(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    (tree(tmp_path, "x.png") / "gone.png").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe.png")
    found = image_folder(tmp_path, size=(1, 1), skip_unreadable=True)
    reasons = {path.name: reason for path, reason in found.unreadable.items()}
    words = "no file, or a link to none"
    assert reasons == {"gone.png": words, "pipe.png": words}


def test_where_nothing_can_be_read_skipping_does_not_help(tmp_path):
    put(tmp_path, "empty.png")
    words = r"got 1 of 1 that cannot: 'empty.png' \(empty\)$"
    with pytest.raises(ValueError, match=words):
        image_folder(tmp_path, skip_unreadable=True)


def test_a_folder_that_is_closed_is_named(tmp_path, monkeypatch):
    tree(tmp_path, "a/x.png", "b/y.png")
    listed = Path.iterdir

    def closed(path):
        if path.name == "b":
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", closed)
    with pytest.raises(
        ValueError, match=r"^folder must be open .*b': Permission denied$"
    ):
        image_folder(tmp_path, skip_unreadable=True)


def test_a_mistake_of_ours_is_no_unreadable_file(tmp_path, monkeypatch):
    tree(tmp_path, "x.png")
    monkeypatch.setattr("aelib.data.pictures._fitted", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        image_folder(tmp_path, skip_unreadable=True)


WRONG = {
    "missing": (ValueError, "folder must be a folder, got '.*none', where nothing is$"),
    "x.png": (ValueError, "folder must be a folder, got '.*x.png', where a file is$"),
    "no pictures": (
        ValueError,
        "folder must hold pictures, got .* none among 0 files$",
    ),
    "others": (
        ValueError,
        r"folder must hold pictures, .* among 4 files \('.csv', '.txt', 'no suffix'\)$",
    ),
}
FOLDERS = {"missing": "none", "x.png": "x.png", "no pictures": "bare", "others": "text"}


@pytest.mark.parametrize("case", WRONG)
def test_folders_without_pictures_are_named(tmp_path, case):
    tree(tmp_path, "x.png")
    for name in (
        "bare/.x.png",
        "text/a.txt",
        "text/b.txt",
        "text/c.csv",
        "text/README",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    error, words = WRONG[case]
    with pytest.raises(error, match=f"^{words}") as caught:
        image_folder(tmp_path / FOLDERS[case])
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"size": 64}, TypeError, "size must be a sequence, got int"),
        ({"size": (64,)}, ValueError, "size must have length 2, got 1"),
        ({"size": (3, 64, 64)}, ValueError, "size must have length 2, got 3"),
        ({"size": (64, 0)}, ValueError, r"size\[1\] must be at least 1, got 0"),
        ({"size": (64, 1.5)}, TypeError, r"size\[1\] must be an int, got float"),
        ({"channels": 4}, ValueError, "channels must be 1 or 3, got 4"),
        ({"channels": "RGB"}, TypeError, "channels must be an int, got str"),
        (
            {"fit": "cover"},
            ValueError,
            "fit must be 'crop', 'pad' or 'stretch', got 'co",
        ),
        ({"fit": None}, TypeError, "fit must be text, got NoneType"),
        (
            {"skip_unreadable": 1},
            TypeError,
            "skip_unreadable must be True or False, got",
        ),
    ],
)
def test_wrong_options_are_named_before_a_file_is_read(tmp_path, options, error, words):
    put(tmp_path, "empty.png")
    with pytest.raises(error, match=f"^{words}"):
        image_folder(tmp_path, **options)
