"""Quantization as a run: one method after another, the choice, the test, the times; in a journal, resumable."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.dataset import Dataset, Split
from nas_cli.data.settings import AugmentationSettings
from nas_cli.distributed.ring import OneProcess
from nas_cli.errors import RunError
from nas_cli.models.file_size import compressed_bytes
from nas_cli.quantize.chain import described
from nas_cli.quantize.methods import CLUSTERED, Task, check_network, make
from nas_cli.quantize.predictors import Predictor, agreement, file_predictor, keras_predictor, scores
from nas_cli.quantize.selection import choose
from nas_cli.quantize.settings import QuantizeSettings
from nas_cli.quantize.summary import VERSION, summarise
from nas_cli.quantize.table import GIVEN, measured_times, named, stored, whole_chain
from nas_cli.runs.files import copy_atomic
from nas_cli.runs.folder import RunFolder
from nas_cli.runs.journal import Journal
from nas_cli.runs.journaled import completed
from nas_cli.training.model_files import ModelFiles
from nas_cli.training.settings import TrainingSettings

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Quantizing:
    """What is quantized, on what, and how.

    `model`: the network; None once the run has begun and has it in a file. `threads`: of TFLite's interpreter.
    """

    model: Any
    name: str
    dataset: Dataset
    training: TrainingSettings
    augmentation: AugmentationSettings
    quantize: QuantizeSettings
    seed: int
    threads: int


def run_quantize(
    run: RunFolder, job: Quantizing, start: Event, on_event: Callable[[Event], None], launched: float
) -> dict[str, Any]:
    """The summary of the finished run; begins it, or does what is left of it.

    The caller holds the run's lock. `start` holds what the start event says besides version and seed, `chain` among it
    (see `chain_rows`); `on_event` gets every new event; `launched` is when the process began to work (unix seconds).

    Raises:
        Interrupted: after Ctrl-C or SIGTERM; the run can be resumed.
        ConfigError: if a method cannot be applied to the network.
        RunError: if a training diverged, or the disk is full.
    """
    events = run.events()

    def work(journal: Journal | None) -> None:
        if journal is not None:
            _Session(run, journal, events, job, on_event, launched).carry_out(start)

    return completed(run, "quantize", True, events, work, summarise)


@final
class _Session:
    """One session of a run: what the journal says is done is not done again."""

    def __init__(
        self,
        run: RunFolder,
        journal: Journal,
        events: Sequence[Event],
        job: Quantizing,
        on_event: Callable[[Event], None],
        launched: float,
    ) -> None:
        self._run, self._journal, self._job = run, journal, job
        self._events: list[Event] = list(events)
        self._on_event, self._launched = on_event, launched
        self._checkpoints = run.path / "checkpoints"
        self._models = ModelFiles(self._checkpoints, OneProcess())
        self._folder = run.path / "quantized"
        self._references: dict[str, NDArray[np.float32]] = {}

    def carry_out(self, start: Event) -> None:
        """Does what is left of the run."""
        self._begin(start)
        if self._found("given") is None:
            self._say({"event": "given", **self._given()})
        for method in self._job.quantize.asked:
            if self._row(method) is None:
                self._say(self._made(method))
        if self._found("chosen") is None:
            self._choose()
        # Chosen before, and each network once: the test split decides nothing.
        if self._found("test") is None:
            self._say(self._tested())
        self._record({"event": "end", "quantize": self._table()})

    def _begin(self, start: Event) -> None:
        if self._events:
            self._record({"event": "resume", "launched": self._launched})
            return
        check_network(self._job.model, self._job.quantize.asked, self._job.name)
        self._models.put(GIVEN, self._job.model)
        head = {"event": "start", "version": VERSION, "seed": self._job.seed}
        self._record({**head, **start, "launched": self._launched})

    def _record(self, event: Event) -> Event:
        written = self._journal.append(event)
        self._events.append(written)
        return written

    def _say(self, event: Event) -> None:
        self._on_event(self._record(event))

    def _found(self, kind: str) -> Event | None:
        return next((event for event in reversed(self._events) if event["event"] == kind), None)

    def _row(self, method: str) -> Event | None:
        """The event that a finished method left, if its file is still there."""
        rows = [e for e in self._events if e["event"] == "method" and e["name"] == method]
        return rows[-1] if rows and (self._run.path / rows[-1]["file"]).is_file() else None

    def _network(self) -> Any:
        return self._models.read(GIVEN, self._job.seed)

    @cached_property
    def _given_predictor(self) -> Predictor:
        return keras_predictor(self._network())

    def _reference(self, name: str, split: Split) -> NDArray[np.float32]:
        """The given network's outputs on a split, computed once."""
        if name not in self._references:
            self._references[name] = self._given_predictor.outputs(split.x)
        return self._references[name]

    def _given(self) -> dict[str, Any]:
        valid = scores(self._reference("valid", self._job.dataset.validation), self._job.dataset.validation,
                       self._job.dataset)  # fmt: skip
        return {**described(self._network(), self._models.file(GIVEN)), "valid": named("valid", valid)}

    def _made(self, method: str) -> dict[str, Any]:
        """The method's event; its file is whole when it is written."""
        job = self._job
        task = Task(
            method, job.name, self._network, job.dataset, job.training, job.augmentation, job.quantize, job.seed,
            self._folder, self._checkpoints, self._epoch,
        )  # fmt: skip
        file, layers = make(task)
        split, dataset = job.dataset.validation, job.dataset
        outputs = file_predictor(file, job.threads).outputs(split.x)
        return {
            "event": "method",
            "name": method,
            "file": file.relative_to(self._run.path).as_posix(),
            "file_bytes": file.stat().st_size,
            "gzip_bytes": compressed_bytes(file),
            **stored(file),
            "layers": layers,
            "valid": named("valid", scores(outputs, split, dataset)),
            **agreement(outputs, self._reference("valid", split), dataset),
        }

    def _epoch(self, name: str, epoch: Mapping[str, Any]) -> None:
        # A checkpoint and its journal line are two writes: after a kill between them the epoch comes again.
        known = {int(e["epoch"]) for e in self._events if e["event"] == "epoch" and e["name"] == name}
        if int(epoch["epoch"]) not in known:
            self._say({"event": "epoch", "name": name, "epochs": self._job.quantize.epochs, **epoch})

    def _choose(self) -> None:
        rows = [self._flat(method) for method in self._job.quantize.asked]
        given = self._found("given") or {}
        name, why = choose(rows, given["valid"], self._job.quantize.max_loss)
        source = self._run.path / next(row["file"] for row in rows if row["name"] == name)
        copy_atomic(source, self._run.best / f"model{source.suffix}")
        if name.startswith("cluster"):
            copy_atomic(self._folder / CLUSTERED, self._run.best / "model.keras")
        self._say({"event": "chosen", "name": name, "why": why})

    def _flat(self, method: str) -> dict[str, Any]:
        row = self._row(method)
        if row is None:
            raise RunError(f"the file of {method} has gone from {self._folder}: resume the run to make it again.")
        return {**{key: value for key, value in row.items() if key not in ("event", "time", "valid")}, **row["valid"]}

    def _tested(self) -> dict[str, Any]:
        dataset, split = self._job.dataset, self._job.dataset.test
        reference = self._reference("test", split)
        methods = {}
        for method in self._job.quantize.asked:
            outputs = file_predictor(self._run.path / self._flat(method)["file"], self._job.threads).outputs(split.x)
            alike = named("test", agreement(outputs, reference, dataset))
            methods[method] = {**named("test", scores(outputs, split, dataset)), **alike}
        chosen, given = (self._found("chosen") or {})["name"], self._found("given") or {}
        before = {"metrics": named("test", scores(reference, split, dataset)), "valid": given["valid"]}
        event = {"event": "test", "metrics": methods[chosen], "valid": (self._row(chosen) or {})["valid"]}
        return {**event, "before": before, "methods": methods}

    def _table(self) -> dict[str, Any]:
        """The end of the run: every network's figures with its time."""
        job, given, test = self._job, self._found("given") or {}, self._found("test") or {}
        chain = [dict(row) for row in self._events[0].get("chain") or ()]
        files = {f"chain {i}": Path(row["file"]) for i, row in enumerate(chain[:-1]) if row["file"]}
        files |= {method: self._run.path / self._flat(method)["file"] for method in job.quantize.asked}
        one = job.dataset.validation.x[:1]
        times = measured_times(self._given_predictor, files, one, job.threads, job.quantize.repeats)
        for position, row in enumerate(chain[:-1]):
            row["ms"] = times.get(f"chain {position}")
        before = {key: given[key] for key in ("flops", "params", "nonzero", "file_bytes", "gzip_bytes")}
        before |= {**given["valid"], **test["before"]["metrics"], "ms": times[GIVEN]}
        rows = [{**self._flat(m), **test["methods"][m], "ms": times[m]} for m in job.quantize.asked]
        chosen = (self._found("chosen") or {})["name"]
        return {
            "before": before,
            "methods": rows,
            "chosen": chosen,
            "chain": whole_chain(chain, before, next(row for row in rows if row["name"] == chosen)),
            "threads": job.threads,
            "repeats": job.quantize.repeats,
        }
