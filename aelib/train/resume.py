"""How a run is stored, found again, and tried before its first step."""

import copy
import math
from pathlib import Path
from typing import Any

from torch import Tensor

from aelib import _files
from aelib.train import identity, objectives
from aelib.train.checkpoints import (
    digest_of,
    load_checkpoint,
    save_checkpoint,
    try_checkpoint,
)
from aelib.train.evaluation import terms_of_next_batch
from aelib.train.generators import get_generators, set_generators
from aelib.train.history import History
from aelib.train.run import Run
from aelib.train.sources import (
    check_restorable,
    has_state,
    load_source_state,
    source_state,
)
from aelib.train.stopping import StopEarly

_SAME = 1e-4  # relative: another number of threads moves a loss far less


class Store:
    """The checkpoint file of a run."""

    def __init__(
        self,
        run: Run,
        path: str | Path,
        key: dict[str, str],
        start: dict[str, Tensor] | None,
    ) -> None:
        self.run = run
        self.path = _files.expanded("checkpoint", path)
        check_restorable("batches", run.batches)
        if run.val_batches is not None:
            check_restorable("val_batches", run.val_batches)
        objectives.check_restorable(run.objective)
        self.attributes = objectives.Attributes(run.objective)
        self.identity = {
            **key,
            **identity.about_model(run.model),
            **identity.about_weights(start),
            **identity.about_optimizer(run.optimizer),
            "schedule": run.schedule,
            "grad_clip": repr(run.grad_clip),
            **identity.about_objective(run.objective),
            **identity.about_batches(run.batches, run.val_batches),
        }
        self.digest: bytes | None = None  # of the file, as this run found or left it

    def try_to_write(self) -> None:
        """Raises what `save` would raise, before there is anything to lose."""
        try_checkpoint(self.path, self._state())
        self.digest = digest_of(self.path)

    def save(self) -> None:
        """Write the run to the file.

        Raises:
            FileExistsError: another run has written there since this one did.
        """
        if digest_of(self.path) not in (None, self.digest):
            raise FileExistsError(
                f"checkpoint {self.path} must be this run's alone, got one that "
                "another has written meanwhile: give each run a path of its own"
            )
        save_checkpoint(self.path, {**self._state(), "first batch": self._probe()})
        self.digest = digest_of(self.path)

    def resume(self) -> None:
        """Put the run to where the file left it.

        Raises:
            ValueError: the file is damaged, or of another run, which is left as it is.
        """
        run, path = self.run, self.path
        self.digest = digest_of(path)
        state = load_checkpoint(path)
        if not state.keys() >= {*self._state(), "first batch"}:
            raise ValueError(
                f"checkpoint {path} must be written by train to resume it, "
                f"got one that holds {sorted(map(str, state))}"
            )
        identity.check_identity(path, state["identity"], self.identity)
        history = History.from_dict(state["history"])
        self._check_length(history, state["best"])
        before = copy.deepcopy(self._state())
        try:
            self._load(state)
            self._check_first_batch(state["first batch"], state["objective's settings"])
        except BaseException:
            self._load(before)
            raise
        self.identity = {**state["identity"], **self.identity}  # validation before
        run.history, run.rates, run.best = history, state["rates"], state["best"]

    def _state(self) -> dict[str, Any]:
        """All that the remaining epochs depend on."""
        run, objective = self.run, self.run.objective
        own = objectives.generators(objective)
        return {
            "identity": self.identity,
            "model": run.model.state_dict(),
            "optimizer": run.optimizer.state_dict(),
            "schedule": run.scheduler.state_dict() if run.scheduler else None,
            "batches": source_state(run.batches),
            "val_batches": run.val_batches and source_state(run.val_batches),
            "objective": objective.state_dict() if has_state(objective) else None,
            "objective's generators": {name: g.get_state() for name, g in own.items()},
            "objective's attributes": self.attributes.changed(),
            "objective's settings": objectives.settings(objective),
            "generators": get_generators(run.device),
            "history": run.history.to_dict(),
            "rates": run.rates,
            "best": run.best,
        }

    def _load(self, state: dict[str, Any]) -> None:
        run = self.run
        load_source_state(run.batches, state["batches"])
        if run.val_batches is not None:
            load_source_state(run.val_batches, state["val_batches"])
        run.model.load_state_dict(state["model"])
        run.optimizer.load_state_dict(state["optimizer"])
        if run.scheduler is not None:
            run.scheduler.load_state_dict(state["schedule"])
        if has_state(run.objective):
            run.objective.load_state_dict(state["objective"])
        for name, generator in objectives.generators(run.objective).items():
            generator.set_state(state["objective's generators"][name])
        self.attributes.put_back(state["objective's attributes"])
        set_generators(state["generators"], run.device)

    def _check_length(self, history: History, best: Any) -> None:
        run, n_done = self.run, len(history)
        if n_done > run.epochs:
            raise ValueError(
                f"epochs must be at least the {n_done} that checkpoint {self.path} "
                f"holds, got {run.epochs}"
            )
        for n in range(1, n_done if run.stop is not None else 0):
            if run.stop(history.up_to(n)):
                raise ValueError(
                    f"stop must let the run reach the {n_done} epochs that checkpoint "
                    f"{self.path} holds, got one that ends it after {n}; "
                    f"{identity.advice(self.path)}"
                )
        if isinstance(run.stop, StopEarly) and run.stop.keep_best:
            wanted = run.stop.best_epoch(history)
            if wanted is not None and (best is None or wanted != history.best_epoch):
                raise ValueError(
                    f"checkpoint {self.path} must hold the weights of the best epoch, "
                    f"{wanted}, to keep them, got none; {identity.advice(self.path)}"
                )

    def _probe(self) -> dict[str, float] | None:
        """The terms of the next batch, by which another loss or data are noticed."""
        run = self.run
        if getattr(run.batches, "num_workers", 0):  # to start them takes seconds
            return None
        return terms_of_next_batch(run.model, run.objective, run.batches, grad=True)

    def _check_first_batch(
        self, saved: dict[str, float] | None, settings: dict[str, str]
    ) -> None:
        if saved is None:
            return
        given = self._probe() or {}
        for name in {**saved, **given}:
            before, now = saved.get(name, "none"), given.get(name, "none")
            if not _same(before, now):
                raise ValueError(
                    f"checkpoint {self.path} must be of this run to resume it, got one "
                    f"of another objective or data: {name!r} of the next batch is "
                    f"{before} instead of {now}{self._what_changed(settings)}; "
                    f"{identity.advice(self.path)}"
                )

    def _what_changed(self, settings: dict[str, str]) -> str:
        given = objectives.settings(self.run.objective)
        changed = [
            f"{name} was {settings[name]} and is {given[name]}"
            for name in settings
            if name in given and settings[name] != given[name]
        ]
        return f" ({', '.join(changed)})" if changed else ""


def _same(before: Any, now: Any) -> bool:
    if isinstance(before, str) or isinstance(now, str):
        return before == now
    if not math.isfinite(before) or not math.isfinite(now):
        return math.isfinite(before) == math.isfinite(now)
    return math.isclose(before, now, rel_tol=_SAME, abs_tol=1e-6)
