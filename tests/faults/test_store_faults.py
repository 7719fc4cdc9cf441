"""The store under damaged files, kills, many processes, bad networks and bad disks.

Small made-up sets stand in for the real ones; the code that runs is the same.
"""

import gzip
import logging
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import loopback
import pytest

from aelib.data import download, store
from aelib.data.registry import DataSet
from aelib.data.verify import DataError

pytestmark = pytest.mark.faults

N_DAMAGED = 100  # files damaged in the cache, and again as many in the download
N_KILLS = 50
N_ROUNDS, N_PROCESSES = 20, 4
LIMIT_SECONDS = 30  # for an error of the network to be reported


@pytest.fixture
def tiny(tmp_path, monkeypatch) -> DataSet:
    monkeypatch.delenv("AELIB_OFFLINE", raising=False)
    monkeypatch.setenv("AELIB_DATA", str(tmp_path / "cache"))
    return loopback.make_set(tmp_path / "mirror")


@pytest.fixture(scope="module")
def forks():
    """Processes that start in milliseconds: their server has imported the store."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["aelib.data.store", "pooch", "requests", "pytest"])
    return context


def good_contents(entry: DataSet) -> dict[str, bytes]:
    mirror = Path(entry.mirrors[0].removeprefix("file://"))
    return {
        f.name: gzip.decompress((mirror / f.remote).read_bytes()) for f in entry.files
    }


# --- damage ---


def damage(rng: random.Random, paths: list[Path]) -> list[Path]:
    """Damage one or several files in one of six ways; returns those that changed."""
    kind = rng.choice(["flip", "cut", "extend", "swap", "shuffle", "other"])
    path = rng.choice(paths)
    content = path.read_bytes()
    if kind == "flip":
        where, bit = rng.randrange(len(content)), 1 << rng.randrange(8)
        path.write_bytes(
            content[:where] + bytes([content[where] ^ bit]) + content[where + 1 :]
        )
    elif kind == "cut":
        path.write_bytes(content[: rng.randrange(len(content))])
    elif kind == "extend":
        path.write_bytes(content + rng.randbytes(rng.choice([1, 2, 4096])))
    elif kind == "swap":
        other = rng.choice([p for p in paths if p != path])
        swapped = other.read_bytes()
        other.write_bytes(content)
        path.write_bytes(swapped)
        return [path, other]
    elif kind == "shuffle":
        half = len(content) // 2
        path.write_bytes(content[half:] + content[:half])
    else:
        path.write_bytes(rng.randbytes(len(content)))
    return [path]


def test_no_damaged_cached_file_is_accepted(tiny, caplog):
    """Each of 100 is named and healed; without a source, an error names it."""
    rng = random.Random(1)
    folder, expected = store.fetch(tiny), good_contents(tiny)
    paths = [folder / file.name for file in tiny.files]
    lonely = tiny._replace(mirrors=("file:///nowhere",))
    for _ in range(N_DAMAGED):
        changed = damage(rng, paths)
        with pytest.raises(DataError) as caught:
            store.load(lonely)
        assert any(f"{path} is damaged" in str(caught.value) for path in changed)
        assert "python -m aelib.data fetch tiny --mirror" in str(caught.value)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert store.load(tiny) == expected
        assert all(f"{path} is damaged" in caplog.text for path in changed)
        assert {p.name: p.read_bytes() for p in folder.iterdir()} == expected


def test_no_damaged_download_is_accepted(tiny, tmp_path):
    """Each of 100 ends in the right bytes or in an error; never in a wrong file."""
    rng = random.Random(2)
    expected = good_contents(tiny)
    mirror, bad = tmp_path / "mirror", tmp_path / "bad"
    n_refused = 0
    for _ in range(N_DAMAGED):
        shutil.rmtree(bad, ignore_errors=True)
        shutil.rmtree(store.folder_of(tiny), ignore_errors=True)
        shutil.copytree(mirror, bad)
        changed = damage(rng, sorted(bad.iterdir()))
        try:
            store.fetch(tiny, mirrors=[bad.as_uri()])
        except DataError as error:
            n_refused += 1
            assert any(f"no source gave {path.name}" in str(error) for path in changed)
        for path in store.folder_of(tiny).iterdir():
            assert path.read_bytes() == expected[path.name]
        store.fetch(tiny, mirrors=[bad.as_uri(), mirror.as_uri()])
        assert store.load(tiny) == expected
    # a flip in the time or name of a gzip header leaves the content as it was
    assert n_refused > 0.9 * N_DAMAGED


# --- kills and company ---


def fetch_from(entry: DataSet, root: str, mirror: str) -> None:
    store.fetch(entry, root=Path(root), mirrors=[mirror])


def test_a_kill_leaves_no_wrong_file_and_no_litter(tmp_path, forks):
    """50 kills in the time of a fetch: no wrong file; no litter after the next run."""
    rng = random.Random(3)
    entry = loopback.make_set(tmp_path / "mirror", (3_000_000, 20_000, 1_000_000))
    expected = good_contents(entry)
    n_killed = n_half = 0
    with loopback.serve(tmp_path / "mirror") as (address, _):
        start = time.monotonic()
        fetch_in(forks, entry, tmp_path / "first", f"{address}/slow")
        start = time.monotonic()  # the first one also started the server of forks
        fetch_in(forks, entry, tmp_path / "second", f"{address}/slow")
        duration = time.monotonic() - start
        for number in range(4 * N_KILLS):
            root = tmp_path / str(number)
            process = forks.Process(
                target=fetch_from, args=(entry, str(root), f"{address}/slow")
            )
            process.start()
            process.join(rng.uniform(0, duration))
            process.kill()
            process.join()
            n_killed += process.exitcode == -signal.SIGKILL
            n_half += left_half(root / "tiny", expected)
            store.fetch(entry, root=root)  # the next run
            left = {path.name: path.read_bytes() for path in (root / "tiny").iterdir()}
            assert left == expected
            shutil.rmtree(root)
            if n_killed == N_KILLS:
                break
    assert n_killed == N_KILLS
    assert n_half > N_KILLS / 5  # many came in the midst of the fetch


def fetch_in(forks, entry: DataSet, root: Path, mirror: str) -> None:
    process = forks.Process(target=fetch_from, args=(entry, str(root), mirror))
    process.start()
    process.join()
    assert process.exitcode == 0


def left_half(folder: Path, expected: dict[str, bytes]) -> bool:
    """Assert that final names hold the right bytes; whether the kill left litter."""
    if not folder.exists():
        return False
    names = {path.name for path in folder.iterdir()}
    for name in names & set(expected):
        assert (folder / name).read_bytes() == expected[name]
    others = names - set(expected)
    assert all(name == ".lock" or name.endswith(".part") for name in others)
    return bool(others)


def test_a_kill_while_writing_leaves_only_a_part(tiny, tmp_path, forks):
    """Killed between the last write and the move: the final name is not there."""
    root = tmp_path / "root"
    process = forks.Process(target=stop_before_move, args=(tiny, str(root)))
    process.start()
    part = root / "tiny" / "part-0"
    for _ in range(500):
        if list(root.glob("tiny/*.part")):
            break
        time.sleep(0.01)
    process.kill()
    process.join()
    assert not part.exists()
    assert len(list(root.glob("tiny/*.part"))) == 1
    store.fetch(tiny, root=root)
    assert {p.name for p in (root / "tiny").iterdir()} == {f.name for f in tiny.files}


def stop_before_move(entry: DataSet, root: str) -> None:
    os.fsync = lambda _: time.sleep(60)
    store.fetch(entry, root=Path(root))


def fetch_and_load(entry: DataSet, root: str, mirror: str, barrier, results) -> None:
    barrier.wait(30)
    store.fetch(entry, root=Path(root), mirrors=[mirror])
    contents = store.load(entry, root=Path(root))
    results.put({name: hash_of(content) for name, content in contents.items()})


def hash_of(content: bytes) -> int:
    return sum(content) + len(content)


def test_four_processes_fetch_the_same_set(tiny, tmp_path, forks):
    """20 rounds of 4: all 80 end well, and each round asks for each file once."""
    expected = {name: hash_of(c) for name, c in good_contents(tiny).items()}
    n_good = 0
    with loopback.serve(tmp_path / "mirror") as (address, paths):
        for number in range(N_ROUNDS):
            paths.clear()
            root = str(tmp_path / f"round-{number}")
            barrier, results = forks.Barrier(N_PROCESSES), forks.SimpleQueue()
            arguments = (tiny, root, f"{address}/good", barrier, results)
            team = [
                forks.Process(target=fetch_and_load, args=arguments)
                for _ in range(N_PROCESSES)
            ]
            for process in team:
                process.start()
            for process in team:
                process.join(30)
            n_good += sum(process.exitcode == 0 for process in team)
            while not results.empty():
                assert results.get() == expected
            assert len(paths) == len(tiny.files)
            names = {path.name for path in Path(root, "tiny").iterdir()}
            assert names == {file.name for file in tiny.files}
    assert n_good == N_ROUNDS * N_PROCESSES


# --- the network ---

FAULTS = {
    "404": "HTTP 404",
    "403": "HTTP 403",
    "500": "HTTP 500",
    "503": "HTTP 503",
    "page": "an HTML page instead of the file",
    "disguised": "an HTML page instead of the file",
    "cut": "the connection was cut",
    "endless": "sends more than 217,036 bytes",
    "to-http": "redirects to http://example.org/part-0.gz, which is not https",
    "to-loopback": "redirects to http://127.0.0.1:",
    "to-file": "redirects to file:///part-0.gz, which is not https",
    "to-itself": "redirects to http://127.0.0.1:",
    "mute": "stalled after 0 bytes",
    "stall": "stalled after",
    "drip": "stalled after",
    "drippinghead": "stalled after 0 bytes",
}


def test_every_network_fault_is_named_and_the_next_mirror_tried(tiny, tmp_path):
    """All at once, in threads, since those that stall take their time."""

    def fail(kind: str) -> tuple[str, float, str]:
        start = time.monotonic()
        with pytest.raises(DataError) as caught:
            store.fetch(tiny, root=tmp_path / kind, mirrors=[f"{address}/{kind}"])
        return kind, time.monotonic() - start, str(caught.value)

    def go_on(kind: str) -> None:
        root, mirrors = (
            tmp_path / f"{kind}-good",
            [f"{address}/{kind}", f"{address}/good"],
        )
        store.fetch(tiny, root=root, mirrors=mirrors)
        assert store.load(tiny, root=root) == good_contents(tiny)

    with (
        loopback.serve(tmp_path / "mirror") as (address, paths),
        ThreadPoolExecutor(2 * len(FAULTS)) as pool,
    ):
        failing, going_on = pool.map(fail, FAULTS), pool.map(go_on, FAULTS)
        results, _ = list(failing), list(going_on)
    wait_for_downloads_to_end()
    for kind, seconds, text in results:
        assert seconds < LIMIT_SECONDS, f"{kind}: {seconds} s"
        assert f"{address}/{kind}: {FAULTS[kind]}" in text, text
    # had a redirect been followed, there would be more
    n_good = sum(path.startswith("/good/") for path in paths)
    assert n_good == len(FAULTS) * len(tiny.files)


def wait_for_downloads_to_end() -> None:
    """Those given up end when the server does."""
    for thread in threading.enumerate():
        if "_download" in thread.name:
            thread.join(LIMIT_SECONDS)


def test_many_stalling_mirrors_share_the_patience(tiny, tmp_path, monkeypatch):
    """Six mirrors, with an eighth of the usual patience to keep the test short."""
    assert download.PATIENCE_SECONDS < LIMIT_SECONDS - 5
    patience = download.PATIENCE_SECONDS / 8
    monkeypatch.setattr(download, "PATIENCE_SECONDS", patience)
    with loopback.serve(tmp_path / "mirror") as (address, _):
        start = time.monotonic()
        with pytest.raises(DataError) as caught:
            store.fetch(tiny, mirrors=[f"{address}/mute"] * 6)
        seconds = time.monotonic() - start
    wait_for_downloads_to_end()
    assert str(caught.value).count("stalled after 0 bytes, for 0.5 s") == 6
    assert 0.9 * patience < seconds < patience + 2


def test_a_closed_port_and_an_unknown_host_are_named(tiny):
    with pytest.raises(DataError) as caught:
        store.fetch(tiny, mirrors=["http://127.0.0.1:9", "https://nowhere.invalid/a"])
    assert "http://127.0.0.1:9: no connection" in str(caught.value)
    assert "https://nowhere.invalid/a: no connection" in str(caught.value)


# --- the disk ---


def in_namespace(script: str, *arguments: object) -> str:
    """Output of a shell script, as root of a user and mount namespace of its own."""
    unshare = shutil.which("unshare")
    call = [unshare, "--user", "--map-root-user", "--mount"]
    possible = (
        unshare and not subprocess.run([*call, "true"], capture_output=True).returncode
    )
    if not possible:
        refuse("no user and mount namespace may be made here")
    call += ["sh", "-euc", textwrap.dedent(script), "sh", *map(str, arguments)]
    done = subprocess.run(call, capture_output=True, text=True, timeout=120)
    return done.stdout + done.stderr


def refuse(reason: str) -> None:
    """Skip, but not under CI, where these tests must run."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and CI is set")
    pytest.skip(reason)


@pytest.fixture
def fetcher(tmp_path) -> Path:
    """A program: fetcher.py ROOT fetches a small set, prints the error or "fetched"."""
    program = f"""
        import sys
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        import loopback
        from aelib.data import store
        from aelib.data.verify import DataError

        mirror = Path({str(tmp_path / "mirror")!r})
        entry = loopback.make_set(mirror, (150_000, 90_000))
        try:
            store.fetch(entry, root=Path(sys.argv[1]))
            print("fetched")
        except DataError as error:
            print(error)
    """
    path = tmp_path / "fetcher.py"
    path.write_text(textwrap.dedent(program))
    return path


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path, fetcher):
    """Too small for the whole set: refused before a byte is fetched."""
    root = tmp_path / "disk"
    root.mkdir()
    script = """
        mount -t tmpfs -o size=200k tmpfs "$1"
        "$2" "$3" "$1"
        find "$1" -type f
    """
    text = in_namespace(script, root, sys.executable, fetcher)
    assert f"cannot write to {root / 'tiny'}: not enough space; 240,000 bytes" in text
    assert re.search(r"are needed and [\d,]+ are free; set AELIB_DATA", text)
    assert text.count("\n") == 1, text


def test_a_disk_that_fills_while_writing_is_named(tmp_path, fetcher):
    """The space check is blinded, as when another process takes the space meanwhile."""
    root = tmp_path / "disk"
    root.mkdir()
    fetcher.write_text(
        fetcher.read_text().replace(
            "try:", "store._check_space = lambda folder, n_bytes: None\ntry:"
        )
    )
    script = """
        mount -t tmpfs -o size=200k tmpfs "$1"
        "$2" "$3" "$1"
        find "$1" -type f
    """
    text = in_namespace(script, root, sys.executable, fetcher)
    assert "No space left on device; 90,000 bytes are needed and" in text
    assert f"cannot write to {root / 'tiny'}" in text and "AELIB_DATA" in text
    # the file that had room is whole, the other one left nothing
    assert text.splitlines()[1:] == [str(root / "tiny" / "part-0")]


def test_a_read_only_disk_is_named(tmp_path, fetcher):
    root = tmp_path / "disk"
    root.mkdir()
    script = """
        mount -t tmpfs -o size=1m tmpfs "$1"
        mount -o remount,ro "$1"
        "$2" "$3" "$1"
    """
    text = in_namespace(script, root, sys.executable, fetcher)
    assert f"cannot write to {root / 'tiny'}: Read-only file system; 240,000" in text
    assert "are free; set AELIB_DATA" in text


def test_a_good_cache_on_a_read_only_disk_serves(tmp_path, fetcher):
    root = tmp_path / "disk"
    root.mkdir()
    script = """
        mount -t tmpfs -o size=1m tmpfs "$1"
        "$2" "$3" "$1"
        mount -o remount,ro "$1"
        "$2" "$3" "$1"
    """
    text = in_namespace(script, root, sys.executable, fetcher)
    assert text == "fetched\nfetched\n"


def test_a_folder_of_another_user_is_named(tmp_path, fetcher):
    """Permission bits do not bind root: its privileges are dropped first."""
    root = tmp_path / "disk"
    root.mkdir()
    script = """
        chmod 555 "$1"
        setpriv --bounding-set=-all --inh-caps=-all "$2" "$3" "$1"
    """
    if shutil.which("setpriv") is None:
        refuse("setpriv is not installed")
    try:
        text = in_namespace(script, root, sys.executable, fetcher)
    finally:
        root.chmod(0o755)
    assert f"cannot write to {root / 'tiny'}: Permission denied; 240,000 bytes" in text
    assert "set AELIB_DATA" in text
