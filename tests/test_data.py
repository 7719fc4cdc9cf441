"""Data sets against closed forms and public facts; the store and its command line."""

import gzip
import hashlib
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from aelib import data
from aelib.data import __main__ as command
from aelib.data import download, store, verify
from aelib.data.registry import REGISTRY, DataSet, File

SYSTEM = REGISTRY["fashion_mnist"].system
needs_system_copy = pytest.mark.skipif(
    not SYSTEM.is_dir(), reason=f"no {SYSTEM} (Debian's dataset-fashion-mnist)"
)
GREY = pytest.mark.parametrize("name", ["fashion_mnist", "mnist"])


@pytest.fixture(scope="module")
def fast() -> dict[str, data.ImageData]:
    return {
        "fashion_mnist": data.fashion_mnist(profile="fast"),
        "mnist": data.mnist(profile="fast"),
    }


def arrays(name: str) -> dict[str, np.ndarray]:
    """The embedded arrays, read with NumPy alone."""
    path = Path(data.__file__).parent / "embedded" / name / f"{name}.npz"
    with np.load(path) as archive:
        return dict(archive)


def flat(split: data.Split) -> Tensor:
    return split.images.flatten(1).double()


# --- what the embedded sets are ---


@GREY
def test_grey_shapes_types_and_balance(fast, name):
    for split, n_rows in ((fast[name].train, 6000), (fast[name].test, 1000)):
        assert split.images.shape == (n_rows, 1, 28, 28)
        assert split.images.dtype == torch.float32
        assert split.images.is_contiguous()
        assert split.images.min() == 0 and split.images.max() == 1
        assert split.labels.dtype == torch.int64
        assert split.labels.bincount().tolist() == [n_rows // 10] * 10
    assert len(fast[name].classes) == 10
    assert fast[name].name == name


@GREY
def test_grey_images_are_the_stored_bytes_over_255(fast, name):
    stored = arrays(name)
    for split in ("train", "test"):
        images, labels = getattr(fast[name], split)
        expected = stored[f"{split}_images"][:, None] / np.float32(255)
        assert np.array_equal(images.numpy(), expected)
        assert np.array_equal(labels.numpy(), stored[f"{split}_labels"])


# the first labels of the official files, as printed in many tutorials
@pytest.mark.parametrize(
    ("name", "split", "first"),
    [
        ("mnist", "train", [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]),
        ("mnist", "test", [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]),
        ("fashion_mnist", "train", [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]),
        ("fashion_mnist", "test", [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]),
    ],
)
def test_grey_rows_start_as_the_official_files(fast, name, split, first):
    assert getattr(fast[name], split).labels[:10].tolist() == first


@GREY
@pytest.mark.parametrize(("split", "n_rows"), [("train", 600), ("test", 100)])
def test_grey_rows_are_the_first_of_each_class(name, split, n_rows):
    stored = arrays(name)
    rows = stored[f"{split}_rows"].astype(int)
    labels = stored[f"{split}_labels"]
    assert (np.diff(rows) > 0).all()
    # a row may be left out only once some class is full
    counts = np.stack([np.cumsum(labels == digit) for digit in range(10)], axis=1)
    gap = np.flatnonzero(np.diff(rows) > 1)
    assert rows[0] == 0
    assert (counts[gap].max(axis=1) == n_rows).all()


@needs_system_copy
def test_fashion_rows_are_those_of_the_system_copy():
    stored = arrays("fashion_mnist")
    for split, prefix, n_rows in (("train", "train", 600), ("test", "t10k", 100)):
        with gzip.open(SYSTEM / f"{prefix}-labels-idx1-ubyte.gz") as stream:
            labels = np.frombuffer(stream.read()[8:], np.uint8)
        with gzip.open(SYSTEM / f"{prefix}-images-idx3-ubyte.gz") as stream:
            images = np.frombuffer(stream.read()[16:], np.uint8).reshape(-1, 28, 28)
        seen, rows = [0] * 10, []
        for row, label in enumerate(labels):
            if seen[label] < n_rows:
                seen[label] += 1
                rows.append(row)
        assert stored[f"{split}_rows"].tolist() == rows
        assert np.array_equal(stored[f"{split}_images"], images[rows])
        assert np.array_equal(stored[f"{split}_labels"], labels[rows])


# --- anchors: closed forms, exact for these rows; 2 % slack where a mean is rounded ---

ANCHORS = {
    "fashion_mnist": {
        "mean": 0.2869,
        "std": 0.3538,
        "zeros": 0.502,
        "total_variance": 68.44,
        "above": {0.5: 13, 1.0: 8, 5.0: 2},
        "mean_image": 68.1,
        "pca": (36.35, 21.07, 19.26, 16.25, 14.91, 12.49, 12.10, 8.31),
        "neighbour": 0.802,
        "bce_floor": 187.4,
    },
    "mnist": {
        "mean": 0.1326,
        "std": 0.3100,
        "zeros": 0.806,
        "total_variance": 53.08,
        "above": {0.5: 23, 1.0: 12},
        "mean_image": 51.5,
        "pca": (43.68, 30.18, 27.57, 21.96, 19.38, 14.65, 14.00, 7.54),
        "neighbour": 0.907,
        "bce_floor": 45.3,
    },
}
CODE_SIZES = (2, 8, 10, 16, 20, 30, 32, 64)


@GREY
def test_grey_mean_std_and_zeros(fast, name):
    x, anchor = flat(fast[name].train), ANCHORS[name]
    assert x.mean().item() == pytest.approx(anchor["mean"], abs=1e-4)
    assert x.std(correction=0).item() == pytest.approx(anchor["std"], abs=1e-4)
    assert (x == 0).double().mean().item() == pytest.approx(anchor["zeros"], abs=1e-3)


@GREY
def test_grey_eigenvalues(fast, name):
    x, anchor = flat(fast[name].train), ANCHORS[name]
    centred = x - x.mean(dim=0)
    eigenvalues = torch.linalg.eigvalsh(centred.T @ centred / len(x)).flip(0)
    assert eigenvalues.sum().item() == pytest.approx(anchor["total_variance"], abs=0.01)
    for level, count in anchor["above"].items():
        assert (eigenvalues > level).sum() == count
    if name == "fashion_mnist":
        expected = torch.tensor([19.87, 12.20, 4.07, 3.41, 2.74], dtype=torch.float64)
        torch.testing.assert_close(eigenvalues[:5], expected, atol=0.01, rtol=0)


@GREY
def test_grey_mean_image_and_pca(fast, name):
    from sklearn.decomposition import PCA

    x, test = flat(fast[name].train).numpy(), flat(fast[name].test).numpy()
    anchor = ANCHORS[name]
    mean_image = np.square(test - x.mean(axis=0)).sum(axis=1).mean()
    assert mean_image == pytest.approx(anchor["mean_image"], rel=0.02)
    pca = PCA(max(CODE_SIZES), svd_solver="covariance_eigh").fit(x)
    codes = pca.transform(test)
    for n_codes, expected in zip(CODE_SIZES, anchor["pca"], strict=True):
        x_hat = codes[:, :n_codes] @ pca.components_[:n_codes] + pca.mean_
        error = np.square(x_hat - test).sum(axis=1).mean()
        assert error == pytest.approx(expected, rel=0.02), n_codes


@GREY
def test_grey_nearest_neighbour_and_bce_floor(fast, name):
    from sklearn.neighbors import KNeighborsClassifier

    train, test = fast[name].train, fast[name].test
    x, labels = train.images.flatten(1).numpy(), train.labels.numpy()
    classifier = KNeighborsClassifier(1).fit(x, labels)
    accuracy = classifier.score(test.images.flatten(1).numpy(), test.labels.numpy())
    assert accuracy == pytest.approx(ANCHORS[name]["neighbour"], abs=0.0015)
    pixels = torch.distributions.Bernoulli(probs=flat(test))
    floor = pixels.entropy().sum(dim=1).mean().item()
    assert floor == pytest.approx(ANCHORS[name]["bce_floor"], abs=0.05)


def test_image_data_moves_to_a_device_whole(fast):
    """The meta device stands for one that is not the CPU."""
    moved = fast["mnist"].to("meta")
    for split in (*moved.train, *moved.test):
        assert split.device.type == "meta"
    here = fast["mnist"]
    assert moved.train.images.shape == here.train.images.shape
    assert moved.test.labels.dtype == here.test.labels.dtype == torch.int64
    assert (moved.name, moved.classes) == (here.name, here.classes)
    assert (moved.source, moved.licence) == (here.source, here.licence)
    assert here.train.images.device.type == "cpu"
    again = here.to("cpu")
    assert isinstance(again, data.ImageData)
    assert again.train.images is here.train.images  # nothing to copy


def test_emoji_is_what_it_says():
    emoji = data.emoji()
    assert emoji.train.images.shape == (999, 3, 64, 64)
    assert emoji.test.images.shape == (128, 3, 64, 64)
    stored = arrays("emoji")
    for split in ("train", "test"):
        images, labels = getattr(emoji, split)
        assert images.dtype == torch.float32 and labels.dtype == torch.int64
        assert images.min() >= 0 and images.max() == 1
        # (row, channel, y, x) of the tensor is (row, y, x, channel) of the file
        pixel = stored[f"{split}_images"][3, 40, 20]
        assert torch.equal(images[3, :, 40, 20] * 255, torch.tensor(pixel).float())
        assert (images[:, :, 0, 0] == 1).double().mean() > 0.95  # white corners
    assert len(emoji.classes) == 18
    assert set(emoji.train.labels.tolist()) == set(range(18))
    assert emoji.train.images.mean().item() == pytest.approx(0.7133, abs=1e-3)
    assert emoji.train.images.std().item() == pytest.approx(0.3283, abs=1e-3)


def test_emoji_keeps_all_skin_tones_of_a_name_in_one_split():
    stored = arrays("emoji")
    train, test = set(stored["train_names"]), set(stored["test_names"])
    assert not train & test
    assert sorted(test) == sorted(train | test)[::8]


@needs_system_copy
def test_full_fashion_mean_image_and_pca(monkeypatch, tmp_path):
    from sklearn.decomposition import PCA

    monkeypatch.setenv("AELIB_DATA", str(tmp_path))
    monkeypatch.setenv("AELIB_OFFLINE", "1")
    fashion = data.fashion_mnist(profile="full")
    assert fashion.train.images.shape == (60_000, 1, 28, 28)
    assert fashion.train.labels.bincount().tolist() == [6000] * 10
    assert fashion.test.labels.bincount().tolist() == [1000] * 10
    x, test = (s.images.flatten(1).numpy() for s in (fashion.train, fashion.test))
    assert x.mean(dtype=float) == pytest.approx(0.2860, abs=1e-4)
    assert x.std(dtype=float) == pytest.approx(0.3530, abs=1e-4)
    assert np.square(test - x.mean(0)).mean() == pytest.approx(0.08664, rel=0.02)
    pca = PCA(64, svd_solver="covariance_eigh").fit(x)
    for n_codes, expected in ((3, 0.04089), (16, 0.02045), (64, 0.01037)):
        axes = pca.components_[:n_codes]
        x_hat = (test - pca.mean_) @ axes.T @ axes + pca.mean_
        assert np.square(x_hat - test).mean() == pytest.approx(expected, rel=0.02)
    assert not any(tmp_path.iterdir())


# --- profiles ---


@pytest.mark.parametrize("load", [data.fashion_mnist, data.mnist])
@pytest.mark.parametrize("profile", ["medium", "", "FAST", 1])
def test_profile_is_named_when_wrong(load, profile):
    with pytest.raises(
        ValueError, match=r"profile must be 'fast', 'full' or None, got"
    ):
        load(profile=profile)


def test_profile_defaults_to_the_one_in_force(monkeypatch):
    monkeypatch.setenv("AELIB_PROFILE", "fast")
    assert len(data.mnist().train.images) == 6000
    monkeypatch.setenv("AELIB_PROFILE", "medium")
    with pytest.raises(ValueError, match="AELIB_PROFILE must be"):
        data.mnist()


def idx(array: np.ndarray) -> bytes:
    """The IDX format, written from its description."""
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return head + array.tobytes()


@pytest.fixture
def small(tmp_path, monkeypatch) -> tuple[DataSet, Path]:
    """A registered set "mnist" of tiny files, and the folder that mirrors it."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "mirror"
    folder.mkdir()
    files = []
    for prefix, n_rows in (("train", 7), ("t10k", 3)):
        for kind, shape in (
            ("images-idx3", (n_rows, 5, 4)),
            ("labels-idx1", (n_rows,)),
        ):
            content = idx(rng.integers(0, 10, shape, dtype=np.uint8))
            name = f"{prefix}-{kind}-ubyte"
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
            digest = hashlib.sha256(content).hexdigest()
            files.append(File(name, f"{name}.gz", len(content), digest))
    entry = REGISTRY["mnist"]._replace(
        files=tuple(files), mirrors=(folder.as_uri(),), system=None
    )
    monkeypatch.setitem(REGISTRY, "mnist", entry)
    monkeypatch.setenv("AELIB_DATA", str(tmp_path / "cache"))
    monkeypatch.delenv("AELIB_OFFLINE", raising=False)
    return entry, folder


def test_full_profile_fetches_verifies_and_decodes(small, tmp_path):
    _, folder = small
    loaded = data.mnist(profile="full")
    for split, prefix in ((loaded.train, "train"), (loaded.test, "t10k")):
        raw = gzip.decompress((folder / f"{prefix}-images-idx3-ubyte.gz").read_bytes())
        expected = np.frombuffer(raw[16:], np.uint8).reshape(-1, 1, 5, 4)
        assert torch.equal((split.images * 255).round().byte(), torch.tensor(expected))
        raw = gzip.decompress((folder / f"{prefix}-labels-idx1-ubyte.gz").read_bytes())
        assert split.labels.tolist() == list(raw[8:])
    assert len(list((tmp_path / "cache" / "mnist").iterdir())) == 4  # and no litter


def test_a_system_copy_is_used_before_the_cache(small, tmp_path):
    entry, folder = small
    entry = entry._replace(system=folder, mirrors=())
    contents = store.load(entry)
    assert [len(contents[f.name]) for f in entry.files] == [
        f.n_bytes for f in entry.files
    ]
    assert not (tmp_path / "cache").exists()


def test_a_damaged_system_copy_is_named_and_not_used(small, tmp_path, caplog):
    entry, folder = small
    system = tmp_path / "system"
    system.mkdir()
    for file in entry.files:
        (system / file.remote).write_bytes((folder / file.remote).read_bytes())
    bad = system / entry.files[2].remote
    bad.write_bytes(gzip.compress(b"something else"))
    contents = store.load(entry._replace(system=system))
    assert hashlib.sha256(contents[entry.files[2].name]).hexdigest() == (
        entry.files[2].sha256
    )
    assert str(bad) in caplog.text


# --- the store ---


def test_a_damaged_cached_file_is_named_and_healed(small, tmp_path, caplog):
    entry, _ = small
    folder = store.fetch(entry)
    path = folder / entry.files[1].name
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert len(data.mnist(profile="full").test.images) == 3
    assert path.read_bytes() == good
    assert f"{path} is damaged" in caplog.text


def test_a_damaged_cached_file_is_named_when_there_is_no_source(small):
    entry, _ = small
    folder = store.fetch(entry)
    path = folder / entry.files[1].name
    path.write_bytes(b"x" + path.read_bytes()[1:])
    lonely = entry._replace(mirrors=("file:///nowhere/a", "file:///nowhere/b"))
    with pytest.raises(data.DataError) as caught:
        store.load(lonely)
    text = str(caught.value)
    assert f"{path} is damaged" in text
    assert "file:///nowhere/a: no such file; file:///nowhere/b: no such file" in text
    assert "python -m aelib.data fetch mnist --mirror" in text


def test_offline_never_touches_the_network(small, monkeypatch):
    entry, folder = small
    monkeypatch.setenv("AELIB_OFFLINE", "1")

    def no_network(*_: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(download, "_read_http", no_network)
    away = entry._replace(mirrors=("https://example.org/a", "http://127.0.0.1:9"))
    with pytest.raises(data.DataError, match=r"AELIB_OFFLINE=1.*unset AELIB_OFFLINE"):
        store.fetch(away)
    store.fetch(away, mirrors=["https://example.org/a", folder.as_uri()])


@pytest.mark.parametrize(
    "content",
    [
        lambda good: gzip.compress(good + b"\0"),
        lambda good: gzip.compress(good[:-1]),
        lambda good: gzip.compress(good) + b"trailing",
        lambda good: gzip.compress(good) + b"\0",
        lambda good: gzip.compress(good)[:-4],
        lambda good: gzip.compress(good) * 2,
        lambda good: b"<!DOCTYPE html><title>Sign in</title>",
        lambda good: b"",
        lambda good: gzip.compress(bytes(50_000_000)),
    ],
    ids=[
        "longer",
        "shorter",
        "extended",
        "zero",
        "cut",
        "twice",
        "page",
        "empty",
        "bomb",
    ],
)
def test_a_wrong_download_is_refused_and_the_next_mirror_tried(small, content):
    entry, folder = small
    wrong = folder.parent / "wrong"
    wrong.mkdir()
    remote = entry.files[0].remote
    good = gzip.decompress((folder / remote).read_bytes())
    (wrong / remote).write_bytes(content(good))
    with pytest.raises(data.DataError, match="no source gave"):
        store.fetch(entry, mirrors=[wrong.as_uri()])
    assert not list(store.folder_of(entry).iterdir())
    where = store.fetch(entry, mirrors=[wrong.as_uri(), folder.as_uri()])
    assert (where / entry.files[0].name).read_bytes() == good


def test_a_server_that_unpacks_is_accepted(small):
    entry, folder = small
    for file in entry.files:
        path = folder / file.remote
        path.write_bytes(gzip.decompress(path.read_bytes()))
    store.fetch(entry)


@pytest.mark.parametrize(
    "url",
    [
        *("https://example.org/folder", "file:///folder", "file://localhost/folder"),
        *("http://127.0.0.1:8000/a", "http://localhost:1", "http://[::1]:8000"),
    ],
)
def test_mirrors_that_are_accepted(url):
    download.check_mirror(url)


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.org/", "http://127.0.0.1.example.org/", "ftp://127.0.0.1/"),
        *("http://127.0.0.1@example.org/", "file://server/share", "/folder", ""),
        *("http://10.0.0.1/", "http:///x", "https://", "http://localhost.example.org"),
    ],
)
def test_mirrors_that_are_refused(small, url):
    entry, _ = small
    with pytest.raises(ValueError, match="mirror must be"):
        store.fetch(entry, mirrors=[url])


def test_litter_of_an_interrupted_fetch_is_removed(small):
    entry, _ = small
    folder = store.fetch(entry)
    (folder / f"{entry.files[0].name}.1234.part").write_bytes(b"half")
    (folder / ".lock").touch()
    store.fetch(entry)
    assert {path.name for path in folder.iterdir()} == {f.name for f in entry.files}


def test_too_little_space_is_named_before_fetching(small, monkeypatch):
    entry, _ = small
    monkeypatch.setattr(store, "_free_bytes", lambda _: 100)
    n_bytes = sum(file.n_bytes for file in entry.files)
    with pytest.raises(data.DataError) as caught:
        store.fetch(entry)
    text = str(caught.value)
    assert f"{n_bytes:,} bytes are needed and 100 are free" in text
    assert str(store.folder_of(entry)) in text and "AELIB_DATA" in text


@pytest.mark.parametrize("name", list(REGISTRY))
def test_a_damaged_embedded_file_is_named(name, tmp_path, monkeypatch):
    entry = REGISTRY[name]
    blob = verify.embedded_path(entry).read_bytes()
    monkeypatch.setattr(verify, "EMBEDDED", tmp_path)
    path = tmp_path / name / f"{name}.npz"
    path.parent.mkdir()
    middle = len(blob) // 2
    flipped = blob[:middle] + bytes([blob[middle] ^ 4]) + blob[middle + 1 :]
    other = next(e for e in REGISTRY.values() if e.name != name)
    swapped = (Path(store.__file__).parent / "embedded" / other.name).joinpath(
        f"{other.name}.npz"
    )
    for content in (flipped, blob[:-1], blob + b"\0", b"", swapped.read_bytes()):
        path.write_bytes(content)
        with pytest.raises(data.DataError, match="is missing or damaged") as caught:
            verify.load_embedded(entry)
        assert str(path) in str(caught.value)
    path.unlink()
    with pytest.raises(data.DataError, match="is missing or damaged"):
        verify.load_embedded(entry)


@GREY
def test_embedded_splits_cannot_be_swapped(name, tmp_path, monkeypatch):
    stored = arrays(name)
    swap = {"train": "test", "test": "train"}
    renamed = {swap[k.split("_")[0]] + k[k.index("_") :]: v for k, v in stored.items()}
    (tmp_path / name).mkdir()
    np.savez_compressed(tmp_path / name / f"{name}.npz", **renamed)
    monkeypatch.setattr(verify, "EMBEDDED", tmp_path)
    with pytest.raises(data.DataError, match="SHA-256"):
        verify.load_embedded(REGISTRY[name])


def test_every_set_has_its_licence_and_a_page():
    page = Path(__file__).parent.parent / "book" / "datasets.md"
    text = page.read_text(encoding="utf-8")
    for entry in REGISTRY.values():
        assert (verify.EMBEDDED / entry.name / "LICENSE").stat().st_size > 300
        assert f"`{entry.name}`" in text and entry.licence in text
        assert all(url.startswith("https://") for url in entry.mirrors)


# --- the command line ---


def test_list_names_every_set(small, capsys):
    assert command.main(["list"]) == 0
    text = capsys.readouterr().out
    for entry in REGISTRY.values():
        assert entry.name in text and entry.licence in text
    assert "not fetched" in text
    store.fetch(small[0])
    command.main(["list"])
    assert f"verified in {store.folder_of(small[0])}" in capsys.readouterr().out


def test_fetch_then_check_then_damage(small, tmp_path, capsys):
    entry, folder = small
    root = tmp_path / "elsewhere"
    assert command.main(["check", "mnist", "--root", str(root)]) == 1
    captured = capsys.readouterr()
    for file in entry.files:
        assert f"{root / 'mnist' / file.name} is missing" in captured.err
    call = ["fetch", "mnist", "--root", str(root), "--mirror", "file:///nowhere"]
    assert command.main([*call, "--mirror", folder.as_uri()]) == 0
    assert command.main(["check", "mnist", "--root", str(root)]) == 0
    assert capsys.readouterr().err == ""
    victim = root / "mnist" / entry.files[3].name
    victim.write_bytes(victim.read_bytes() + b"\0")
    assert command.main(["check", "mnist", "--root", str(root)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and f"{victim} is damaged" in lines[0]


def test_fetch_that_fails_says_so_in_one_line(small, capsys):
    assert command.main(["fetch", "mnist", "--mirror", "file:///nowhere"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and "file:///nowhere: no such file" in lines[0]


def test_plain_http_to_another_machine_is_a_wrong_call(small, capsys):
    assert command.main(["fetch", "mnist", "--mirror", "http://example.org"]) == 2
    assert "plain http to another machine" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["fetch", "check"])
def test_an_unknown_set_is_a_wrong_call(name, capsys):
    assert command.main([name, "cifar11"]) == 2
    error = capsys.readouterr().err
    assert "cifar11" in error and "fashion_mnist, mnist, emoji" in error


@pytest.mark.parametrize("name", ["fetch", "check"])
def test_a_set_that_is_whole_in_the_package(name, capsys, tmp_path, monkeypatch):
    assert command.main([name, "emoji"]) == 0
    monkeypatch.setattr(verify, "EMBEDDED", tmp_path)
    assert command.main([name, "emoji"]) == 1
    assert "emoji.npz is missing or damaged" in capsys.readouterr().err


def test_check_names_what_is_missing_from_a_fresh_process(tmp_path):
    call = [sys.executable, "-m", "aelib.data", "check", "mnist", "--root", tmp_path]
    done = subprocess.run(call, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert str(tmp_path / "mnist" / "train-images-idx3-ubyte") in done.stderr
    assert "Traceback" not in done.stderr


def test_the_root_of_the_command_line_may_be_in_the_home(tmp_path, monkeypatch, capsys):
    """A quoted ~ reaches the program as it is."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert command.main(["check", "mnist", "--root", "~/sets"]) == 1
    assert str(tmp_path / "sets" / "mnist") in capsys.readouterr().err
