"""Pictures in a folder of one's own as one tensor."""

from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from aelib import _expect
from aelib._files import expanded
from aelib.data.pictures import Unreadable, read, suffixes

_FITS = ("crop", "pad", "stretch")
_NAMED = 3  # of a kind, in an error, which is one sentence


class ImageFolder(NamedTuple):
    """The pictures of a folder: images, labels and files go together, N of each.

    - images: (N, C, H, W) float32 in [0, 1], upright as their EXIF data say. 8 bits are
      divided by 255 and integers of 16 by 65535; what is transparent is white.
    - labels: (N,) int64, index into classes: the folder directly in the one asked for
      that a picture lies in, however deep; "" for those in none. Where no picture lies
      in a folder there is one class, of the name of the one asked for.
    - classes: names in order. A file that cannot be read has its share in them, so that
      no label depends on it.
    - files: the paths of the pictures.
    - unreadable: the files that were left out, each with the reason.
    - others: files that have no suffix of a picture that Pillow reads, and so were
      passed over: notes, and perhaps pictures of a camera's own kind.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.new("L", (30, 20), "white").save(f"{folder}/white.png")
    ...     pictures = image_folder(folder, size=(8, 8))
    >>> pictures.images.shape, pictures.images.min(), pictures.files[0].name
    (torch.Size([1, 3, 8, 8]), tensor(1.), 'white.png')
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    files: tuple[Path, ...]
    unreadable: dict[Path, str]
    others: tuple[Path, ...]


def image_folder(
    folder: str | PathLike[str],
    *,
    size: Sequence[int] = (64, 64),
    channels: int = 3,
    fit: str = "crop",
    skip_unreadable: bool = False,
) -> ImageFolder:
    """All pictures in a folder and below it, of any kind and size, as one tensor.

    A picture has the suffix of a format that Pillow reads by itself; other files are
    listed, and what is hidden (".name") is passed over. The order is that of the names,
    folder by folder, by their letters' code points: the same on every system. Of an
    animation the first picture is taken; a TIFF of several is unreadable.

    Args:
        folder: its path; a `~` is expanded.
        size: (H, W) of the images.
        channels: 3, or 1 for grey.
        fit: "crop" covers `size` and cuts off the same on both sides; "pad" keeps all,
            with white around it; "stretch" gives up the proportions.
        skip_unreadable: leave out files that cannot be read, and list them.

    Raises:
        TypeError, ValueError: an argument is not as above; the folder is missing or
            holds no picture; files cannot be read: all are tried, the first are named.
    """
    root = expanded("folder", folder)
    shape = _checked_shape(size, channels)
    _check_fit(fit)
    _expect.flag("skip_unreadable", skip_unreadable)
    found, others = _pictures_in(root)
    images, unreadable = _read_all(found, shape, fit)
    if unreadable and not (skip_unreadable and len(images)):
        raise ValueError(_named(unreadable, len(found), root, skip_unreadable))
    files = tuple(path for path in found if path not in unreadable)
    labels, classes = _labels(files, found, root)
    return ImageFolder(images, labels, classes, files, unreadable, tuple(others))


def _checked_shape(size: Sequence[int], channels: int) -> tuple[int, int, int]:
    _expect.sequence("size", size, 2)
    height, width = _expect.sizes("size", size)
    channels = _expect.integer("channels", channels)
    if channels not in (1, 3):
        raise ValueError(f"channels must be 1 or 3, got {channels}")
    return channels, height, width


def _check_fit(fit: str) -> None:
    _expect.text("fit", fit)
    if fit not in _FITS:
        raise ValueError(f"fit must be 'crop', 'pad' or 'stretch', got {fit!r}")


def _pictures_in(root: Path) -> tuple[list[Path], list[Path]]:
    """Files with the suffix of a picture, and the others."""
    if not root.is_dir():
        what = "a file" if root.exists() else "nothing"
        raise ValueError(
            f"folder must be a folder, got {str(root.absolute())!r}, where {what} is"
        )
    try:
        files = list(_files_in(root))
    except OSError as error:
        raise ValueError(
            f"folder must be open for reading, got {str(error.filename)!r}: "
            f"{error.strerror}"
        ) from None
    known = suffixes()
    # By parts: as one text "a-b/x" would come before "a/x", or after it, where the
    # separator is another.
    files.sort(key=lambda path: path.relative_to(root).parts)
    found = [path for path in files if path.suffix.lower() in known]
    if not found:
        kinds = sorted({path.suffix or "no suffix" for path in files})[:_NAMED]
        which = f" ({', '.join(map(ascii, kinds))})" if files else ""
        raise ValueError(
            f"folder must hold pictures, got {str(root.absolute())!r} with none among "
            f"{len(files)} files{which}"
        )
    return found, [path for path in files if path.suffix.lower() not in known]


def _files_in(folder: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Files at any depth, through links to folders, too, but round in no circle."""
    real = folder.resolve()
    if real in above:
        return
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _files_in(path, (*above, real))
        else:
            yield path


def _read_all(
    found: list[Path], shape: tuple[int, int, int], fit: str
) -> tuple[Tensor, dict[Path, str]]:
    """Those that can be read, in their order, and of the others the reasons."""
    channels, height, width = shape
    # Filled in place: a list and its stack would take the memory twice.
    images = torch.empty(len(found), *shape)
    n_read = 0
    unreadable: dict[Path, str] = {}
    for path in found:
        try:
            pixels = read(path, (height, width), channels, fit)
        except Unreadable as error:
            unreadable[path] = str(error)
        else:
            images[n_read] = torch.tensor(pixels)
            n_read += 1
    return images[:n_read].clone() if unreadable else images, unreadable


def _named(unreadable: dict[Path, str], n_found: int, root: Path, skipped: bool) -> str:
    first = [
        f"{path.relative_to(root).as_posix()!r} ({reason})"
        for path, reason in list(unreadable.items())[:_NAMED]
    ]
    more = ", ..." if len(unreadable) > _NAMED else ""
    cure = "" if skipped else "; skip_unreadable=True leaves them out"
    return (
        f"folder must hold pictures that can be read, got {len(unreadable)} of "
        f"{n_found} that cannot: {', '.join(first)}{more}{cure}"
    )


def _labels(
    files: Sequence[Path], found: Sequence[Path], root: Path
) -> tuple[Tensor, tuple[str, ...]]:
    def name(path: Path) -> str:
        first, *below = path.relative_to(root).parts
        return first if below else ""

    classes = sorted({name(path) for path in found})
    labels = torch.tensor([classes.index(name(path)) for path in files])
    if classes == [""]:
        classes = [root.resolve().name]
    return labels, tuple(classes)
