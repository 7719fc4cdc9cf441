"""Study: trains by name over seeds, measures alike, and saves whole."""

import inspect
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from torch import Tensor, nn

from aelib import _expect, config, results
from aelib.lab import provenance, writing
from aelib.lab.runs import Finished, Models, Runs
from aelib.lab.training import Training
from aelib.results import digest, files
from aelib.train import Objective

T = TypeVar("T")

_ROOT = Path(__file__).parent.parent.parent
_RESULTS = Path(results.__file__).parent
_SMOKE_SEEDS = 2  # as few as still have a spread


class Study:
    """The evidence of one chapter in the making.

    Args:
        slug: the chapter, such as "02_autoencoder".
        seeds: of every row that names no others; at smoke scale the first two.
        columns: name -> unit, "" where there is none, of what is measured.

    Attributes:
        device: where networks are trained; batches must be there too.
    """

    def __init__(
        self, slug: str, *, seeds: Sequence[int], columns: Mapping[str, str]
    ) -> None:
        results.check_slug(slug)
        _expect.mapping("columns", columns)
        self.slug, self.columns = slug, dict(columns)
        self.scale, self.device = config.scale(), config.default_device()
        self.seeds = self._few(seeds)
        self.script = _ROOT / "experiments" / f"{slug}.py"
        self.made_by = digest.evidence_digest(self.script)
        self._origin = provenance.origin()  # before the first run
        self._full = self.scale == "full"
        # A smoke run proves that the script runs: it finds nothing done.
        base = _ROOT / "_build" / "evidence" if self._full else Path(tempfile.mkdtemp())
        self._runs = Runs(base / slug)
        self._entries: dict[str, Mapping[Any, Any]] = {}  # row -> numbers, or runs
        self._kept: dict[str, Callable[[], Finished]] = {}
        self._tables: dict[str, dict[str, Any]] = {}
        self._strips: dict[str, dict[str, dict[str, Tensor]]] = {
            "picture": {},
            "curve": {},
        }

    def pick(self, *, smoke: T, full: T) -> T:
        """The value for the scale in force; both stay visible where they stand."""
        return full if self._full else smoke

    def train(
        self,
        row: str,
        build: Callable[[], nn.Module],
        objective: Objective,
        batches: Callable[[int], Iterable],
        *,
        measure: Callable[[nn.Module], Mapping[str, float]],
        seeds: Sequence[int] | None = None,
        keep: bool = False,
        **recipe: Any,
    ) -> Models:
        """Train one network a seed and measure each.

        All generators are seeded with the seed before `build`, so that rows are paired:
        equal layers start from equal weights, and the order of runs changes nothing.

        Args:
            row: a name that no other row has.
            build: makes the untrained network. One that is made from another row's is
                trained by the same function of the script as that row.
            objective: as `aelib.train.train` takes it.
            batches: seed -> the training batches, on `study.device`.
            measure: trained network in eval mode -> {column: number}; without gradients
                unless it turns them on.
            seeds: others than those of the study.
            keep: whether the page gets the first seed's weights and history.
            recipe: further arguments of `train`; an `optimizer` is a function that
                makes one of the model.

        Returns:
            The trained networks, each waited for when it is first used.
        """
        training = Training(build, objective, batches, measure, recipe, self.device)
        return self._trained(row, training, seeds, keep)

    def run(
        self,
        row: str,
        trial: Callable[[int], Mapping[str, float]],
        seeds: Sequence[int] | None = None,
    ) -> None:
        """Measure anything that is not one training: seed -> {column: number}.

        All generators are seeded with the seed before `trial`.
        """
        _expect.function("trial", trial)

        def finished(seed: int) -> Finished:
            about = {"device": provenance.device_name(self.device)}
            return Finished(dict(trial(seed)), about, None, {})

        # A trial may look at networks of any other function of the script.
        source = self._modules() + digest.normal_source(self.script)
        self._offer(row, finished, source, seeds)

    def note(self, row: str, **values: float) -> None:
        """Note a baseline that no seed changes; in tables such rows come first."""
        self._new_row(row)
        self._entries[row] = self._checked(row, values)

    def table(
        self,
        name: str,
        rows: Sequence[str] | Mapping[str, str],
        columns: Sequence[str] | None = None,
    ) -> None:
        """A selection that a page shows: rows (or row -> label) and columns.

        Raises:
            KeyError: there is no such row or column yet.
        """
        labels = dict(rows) if isinstance(rows, Mapping) else {row: row for row in rows}
        chosen = list(self.columns if columns is None else columns)
        for kind, wanted, there in (
            ("rows", labels, self._entries),
            ("columns", chosen, self.columns),
        ):
            unknown = [key for key in wanted if key not in there]
            if unknown:
                raise KeyError(f"{kind} must be among {list(there)}, got {unknown}")
        self._tables[name] = {"rows": labels, "columns": chosen}

    def picture(self, name: str, images: Mapping[str, Tensor]) -> None:
        """Keep strips for the page: label -> images (N, C, H, W) in [0, 1]."""
        _expect.mapping("images", images)
        self._strips["picture"][name] = {
            label: writing.checked_strip(label, strip)
            for label, strip in images.items()
        }

    def curve(self, name: str, values: Mapping[str, Any]) -> None:
        """Keep curves for the page: label -> numbers of any shape, as float32."""
        _expect.mapping("values", values)
        self._strips["curve"][name] = {
            label: writing.checked_curve(label, line) for label, line in values.items()
        }

    def save(self) -> Path:
        """Wait for all runs and write the evidence, whole or not at all.

        Returns:
            The JSON file: beside aelib.results, at smoke scale in a temporary folder.

        Raises:
            ValueError: runs were made on different devices or by different torches.
            OSError: a file cannot be written; what was there before still is.
        """
        rows, about = writing.measured(self._entries)
        here = {**self._origin, "device": provenance.device_name(self.device)}
        histories, kept, tensors = writing.kept_networks(self._kept)
        if any(self._strips.values()):
            tensors["pictures.safetensors"] = writing.strips(self._strips)
        content = {
            "columns": self.columns,
            "rows": rows,
            "tables": {
                name: writing.baselines_first(table, self._entries)
                for name, table in self._tables.items()
            },
            "pictures": writing.labels(self._strips["picture"]),
            "curves": writing.labels(self._strips["curve"]),
            "histories": histories,
            "kept": kept,
            "provenance": provenance.joined([*about, here], self.seeds),
            "made_by": [self.made_by],
        }
        home = _RESULTS if self._full else Path(tempfile.mkdtemp())
        with self._runs.alone("save"):  # every process of the script comes here
            return files.write(home / f"{self.slug}.json", content, tensors)

    def _few(self, seeds: Sequence[int]) -> list[int]:
        _expect.sequence("seeds", seeds)
        if not seeds:
            raise ValueError("seeds must hold at least one, got none")
        seeds = [_expect.integer("seeds", seed, least=0) for seed in seeds]
        return seeds[: None if self.scale == "full" else _SMOKE_SEEDS]

    def _new_row(self, row: str) -> None:
        if row in self._entries:
            raise ValueError(f"row must be a new name, got {row!r} again")

    def _checked(self, row: str, values: Mapping[str, float]) -> dict[str, float]:
        """Plain finite numbers under the names of columns."""
        unknown = sorted(set(values) - set(self.columns))
        if unknown or not values:
            raise ValueError(
                f"row {row!r} must have values in {list(self.columns)}, "
                f"got {unknown or 'none'}"
            )
        numbers = {}
        for column, value in values.items():
            if isinstance(value, Tensor) and value.numel() == 1:
                value = value.item()
            numbers[column] = _expect.number(f"column {column!r} of {row!r}", value)
        return numbers

    def _offer(
        self,
        row: str,
        trial: Callable[[int], Finished],
        source: str,
        seeds: Sequence[int] | None,
    ) -> writing.Waiting:
        """Do what no other process does; per seed, a function that waits for it."""
        self._new_row(row)
        waiting: writing.Waiting = {}
        for seed in self.seeds if seeds is None else self._few(seeds):
            path = self._runs.path(row, seed, source)

            def work(seed: int = seed) -> Finished:
                config.seed_everything(seed)
                print(f"   {self.slug}: {row}, seed {seed}", flush=True)
                run = trial(seed)
                about = {**self._origin, **run.about}
                values = self._checked(row, run.values)
                return run._replace(values=values, about=about)

            self._runs.offer(path, work)
            waiting[seed] = lambda path=path, work=work: self._runs.wait_for(path, work)
        self._entries[row] = waiting
        return waiting

    def _trained(
        self, row: str, training: Training, seeds: Sequence[int] | None, keep: bool
    ) -> Models:
        source = self._source()

        def trial(seed: int) -> Finished:
            unfinished = self._runs.path(row, seed, source).with_suffix(".ckpt")
            return training.run(seed, unfinished)

        waiting = self._offer(row, trial, source, seeds)
        if keep:
            self._kept[row] = next(iter(waiting.values()))
        return Models(
            [lambda w=w: training.restore(w().weights) for w in waiting.values()],
            self.device,
        )

    def _modules(self) -> str:
        modules = map(digest.normal_source, digest.needed_modules(self.script))
        return "\0".join([*modules, self.scale, str(self.device)])

    def _source(self) -> str:
        """What the trainings asked for by the script's current line are made of.

        An edit elsewhere in the script leaves finished ones valid.
        """
        names = {f.function for f in inspect.stack() if Path(f.filename) == self.script}
        names -= {"<module>", "main"}  # they hold all the others
        whole = digest.normal_source(self.script)
        part = digest.reachable_source(self.script, names) if names else whole
        return self._modules() + part
