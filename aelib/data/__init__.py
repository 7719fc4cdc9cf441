"""Data sets: small real ones in the package, whole ones fetched and verified."""

from aelib.data.batches import Batches
from aelib.data.corrupt import gaussian_noise, masking_noise, salt_and_pepper
from aelib.data.folders import ImageFolder, image_folder
from aelib.data.images import ImageData, Split, emoji, fashion_mnist, mnist
from aelib.data.verify import DataError

__all__ = [
    "Batches",
    "DataError",
    "ImageData",
    "ImageFolder",
    "Split",
    "emoji",
    "fashion_mnist",
    "gaussian_noise",
    "image_folder",
    "masking_noise",
    "mnist",
    "salt_and_pepper",
]
