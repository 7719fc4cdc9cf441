"""Image data sets as float tensors in [0, 1], every byte verified on every load."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from aelib import config
from aelib.data import store, verify
from aelib.data.registry import REGISTRY, DataSet


class Split(NamedTuple):
    """images (N, C, H, W) float32 in [0, 1]; labels (N,) int64, index into classes."""

    images: Tensor
    labels: Tensor


class ImageData(NamedTuple):
    """A data set with its training and test split, class names, source and licence."""

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    source: str
    licence: str

    def to(self, device: torch.device | str) -> "ImageData":
        """The same data set with images and labels on `device`, copied once.

        What is there already is not copied. Whole: 188 MB for 60,000 images of 28x28.
        """
        train, test = (
            Split(split.images.to(device), split.labels.to(device))
            for split in (self.train, self.test)
        )
        return self._replace(train=train, test=test)


def fashion_mnist(*, profile: str | None = None) -> ImageData:
    """Photographs of clothing, 1x28x28, ten classes (Xiao et al., arXiv:1708.07747).

    Args:
        profile: "fast", the embedded first 600 + 100 images of each class; "full", all
            60,000 + 10,000; None, the profile in force.

    Raises:
        ValueError: `profile` is anything else.
        DataError: the full set is neither at hand nor could it be fetched.
    """
    return _grey(REGISTRY["fashion_mnist"], profile)


def mnist(*, profile: str | None = None) -> ImageData:
    """Handwritten digits, 1x28x28, ten classes; otherwise as fashion_mnist."""
    return _grey(REGISTRY["mnist"], profile)


def emoji() -> ImageData:
    """Drawn faces and people, 3x64x64 on white: artwork, not photographs.

    A label is the subcategory of the picture; all skin tones of a name are in one
    split.

    Raises:
        DataError: the embedded archive is missing or damaged.
    """
    return _embedded(REGISTRY["emoji"])


def _grey(entry: DataSet, profile: str | None) -> ImageData:
    profile = config.profile() if profile is None else profile
    if profile not in ("fast", "full"):
        raise ValueError(f"profile must be 'fast', 'full' or None, got {profile!r}")
    if profile == "fast":
        return _embedded(entry)
    files = store.load(entry)
    train, test = (
        _split(
            _idx(files[f"{prefix}-images-idx3-ubyte"]),
            _idx(files[f"{prefix}-labels-idx1-ubyte"]),
        )
        for prefix in ("train", "t10k")
    )
    return _image_data(entry, train, test)


def _embedded(entry: DataSet) -> ImageData:
    arrays = verify.load_embedded(entry)
    train, test = (
        _split(arrays[f"{name}_images"], arrays[f"{name}_labels"])
        for name in ("train", "test")
    )
    return _image_data(entry, train, test)


def _image_data(entry: DataSet, train: Split, test: Split) -> ImageData:
    return ImageData(
        entry.name, train, test, entry.classes, entry.source, entry.licence
    )


def _idx(content: bytes) -> np.ndarray:
    """Array of an IDX file: 0, 0, type 8 (uint8), rank, sizes as big-endian int32."""
    rank = content[3]
    shape = np.frombuffer(content, ">i4", count=rank, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


def _split(images: np.ndarray, labels: np.ndarray) -> Split:
    """(N, H, W) or (N, H, W, C) and (N,) uint8 to a Split."""
    if images.ndim == 3:
        images = images[..., None]
    pixels = images.transpose(0, 3, 1, 2).astype(np.float32, order="C")
    return Split(
        torch.from_numpy(pixels).div_(255),
        torch.from_numpy(labels.astype(np.int64)),
    )
