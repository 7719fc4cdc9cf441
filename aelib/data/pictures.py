"""One picture file, of any kind that Pillow reads, as numbers in [0, 1].

Whatever is wrong with a file comes out as Unreadable, with a reason of one line, and
nothing is printed.
"""

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import BITSPERSAMPLE

# For the first Pillow starts Ghostscript; of the others it reads no pixels.
_NOT_BY_PILLOW = {"EPS", "BUFR", "GRIB", "HDF5", "MPEG", "WMF"}
_FILTER = Image.Resampling.BICUBIC  # a mean over what a pixel covers, where it shrinks
_LARGEST = 65_535  # of 16 bits

# Python prints what Pillow logs where nobody asked for it, unless there is a handler.
logging.getLogger("PIL").addHandler(logging.NullHandler())


class Unreadable(Exception):
    """The reason why a file is no picture, as words for a bracket: "empty"."""


def suffixes() -> set[str]:
    """Of the files that Pillow reads here: ".png", ".jpg" and some fifty more."""
    known = Image.registered_extensions()
    readable = set(_formats())
    return {suffix for suffix, name in known.items() if name in readable}


def read(path: Path, size: tuple[int, int], channels: int, fit: str) -> np.ndarray:
    """The picture upright, in `size` (H, W) and colour or grey: (C, H, W) float32.

    Raises:
        Unreadable: there is no such picture in the file.
    """
    image = _fitted(_decoded(path, size, channels), size, fit)
    pixels = np.asarray(image, dtype=np.float32)  # (H, W) or (H, W, 3)
    # The cubic filter goes beyond black and white; in 8 bits Pillow cuts that off.
    pixels = pixels.clip(0, 1) if image.mode == "F" else pixels / 255
    if pixels.ndim == 2:
        return np.broadcast_to(pixels, (channels, *size))
    return pixels.transpose(2, 0, 1)


def _decoded(path: Path, size: tuple[int, int], channels: int) -> Image.Image:
    """Mode RGB or L, 0 to 255, or F, grey in [0, 1]."""
    if not path.is_file():  # opening a pipe would wait for ever
        raise Unreadable("no file, or a link to none")
    try:
        content = path.read_bytes()
        if not content:
            raise Unreadable("empty")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=_formats()) as image:
                _load(image, size)
                return _plain(ImageOps.exif_transpose(image), channels)
    except Unreadable:
        raise
    except Image.DecompressionBombError:
        limit = f"over {2 * Image.MAX_IMAGE_PIXELS} pixels"
        raise Unreadable(f"{limit}: set PIL.Image.MAX_IMAGE_PIXELS") from None
    except UnidentifiedImageError:
        raise Unreadable("nothing in it that Pillow knows as a picture") from None
    # Damaged bytes bring a decoder to all kinds: OSError, SyntaxError, struct.error ...
    except Exception as error:
        raise Unreadable(_words(error)) from None


def _words(error: Exception) -> str:
    """What it says, in one line; its kind as well where that is but a number."""
    words = " ".join(str(getattr(error, "strerror", None) or error).split())
    if not any(map(str.isalpha, words)):
        words = f"{type(error).__name__} {words}".rstrip()
    return "".join(filter(str.isprintable, words))


def _formats() -> list[str]:
    # Asked anew each time: others, such as pillow-heif, may have added theirs.
    Image.init()
    return sorted(set(Image.OPEN) - _NOT_BY_PILLOW)


def _load(image: Image.Image, size: tuple[int, int]) -> None:
    if image.format != "TIFF":
        # A JPEG's decoder can give a half, quarter or eighth at once: 8 times faster
        # for 12 megapixels. Twice the size remains, for the filter to take means of.
        image.draft(None, (2 * max(size), 2 * max(size)))
        image.load()
        return
    if image.tag_v2.get(BITSPERSAMPLE) == (12,):  # 4095 would be a dark grey
        raise Unreadable("grey of 12 bits, which is neither 8 nor 16")
    if image.n_frames > 1:  # a stack: to take the first in silence would lose the rest
        raise Unreadable(f"{image.n_frames} pictures in one file: save each alone")
    with _no_stderr():  # libtiff writes there of damage, past Python
        image.load()


@contextlib.contextmanager
def _no_stderr() -> Iterator[None]:
    """What is written to descriptor 2 goes nowhere."""
    try:
        kept = os.dup(2)
    except OSError:  # it is closed already
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _plain(image: Image.Image, channels: int) -> Image.Image:
    if image.mode.startswith("I"):
        return _grey_of_16_bits(image)
    if image.mode == "F":
        raise Unreadable("floats, whose black and white are not known")
    if image.has_transparency_data:
        colours = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, colours)
    if image.mode != "L":
        image = image.convert("RGB")
    return image.convert("RGB" if channels == 3 else "L")


def _grey_of_16_bits(image: Image.Image) -> Image.Image:
    numbers = np.asarray(image)
    low, high = numbers.min(), numbers.max()
    if low < 0 or high > _LARGEST:
        raise Unreadable(f"integers from {low} to {high}, outside [0, {_LARGEST}]")
    grey = numbers.astype(np.float32) / _LARGEST
    transparent = image.info.get("transparency")
    if transparent is not None:  # one value, which stands for no colour
        grey[numbers == transparent] = 1
    return Image.fromarray(grey)


def _fitted(image: Image.Image, size: tuple[int, int], fit: str) -> Image.Image:
    height, width = size
    if fit == "crop":
        return ImageOps.fit(image, (width, height), _FILTER)
    if fit == "stretch":
        return image.resize((width, height), _FILTER)
    scale = min(width / image.width, height / image.height)
    w, h = (max(1, round(scale * side)) for side in image.size)
    white = 1.0 if image.mode == "F" else "white"
    canvas = Image.new(image.mode, (width, height), white)
    canvas.paste(image.resize((w, h), _FILTER), ((width - w) // 2, (height - h) // 2))
    return canvas
