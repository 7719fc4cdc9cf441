"""Data sets: small real ones in the package, whole ones fetched and verified."""

from aelib.data.batches import Batches
from aelib.data.images import ImageData, Split, emoji, fashion_mnist, mnist
from aelib.data.verify import DataError

__all__ = [
    "Batches",
    "DataError",
    "ImageData",
    "Split",
    "emoji",
    "fashion_mnist",
    "mnist",
]
