"""Training under kills, damaged and hostile files, and numbers that are not finite."""

import functools
import hashlib
import io
import multiprocessing
import operator
import os
import pickle
import random
import shutil
import stat
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import sequences
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from aelib.data.batches import Batches
from aelib.trackers import FileTracker, read_scalars
from aelib.train import load_checkpoint, save_checkpoint, stop_early, train
from aelib.train.checkpoints import MAGIC

pytestmark = pytest.mark.faults

N_KILLS, N_FLIPS, N_CUTS, N_POISONS = 20, 200, 100, 24
N_KILLS_OF_PARTS, N_SEQUENCES = 6, 200
EPOCHS, N, SIZE = 16, 40, 16
N_STEPS = 3  # of an epoch
PRELOAD = ["torch._dynamo", "aelib.train", "numpy", "pytest", "tqdm"]
PARTIAL = ".run.ckpt.*.part"  # what a write leaves when it is killed


def equal(first, second) -> bool:
    """Nested states, bit for bit."""
    if isinstance(first, torch.Tensor):
        return first.dtype == second.dtype and torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(
            equal(first[key], second[key]) for key in first
        )
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(equal, first, second))
    return first == second


# Kills


def slow_fsync(real, descriptor: int) -> None:
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        time.sleep(0.02)  # so that about half of the kills fall into a write
    real(descriptor)


def draw_everywhere(model, x):
    scale = 1 + random.random() + torch.rand(()) + np.random.rand()  # noqa: NPY002
    return {"loss": scale * (model(x) - x).square().sum(dim=1).mean()}


class WarmUp:
    """`draw_everywhere` with a weight that rises with the steps, which it counts."""

    def __init__(self) -> None:
        self.n = 0
        self.generator = torch.Generator().manual_seed(2)

    def __call__(self, model, x):
        self.n += model.training
        noise = 1 + torch.rand((), generator=self.generator)
        beta = torch.tensor(min(1.0, self.n / 30))
        loss = draw_everywhere(model, x)["loss"] * noise
        return {"loss": loss * (0.1 + beta), "beta": beta}

    def state_dict(self) -> dict:
        return {"n": self.n}

    def load_state_dict(self, state: dict) -> None:
        self.n = state["n"]


def parts_with_a_state(x: torch.Tensor, folder: str) -> dict:
    """All that a run may be made of that has a state of its own."""
    own = torch.Generator().manual_seed(3)
    return {
        "objective": WarmUp(),
        "batches": DataLoader(x, SIZE, shuffle=True, generator=own),
        "tracker": FileTracker(folder),
        "stop": stop_early(patience=EPOCHS, keep_best=True),
        "run_key": {"data": "random"},
    }


def run(folder: str, parts: bool = False) -> None:
    """A run whose every step draws from all generators, in a process of its own."""
    os.environ["AELIB_PROGRESS"] = "0"
    tqdm.set_lock(threading.RLock())  # the default one would outlive a killed process
    os.fsync = functools.partial(slow_fsync, os.fsync)
    torch.set_num_threads(1)
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 (the global generator is part of the state)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 4), nn.Dropout(0.2), nn.Linear(4, 6))
    x = torch.rand(N, 6)
    options = {
        "objective": draw_everywhere,
        "batches": Batches(x, SIZE, generator=torch.Generator().manual_seed(1)),
        "val_batches": Batches(x, 15),
        "epochs": EPOCHS,
        "lr": 0.02,
        "checkpoint": Path(folder, "run.ckpt"),
    }
    train(model, **options | (parts_with_a_state(x, folder) if parts else {}))


def processes():
    """A context of processes; what they import is imported once, so that they start."""
    method = "forkserver" if sys.platform != "win32" else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(PRELOAD)
    return context


def start(folder: Path, parts: bool = False):
    process = processes().Process(target=run, args=(str(folder), parts))
    process.start()
    return process


def end_state(folder: Path) -> dict:
    state = load_checkpoint(folder / "run.ckpt")
    del state["history"]["seconds"]  # the wall's, not the run's
    return state


def kill_after(process, folder: Path, n_writes: int, inside: bool, rng) -> None:
    """SIGKILL at a random moment after the n-th checkpoint, or inside the next write.

    Counted in checkpoints seen and not in seconds: on a busy machine the same kill
    falls into the same part of the run.
    """
    checkpoint = folder / "run.ckpt"
    n_seen, last = 0, None
    while process.is_alive():
        stamp = checkpoint.stat().st_mtime_ns if checkpoint.exists() else last
        if stamp != last:
            n_seen, last = n_seen + 1, stamp
        if n_seen >= n_writes and (any(folder.glob(PARTIAL)) or not inside):
            break
        time.sleep(0.0005)
    if not inside:
        time.sleep(rng.uniform(0, 0.03))  # a write takes 0.02 s and more
    process.kill()
    process.join()


def test_killed_runs_end_as_the_uninterrupted_one(tmp_path):
    process = start(tmp_path / "whole")
    process.join()
    assert process.exitcode == 0
    expected = end_state(tmp_path / "whole")
    assert len(expected["history"]["train"]) == EPOCHS
    rng = random.Random(0)
    in_write = in_run = n_equal = 0
    for trial in range(N_KILLS):
        folder = tmp_path / str(trial)
        process = start(folder)
        n_writes = rng.randrange(EPOCHS // 2)
        kill_after(process, folder, n_writes, inside=trial % 2 == 0, rng=rng)
        in_write += any(folder.glob(PARTIAL))
        in_run += (folder / "run.ckpt").exists() and process.exitcode != 0
        process = start(folder)
        process.join()
        n_equal += process.exitcode == 0 and equal(end_state(folder), expected)
        assert [path.name for path in folder.iterdir()] == ["run.ckpt"]
    print(f"{in_run} kills after the first checkpoint, {in_write} inside a write")
    assert n_equal == N_KILLS
    assert in_run >= N_KILLS // 2
    assert in_write >= N_KILLS // 4


def test_every_part_with_a_state_survives_a_kill(tmp_path):
    process = start(tmp_path / "whole", parts=True)
    process.join()
    assert process.exitcode == 0
    expected = end_state(tmp_path / "whole")
    whole = read_scalars(tmp_path / "whole")
    rng = random.Random(3)
    for trial in range(N_KILLS_OF_PARTS):
        folder = tmp_path / str(trial)
        process = start(folder, parts=True)
        n_writes = rng.randrange(1, EPOCHS // 2)
        kill_after(process, folder, n_writes, inside=trial % 2 == 0, rng=rng)
        assert process.exitcode != 0
        process = start(folder, parts=True)
        process.join()
        assert process.exitcode == 0
        assert equal(end_state(folder), expected)
        rows = read_scalars(folder)
        assert [{**row, "seconds": 0} for row in rows] == [
            {**row, "seconds": 0} for row in whole
        ]
        names = sorted(path.name for path in folder.iterdir())
        assert names == ["run.ckpt", "scalars.jsonl"]


def test_workers_of_a_loader_are_resumed(tmp_path):
    """They draw from seeds that the loader's generator gives."""
    x = torch.rand(N, 6)

    def go(folder: str, objective=draw_everywhere, epochs: int = 3):
        torch.manual_seed(0)
        model = nn.Linear(6, 6)
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002
        own = torch.Generator().manual_seed(3)
        workers = {"num_workers": 2, "generator": own, "shuffle": True}
        loader = DataLoader(Augmented(x), SIZE, **workers)
        options = {"epochs": epochs, "progress": False, "schedule": "constant"}
        path = tmp_path / folder / "run.ckpt"
        return train(model, objective, loader, checkpoint=path, **options)

    expected = go("whole").train
    go("parts", epochs=1)
    assert go("parts").train == expected


class Augmented(Dataset):
    def __init__(self, x: torch.Tensor) -> None:
        self.x = x

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.x[index] + 0.1 * torch.rand(())


def test_random_sequences_of_calls_on_one_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # no power is cut here
    losses, seen = sequences.expected(), []
    for trial in range(N_SEQUENCES):
        path = tmp_path / f"{trial}.ckpt"
        seen += sequences.try_sequence(random.Random(trial), path, losses)
    counts = {what: seen.count(what) for what in set(seen)}
    print(counts)
    assert min(counts["done"], counts["refused"], counts["killed"]) > N_SEQUENCES // 4


# Damage


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> bytes:
    folder = tmp_path_factory.mktemp("checkpoint")
    model = nn.Linear(6, 6)
    x = torch.rand(N, 6)
    train(
        model,
        lambda m, x: {"loss": (m(x) - x).square().mean()},
        Batches(x, SIZE),
        epochs=1,
        checkpoint=folder / "run.ckpt",
        progress=False,
    )
    return (folder / "run.ckpt").read_bytes()


def refused(path: Path, content: bytes) -> bool:
    path.write_bytes(content)
    try:
        load_checkpoint(path)
    except ValueError as error:
        return str(path) in str(error)
    return False


def test_single_bit_flips_are_refused(checkpoint, tmp_path):
    rng, path = random.Random(1), tmp_path / "run.ckpt"
    assert not refused(path, checkpoint)
    head = [8 * byte + 5 for byte in range(len(MAGIC) + 65)]  # also letters' case
    places = head + [rng.randrange(8 * len(checkpoint)) for _ in range(N_FLIPS)]
    silent = 0
    for place in places:
        flipped = bytearray(checkpoint)
        flipped[place // 8] ^= 1 << place % 8
        silent += not refused(path, bytes(flipped))
    assert silent == 0


def test_truncations_and_extensions_are_refused(checkpoint, tmp_path):
    rng, path = random.Random(2), tmp_path / "run.ckpt"
    ends = [0, 1, len(MAGIC), len(MAGIC) + 64, len(MAGIC) + 65, len(checkpoint) - 1]
    ends += [rng.randrange(len(checkpoint)) for _ in range(N_CUTS)]
    assert sum(not refused(path, checkpoint[:end]) for end in ends) == 0
    assert refused(path, checkpoint + b"\n")
    assert refused(path, checkpoint + checkpoint)


# Hostile files


class Call:
    """Unpickling this calls `function(*arguments)`."""

    def __init__(self, function, *arguments) -> None:
        self.reduced = (function, arguments)

    def __reduce__(self):
        return self.reduced


def hostile(marker: Path) -> dict[str, bytes]:
    """Pickles that make the file `marker` when they are loaded as pickles."""
    code = f"open({str(marker)!r}, 'w').close()"
    objects = {
        "os.system": Call(os.system, f"touch {marker}"),
        "eval": Call(eval, code),
        "exec": Call(exec, code),
        "shutil.copy": Call(shutil.copy, __file__, str(marker)),
        "subprocess": Call(subprocess.check_call, ["touch", str(marker)]),
        "method": Call(Path.touch, marker),
        "partial": Call(functools.partial(eval, code)),
        "indirect": Call(operator.call, eval, code),
        "deep inside": {"model": {"weight": [1, (2, Call(exec, code))]}},
        "object array": np.array([Call(exec, code)], dtype=object),
    }
    pickles = {name: pickle.dumps(value) for name, value in objects.items()}
    return pickles | {"old protocol": pickle.dumps(Call(eval, code), protocol=0)}


def as_torch_file(content: bytes) -> bytes:
    """A file of torch.save whose pickle is replaced."""
    original, changed = io.BytesIO(), io.BytesIO()
    torch.save({"weight": torch.ones(2)}, original)
    with zipfile.ZipFile(original) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            is_pickle = name.endswith("data.pkl")
            new.writestr(name, content if is_pickle else old.read(name))
    return changed.getvalue()


def with_digest(content: bytes) -> bytes:
    """As a checkpoint whose digest is right."""
    return MAGIC + hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def test_pickled_code_is_refused_and_never_run(tmp_path):
    marker, path = tmp_path / "marker", tmp_path / "run.ckpt"
    kinds = hostile(marker)
    for name, content in kinds.items():
        pickle.Unpickler(io.BytesIO(content)).load()
        assert marker.exists(), f"{name} is harmless: this test would prove nothing"
        marker.unlink()
    executed = []
    for name, content in kinds.items():
        for wrapped in (content, as_torch_file(content)):
            for file_content in (wrapped, with_digest(wrapped)):
                assert refused(path, file_content), name
                executed += [name] * marker.exists()
                marker.unlink(missing_ok=True)
    assert executed == []
    assert len(kinds) >= 10


def test_files_of_other_kinds_are_refused_under_a_checkpoint_name(tmp_path):
    path, other = tmp_path / "run.ckpt", io.BytesIO()
    np.save(other, np.arange(3))
    scripted = io.BytesIO()
    torch.save([1, 2], scripted)
    for content in (other.getvalue(), scripted.getvalue(), b"", b"\x80\x04N."):
        assert refused(path, content)
        assert refused(path, with_digest(content))


def test_a_full_disk_keeps_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "run.ckpt"
    save_checkpoint(path, {"n": 1})

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(path, {"n": 2})
    assert load_checkpoint(path) == {"n": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["run.ckpt"]


N_SAVES = 120


def save_often(path: str, who: int, n_saves: int, barrier) -> None:
    torch.set_num_threads(1)
    weights = torch.full((5_000,), float(who))
    barrier.wait(60)
    for turn in range(n_saves):
        save_checkpoint(path, {"who": who, "turn": turn, "weights": weights})


def test_processes_that_save_to_one_path_do_not_meet(tmp_path):
    """Two that save to their end, one that is killed inside a write, and a reader."""
    path = tmp_path / "run.ckpt"
    context = processes()
    barrier = context.Barrier(4)
    savers = [
        context.Process(target=save_often, args=(str(path), who, n_saves, barrier))
        for who, n_saves in ((0, N_SAVES), (1, N_SAVES), (2, 1_000_000))
    ]
    for process in savers:
        process.start()
    *whole, victim = savers
    barrier.wait(60)
    seen = []
    while any(process.is_alive() for process in whole):
        if path.exists():
            state = load_checkpoint(path)  # refuses what is not whole
            assert (state["weights"] == state["who"]).all()
            seen.append(state["who"])
        if len(seen) > 5 and any(tmp_path.glob(f".run.ckpt.{victim.pid}-*")):
            victim.kill()
    victim.kill()
    for process in savers:
        process.join()
    assert [process.exitcode for process in whole] == [0, 0]
    assert len(seen) > 10 and len(set(seen)) >= 2
    save_checkpoint(path, {"who": "the last"})
    assert load_checkpoint(path) == {"who": "the last"}
    assert [file.name for file in tmp_path.iterdir()] == ["run.ckpt"]


# Numbers that are not finite

# Put into the objective's copy of the data, so that the batch itself is good.
EXPECTED = {"data": "term 'distortion'", "loss": "term 'loss'", "gradient": "gradient"}


def small_run(folder: Path, objective, optimizer: str):
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(6, 3), nn.Linear(3, 6))
    x = torch.rand(N, 6)
    made = None
    if optimizer != "AdamW":
        made = getattr(torch.optim, optimizer)(model.parameters(), lr=0.01)
    batches = Batches(x, SIZE, generator=torch.Generator().manual_seed(4))
    options = {"epochs": 4, "optimizer": made, "checkpoint": folder / "run.ckpt"}
    return model, lambda: train(model, objective, batches, progress=False, **options)


def plain(model, x):
    distortion = (model(x) - x).square().sum(dim=1).mean()
    return {"loss": 1.0 * distortion, "distortion": distortion}


def poisoned(step: int, kind: str, value: float, seen: list):
    """`plain`, except for its `step`-th call, from 0; notes the parameters it meets."""

    def call(model, x):
        seen.append([p.detach().clone() for p in model.parameters()])
        bad = len(seen) == step + 1
        if bad and kind == "data":
            x = x.clone()
            x[0, 0] = value
        terms = plain(model, x)
        if bad and kind == "loss":
            terms["loss"] = terms["loss"] * value
        if bad and kind == "gradient":
            terms["loss"].register_hook(lambda gradient: gradient * value)
        return terms

    return call


@pytest.mark.parametrize("trial", range(N_POISONS))
def test_numbers_that_are_not_finite_stop_the_run(trial, tmp_path):
    rng = random.Random(trial)
    kind = ("data", "loss", "gradient")[trial % 3]
    value = rng.choice([float("nan"), float("inf"), float("-inf")])
    optimizer = rng.choice(["AdamW", "SGD", "Adagrad"])
    step = rng.randrange(4 * N_STEPS)
    epoch, seen = step // N_STEPS, []
    model, go = small_run(tmp_path, poisoned(step, kind, value, seen), optimizer)
    where = f"epoch {epoch + 1}, step {step % N_STEPS + 1} of 3: {EXPECTED[kind]}"
    with pytest.raises(FloatingPointError, match=where):
        go()
    assert len(seen) == (epoch + 1) * N_STEPS
    for later in [*seen[step + 1 :], list(model.parameters())]:
        assert equal([p.detach() for p in later], seen[step])
    assert (tmp_path / "run.ckpt").exists() == (epoch > 0)
    if epoch > 0:
        history = load_checkpoint(tmp_path / "run.ckpt")["history"]
        assert len(history["train"]) == epoch
    model, go = small_run(tmp_path, plain, optimizer)  # mended, it goes on from there
    healed = go()
    other, go = small_run(tmp_path / "clean", plain, optimizer)
    assert healed.train == go().train
    assert equal(model.state_dict(), other.state_dict())
