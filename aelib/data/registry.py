"""What each data set is: its files with digests, its mirrors, its licence.

A new data set is one entry in REGISTRY, one function in scripts/embed_data.py if a part
of it is embedded, and one loader.
"""

from pathlib import Path
from typing import NamedTuple


class File(NamedTuple):
    """One file of a full data set, as it is kept in the cache: decompressed.

    `remote` is its name on the mirrors; a name that ends in .gz is decompressed on
    arrival. `n_bytes` and `sha256` are those of the decompressed bytes.
    """

    name: str
    remote: str
    n_bytes: int
    sha256: str


class DataSet(NamedTuple):
    """One data set: what is embedded in the package and what can be fetched.

    `embedded_sha256` is the digest of the decompressed members of
    embedded/<name>/<name>.npz, joined in the order of their names. `files` is empty
    where the embedded part is the whole set. `mirrors` are folders that hold every
    file under its remote name; `system` is such a folder that a system package fills.
    """

    name: str
    source: str
    licence: str
    embedded: str
    embedded_sha256: str
    classes: tuple[str, ...]
    full: str = "the same"
    files: tuple[File, ...] = ()
    mirrors: tuple[str, ...] = ()
    system: Path | None = None


def _idx_files(*digests: str) -> tuple[File, ...]:
    sizes = {
        "train-images-idx3-ubyte": 47_040_016,
        "train-labels-idx1-ubyte": 60_008,
        "t10k-images-idx3-ubyte": 7_840_016,
        "t10k-labels-idx1-ubyte": 10_008,
    }
    return tuple(
        File(name, f"{name}.gz", n_bytes, digest)
        for (name, n_bytes), digest in zip(sizes.items(), digests, strict=True)
    )


_FASHION_MNIST = DataSet(
    name="fashion_mnist",
    source="Fashion-MNIST, Zalando SE, 2017",
    licence="MIT",
    embedded="6,000 + 1,000 images, 1x28x28",
    embedded_sha256="cd34917cd767b04baa0dad636aca26d445e887f4b613dbd21df840296423f447",
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    full="60,000 + 10,000 images",
    files=_idx_files(
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    # torchvision's own mirror of this set answers over http only, and is left out
    mirrors=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    ),
    system=Path("/usr/share/datasets/fashion-mnist"),
)

_MNIST = DataSet(
    name="mnist",
    source="MNIST, Yann LeCun and Corinna Cortes, from NIST's handwritten digits",
    licence="CC BY-SA 3.0",
    embedded="6,000 + 1,000 images, 1x28x28",
    embedded_sha256="965f5a11ba1013300381325920d49c17ba0a19c1d593e8b798a24cfd0b92559c",
    classes=tuple("0123456789"),
    full="60,000 + 10,000 images",
    files=_idx_files(
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",  # torchvision's
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
)

_EMOJI = DataSet(
    name="emoji",
    source="Noto Emoji, Google: drawn faces and people, not photographs",
    licence="Apache-2.0",
    embedded="999 + 128 images, 3x64x64",
    embedded_sha256="f6b792562179cc017d08f76b59bb35d159f70206a884c8175cb2deb149a4f63b",
    classes=(
        "cat-face",
        "face-affection",
        "face-concerned",
        "face-costume",
        "face-glasses",
        "face-hand",
        "face-hat",
        "face-negative",
        "face-neutral-skeptical",
        "face-sleepy",
        "face-smiling",
        "face-tongue",
        "face-unwell",
        "monkey-face",
        "person",
        "person-fantasy",
        "person-gesture",
        "person-role",
    ),
)

REGISTRY: dict[str, DataSet] = {
    entry.name: entry for entry in (_FASHION_MNIST, _MNIST, _EMOJI)
}
