"""How a run is stored, found again, and tried before its first step."""

import copy
import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aelib import _files
from aelib.train import identity, objectives
from aelib.train.calls import first_terms, to_device
from aelib.train.checkpoints import (
    digest_of,
    load_checkpoint,
    save_checkpoint,
    try_checkpoint,
)
from aelib.train.evaluation import in_mode
from aelib.train.generators import get_generators, set_generators
from aelib.train.history import History
from aelib.train.run import Run
from aelib.train.sources import (
    check_restorable,
    has_state,
    load_source_state,
    source_state,
)

_SAME = 1e-3  # relative: other threads, or another GPU, move a loss less


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
        self.attributes = objectives.Attributes(run.objective, run.model)
        self.identity = {
            **key,
            **identity.about_model(run.model),
            **identity.about_weights(start),
            **identity.about_optimizer(run.optimizer),
            "schedule": run.schedule,
            "grad_clip": repr(run.grad_clip),
            **identity.about_objective(run.objective, run.model),
            **identity.about_batches(run.batches, run.val_batches),
        }
        self.note_start()
        self.digest: bytes | None = None  # of the file, as this run found or left it

    def note_start(self) -> None:
        """Keep what the first step starts from, so that `resume` can repeat it."""
        first = copy.deepcopy(self._moving())
        model = {name: tensor.cpu() for name, tensor in first["model"].items()}
        self.first = {**first, "model": model}
        self.numbers = objectives.outer_numbers(self.run.objective)
        self.lost: set[str] = set()  # names of those that have changed

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
        save_checkpoint(self.path, self._state())
        self.digest = digest_of(self.path)

    def resume(self) -> None:
        """Put the run to where the file left it.

        Raises:
            ValueError: the file is damaged, or of another run, which is left as it is.
        """
        run, path = self.run, self.path
        self.digest = digest_of(path)
        state = load_checkpoint(path)
        if not state.keys() >= self._state().keys():
            raise ValueError(
                f"checkpoint {path} must be written by train to resume it, "
                f"got one that holds {sorted(map(str, state))}"
            )
        identity.check_identity(path, state["identity"], self.identity)
        history = History.from_dict(state["history"])
        self._check_length(history, state["best"])
        self._check_lost(state["lost"], state["settings"])
        before = copy.deepcopy(self._state())
        try:
            self._check_first_step(state)
            self._load(state)
        except BaseException:
            self._load(before)
            self.attributes.put_back(self.attributes.at_start())
            raise
        self.identity = {**state["identity"], **self.identity}  # validation before
        self.lost = set(state["lost"])
        self.first, run.first_terms = state["first"], state["first terms"]
        run.history, run.rates = history, state["rates"]
        if run.keeps_best:
            run.best = state["best"]
        else:
            history.best_epoch = None

    def _state(self) -> dict[str, Any]:
        """All that the remaining epochs depend on."""
        run = self.run
        return {
            **self._moving(),
            "identity": self.identity,
            "optimizer": run.optimizer.state_dict(),
            "schedule": run.scheduler.state_dict() if run.scheduler else None,
            "val_batches": run.val_batches and source_state(run.val_batches),
            "history": run.history.to_dict(),
            "rates": run.rates,
            "best": run.best,
            "settings": objectives.settings(run.objective),
            "lost": sorted(self._lost()),
            "first": {**self.first, "attributes": self._attributes_at_first()},
            "first terms": run.first_terms,
        }

    def _lost(self) -> set[str]:
        now, before = objectives.outer_numbers(self.run.objective), self.numbers
        return self.lost | {n for n in now if now[n] != before.get(n)}

    def _moving(self) -> dict[str, Any]:
        """What a call of the objective on the next batch depends on."""
        run, holder = self.run, objectives.owner(self.run.objective)
        own = objectives.generators(run.objective, run.model)
        return {
            "model": run.model.state_dict(),
            "batches": source_state(run.batches),
            "objective": holder.state_dict() if has_state(holder) else None,
            "attributes": self.attributes.changed(),
            "own generators": {name: g.get_state() for name, g in own.items()},
            "generators": get_generators(run.device),
        }

    def _attributes_at_first(self) -> dict[str, Any]:
        return {**self.attributes.at_start(), **self.first["attributes"]}

    def _load(self, state: dict[str, Any]) -> None:
        run = self.run
        self._load_moving(state)
        if run.val_batches is not None:
            load_source_state(run.val_batches, state["val_batches"])
        run.optimizer.load_state_dict(state["optimizer"])
        if run.scheduler is not None:
            run.scheduler.load_state_dict(state["schedule"])

    def _load_moving(self, state: dict[str, Any]) -> None:
        run = self.run
        load_source_state(run.batches, state["batches"])
        run.model.load_state_dict(state["model"])
        if has_state(holder := objectives.owner(run.objective)):
            holder.load_state_dict(state["objective"])
        self.attributes.put_back(state["attributes"])
        own = objectives.generators(run.objective, run.model)
        for name, generator in own.items():
            generator.set_state(state["own generators"][name])
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
        if run.keeps_best:
            wanted = run.stop.best_epoch(history)
            if wanted is not None and (best is None or wanted != history.best_epoch):
                raise ValueError(
                    f"checkpoint {self.path} must hold the weights of the best epoch, "
                    f"{wanted}, to keep them, got none; {identity.advice(self.path)}"
                )

    def _check_lost(self, names: list[str], saved: dict[str, str]) -> None:
        given = objectives.outer_numbers(self.run.objective)
        for name in names:
            before = saved.get(name)
            if name in given and given[name] != before:
                raise ValueError(
                    f"checkpoint {self.path} must hold all that changes in training, "
                    f"got one where the objective's {name} came to {before} and "
                    f"cannot be put back, now that it is {given[name]}: make it an "
                    f"attribute of an object; {identity.advice(self.path)}"
                )

    def _check_first_step(self, state: dict[str, Any]) -> None:
        """Repeat the run's first step as far as its terms: are they the same?"""
        run, saved = self.run, state["first terms"]
        self._load_moving(state["first"])
        with in_mode(run.model, train=True), torch.enable_grad():
            batch = to_device(next(iter(run.batches)), run.device)
            terms = first_terms(run.objective, run.called, batch)
        given = {name: float(term.detach()) for name, term in terms.items()}
        for name in {**saved, **given}:
            before, now = saved.get(name, "none"), given.get(name, "none")
            if not _same(before, now):
                raise ValueError(
                    f"checkpoint {self.path} must be of this run to resume it, got one "
                    f"of another objective or data: {name!r} of the first batch was "
                    f"{before} and is {now}{self._what_changed(state['settings'])}; "
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
