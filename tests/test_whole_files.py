"""Files are written whole or not at all, and what the dead left is swept."""

import multiprocessing
import os
import stat
import threading
import time
from pathlib import Path

import pytest

from aelib import _files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_bytes_and_text_come_back(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    written = _files.write_bytes("~/a/b/one.bin", b"1")  # folders are made
    assert written == tmp_path / "a" / "b" / "one.bin"
    assert written.read_bytes() == b"1"
    _files.write_bytes(str(written), b"22")
    assert written.read_bytes() == b"22"
    text = _files.write_text(tmp_path / "a" / "two.txt", "Füße\n")
    assert text.read_bytes() == "Füße\n".encode()
    assert names(written.parent) == ["one.bin"]


def test_permissions_are_those_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    path = _files.write_bytes(tmp_path / "written", b"")
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_file_and_folder_are_forced_to_the_disk_before_and_after_the_move(
    tmp_path, monkeypatch
):
    path, order = tmp_path / "target", []

    def note(descriptor):
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        order.append((kind, path.exists(), os.fstat(descriptor).st_size))

    monkeypatch.setattr(os, "fsync", note)
    _files.write_bytes(path, b"1234")
    assert order[0] == ("file", False, 4)
    assert order[1][:2] == ("folder", True)
    assert len(order) == 2


@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, error):
    path = _files.write_bytes(tmp_path / "target", b"old")

    def fail(descriptor):
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(error)):
        _files.write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["target"]


def test_a_folder_that_cannot_be_synced_is_no_failure(tmp_path, monkeypatch):
    real = os.fsync

    def only_files(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(22, "Invalid argument")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    assert _files.write_bytes(tmp_path / "target", b"1").read_bytes() == b"1"


def test_a_target_that_is_a_folder_is_refused_whole(tmp_path):
    (tmp_path / "target").mkdir()
    with pytest.raises(OSError):
        _files.write_bytes(tmp_path / "target", b"1")
    assert names(tmp_path) == ["target"]


def test_names_as_long_as_names_can_be(tmp_path):
    path = tmp_path / ("x" * 250 + ".json")
    assert _files.write_bytes(path, b"1").read_bytes() == b"1"
    assert names(tmp_path) == [path.name]


def write_and_wait(path: str) -> None:
    """A writer that is never done: it stands between the last byte and the move."""
    os.fsync = lambda _: time.sleep(60)
    _files.write_bytes(path, b"half")


def writing(path: Path):
    """A process in the middle of a write of `path`, and its temporary file."""
    process = multiprocessing.get_context("forkserver").Process(
        target=write_and_wait, args=(str(path),)
    )
    process.start()
    for _ in range(2_000):
        found = [p for p in path.parent.glob("*.part") if p.stat().st_size]
        if found or not process.is_alive():
            break
        time.sleep(0.01)
    (temporary,) = found
    return process, temporary


def test_what_a_killed_process_left_is_swept_by_the_next_write(tmp_path):
    path, other = tmp_path / "target", tmp_path / "other"
    process, temporary = writing(path)
    process.kill()
    process.join()
    assert temporary.exists()
    _files.write_bytes(other, b"1")  # beside it: not its affair
    assert temporary.exists()
    _files.write_bytes(path, b"2")
    assert names(tmp_path) == ["other", "target"]


def test_what_a_living_process_writes_is_left_alone(tmp_path):
    path = tmp_path / "target"
    process, temporary = writing(path)
    try:
        assert str(process.pid) in temporary.name
        _files.write_bytes(path, b"1")
        assert names(tmp_path) == sorted([temporary.name, "target"])
    finally:
        process.kill()
        process.join()
    _files.sweep(path)
    assert names(tmp_path) == ["target"]


def test_a_sweep_between_making_and_locking_costs_a_new_name(tmp_path, monkeypatch):
    path, made = tmp_path / "target", []
    real = _files._is_locked

    def late(file):
        made.append(Path(file.name))
        if len(made) == 1:
            _files.sweep(path)  # takes it for litter: it is not locked yet
        return real(file)

    monkeypatch.setattr(_files, "_is_locked", late)
    _files.write_bytes(path, b"1")
    assert len(set(made)) == 2
    assert path.read_bytes() == b"1" and names(tmp_path) == ["target"]


def test_threads_that_write_one_file_do_not_meet(tmp_path):
    path, errors, bad = _files.write_bytes(tmp_path / "target", b"0" * 5_000), [], []
    done = threading.Event()

    def write(digit: bytes):
        try:
            for _ in range(40):
                _files.write_bytes(path, digit * 5_000)
        except OSError as error:
            errors.append(error)

    def read():
        while not done.is_set():
            content = path.read_bytes()
            if len(content) != 5_000 or len(set(content)) != 1:
                bad.append(content[:20])

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(d,)) for d in (b"1", b"2", b"3")]
    reader.start()
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert (errors, bad) == ([], [])
    assert names(tmp_path) == ["target"]
