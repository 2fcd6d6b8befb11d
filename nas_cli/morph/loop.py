"""MorphNet's loop as a run: train, shrink, expand, shrink again, retrain; in a journal, resumable at any instant."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

from nas_cli.costs.before_after import cost_block, measured_ms, side
from nas_cli.costs.described import described
from nas_cli.costs.keras_cost import model_cost
from nas_cli.costs.target_device import journaled_device
from nas_cli.data.batches import batches_per_epoch
from nas_cli.data.dataset import Dataset
from nas_cli.data.settings import AugmentationSettings
from nas_cli.distributed.ring import OneProcess, Ring, agreed
from nas_cli.errors import RunError
from nas_cli.morph.compress import Compression, compress
from nas_cli.morph.loop_settings import LoopSettings
from nas_cli.morph.outcome import end_event, ended, numbered
from nas_cli.morph.phases import BASELINE, RETRAIN, START, Phase, last, phases, teacher
from nas_cli.morph.settings import MorphSettings
from nas_cli.morph.shrunk import check_alive, count, removable, shrunk_block, smaller
from nas_cli.morph.summary import VERSION, summarise
from nas_cli.runs.conclusion import known_before
from nas_cli.runs.folder import RunFolder
from nas_cli.runs.journal import Journal
from nas_cli.runs.journaled import completed
from nas_cli.runs.told import Told
from nas_cli.spaces.architecture import from_json
from nas_cli.surgery.channels import find_channels
from nas_cli.training.evaluation import evaluate
from nas_cli.training.fit import fit
from nas_cli.training.full_training import save
from nas_cli.training.model_files import ModelFiles
from nas_cli.training.settings import TrainingSettings
from nas_cli.training.teaching import Lesson, Teaching

Event = Mapping[str, Any]
FAILURE = "the loss is not finite: lower training.optimizer.learning_rate"


@dataclass(frozen=True)
class Morphing:
    """What is shrunk, on what, and how.

    `model`: the network with its first weights; None once the run has begun and has it in a file, and in processes
    other than the first. `trained`: these weights are not fresh. `lesson`: what the network, once trained, teaches the
    smaller one; None: nothing.
    """

    model: Any
    trained: bool
    dataset: Dataset
    training: TrainingSettings
    augmentation: AugmentationSettings
    morph: MorphSettings
    loop: LoopSettings
    seed: int
    lesson: Lesson | None = None

    def plan(self, processes: int) -> list[Phase]:
        """The phases in order; each of the `processes` that the run was begun with brings a batch to every step."""
        batch = processes * self.training.batch_size
        batches = batches_per_epoch(len(self.dataset.train), batch, self.augmentation.copies)
        return phases(self.morph, self.loop, self.training.epochs, self.seed, batches)


def run_morph(
    run: RunFolder,
    job: Morphing,
    start: Event,
    on_event: Callable[[Event], None],
    launched: float,
    ring: Ring | None = None,
) -> dict[str, Any]:
    """The summary of the finished run; begins it, or continues it from its last checkpoint.

    The caller holds the run's lock. `start` holds what the start event says besides version and seed (with
    `architecture`, None for a network that came as a model, and `device`, by which a latency target goes in all phases
    and sessions); `on_event` gets every new epoch, phase and shrunk event; `launched` is when the process began to work
    for this run (unix seconds).
    With several processes in `ring` all call this, and only the first writes; the others get an empty summary.

    Raises:
        Interrupted: after Ctrl-C or SIGTERM; the run can be resumed.
        ConfigError: if the strength kills a whole chain, or the network cannot be shrunk so far.
        RunError: if a training diverged, or the disk is full.
    """
    together = ring or OneProcess()
    events = agreed(together, run.events() if together.rank == 0 else None)

    def work(journal: Journal | None) -> None:
        _Session(run, Told(journal, events, on_event), job, together, launched).carry_out(start)

    return completed(run, "morph", together.rank == 0, events, work, summarise)


@final
class _Session:
    """One session of a run: what the journal says is done is not done again."""

    def __init__(self, run: RunFolder, told: Told, job: Morphing, ring: Ring, launched: float) -> None:
        self._run, self._told, self._job, self._ring = run, told, job, ring
        self._events, self._launched = told.events, launched
        self._folder = run.path / "checkpoints"
        self._models = ModelFiles(self._folder, ring)
        self._plan = job.plan(ring.begun)

    def carry_out(self, start: Event) -> None:
        """Does what is left of the run."""
        self._begin(start)
        for phase in self._plan:
            if self._outcome(phase) is None:
                (self._shrink if phase.kind == "shrink" else self._train)(phase)
            if self._told.writes:
                self._run.remove(self._folder / phase.name)
        if self._told.writes:
            self._finish()

    def _begin(self, start: Event) -> None:
        if self._events:
            self._told.record({"event": "resume", "launched": self._launched})
            return
        head = {"event": "start", "version": VERSION, "seed": self._job.seed}
        self._models.put(START, self._job.model)
        self._told.record({**head, **agreed(self._ring, start), "launched": self._launched})

    def _outcome(self, phase: Phase) -> Event | None:
        """The event that ended a phase; None if it has not ended."""
        kind = "shrunk" if phase.kind == "shrink" else "phase"
        found = (e for e in self._events if e["event"] == kind and e.get("name") == phase.name)
        return next(found, None)

    def _train(self, phase: Phase) -> None:
        model = self._models.get(phase.source, phase.seed, phase.fresh)
        alive = count(removable(find_channels(model)))
        same = {"alive": alive, "channels": alive, "flops": model_cost(model).flops}
        record = self._told.epochs({**_about(phase), **same})
        result = fit(
            model,
            self._job.dataset,
            replace(self._job.training, epochs=phase.epochs),
            self._job.augmentation,
            phase.seed,
            checkpoints=self._folder / phase.name,
            progress=record,
            log_dir=self._run.path / "tensorboard" / phase.name if self._job.training.tensorboard else None,
            ring=self._ring,
            teaching=self._teaching(phase, model),
        )
        for epoch in result.curve:
            record({**epoch, "epochs": phase.epochs})
        if result.stopped == "diverged":
            raise RunError(f"training diverged in {self._run.path}, {FAILURE}.")
        self._models.put(phase.name, model)
        self._told.say(ended(phase, result, self._job.training.restore_best))

    def _teaching(self, phase: Phase, student: Any) -> Teaching | None:
        if self._job.lesson is None or phase.kind != RETRAIN:
            return None
        return self._job.lesson(self._models.get(teacher(self._plan, self._job.trained), phase.seed), student)

    def _shrink(self, phase: Phase) -> None:
        job = self._job
        self._check_before(phase)
        model = self._models.get(phase.source, phase.seed)
        record = self._told.epochs(_about(phase))
        compression = compress(
            model,
            job.dataset,
            job.morph,
            job.training,
            job.augmentation,
            phase.seed,
            progress=lambda epoch: record(numbered(epoch, job.morph, phase.epochs)),
            checkpoints=self._folder / phase.name,
            ring=self._ring,
            device=journaled_device(self._events[0]),
        )
        for epoch in compression.curve:
            record(numbered(epoch, job.morph, phase.epochs))
        self._take_over(phase, model, compression)

    def _take_over(self, phase: Phase, model: Any, compression: Compression) -> None:
        """Makes the smaller network of what the phase decided."""
        channels = find_channels(model)
        check_alive(channels, compression, self._job.morph)
        result = smaller(model, compression, phase.seed)
        self._models.put(phase.name, result)
        event = {"event": "shrunk", "name": phase.name, "iteration": phase.iteration}
        block = shrunk_block(channels, result, compression)
        self._told.say(
            {**event, **block, "valid": self._valid(result), "architecture": self._network(compression, result)}
        )

    def _network(self, compression: Compression, result: Any) -> Any:
        """The smaller network as an architecture; None if it came as a model, or has lost whole layers before."""
        earlier = [event["architecture"] for event in self._events if event["event"] in ("start", "shrunk")][-1]
        found = None if earlier is None else described(from_json(earlier), compression.widths, result)
        return None if found is None else found.to_json()

    def _valid(self, model: Any) -> dict[str, float]:
        values = evaluate(model, self._job.dataset.validation, self._job.dataset, self._job.training.batch_size)
        return {f"valid_{name}": value for name, value in values.items()}

    def _check_before(self, phase: Phase) -> None:
        """Notes once what weights that are not fresh are worth as they came."""
        if self._job.trained and phase.source == START and not any(e.get("name") == START for e in self._events):
            model = self._models.get(START, phase.seed)
            self._told.say(
                {"event": "phase", "phase": "given", "name": START, "iteration": 0, "valid": self._valid(model)}
            )

    def _finish(self) -> None:
        """Tests the result, and measures it beside the network as it came."""
        result = self._models.read(last(self._plan), self._job.seed)
        file = self._run.best / "model.keras"
        if not any(event["event"] == "test" for event in self._events):
            self._save(result, file)
            self._told.record(self._tested(result))
        self._told.record(end_event(self._events, self._sides(result, file)))

    def _save(self, result: Any, file: Path) -> None:
        save(result, file)
        shrunk = [event for event in self._events if event["event"] == "shrunk"]
        if shrunk[-1]["architecture"] is not None:
            self._run.write_json("best/architecture.json", shrunk[-1]["architecture"])

    def _tested(self, result: Any) -> dict[str, Any]:
        """The test event: the test set is used once for the result and, where there is one, for the baseline."""
        event = {"event": "test", **self._scores(result)}
        if self._job.loop.baseline:
            event["before"] = self._scores(self._models.read(BASELINE, self._job.seed))
        return event

    def _scores(self, model: Any) -> dict[str, Any]:
        data, size = self._job.dataset, self._job.training.batch_size
        tested = evaluate(model, data.test, data, size)
        return {"metrics": {f"test_{name}": value for name, value in tested.items()}, "valid": self._valid(model)}

    def _sides(self, result: Any, file: Path) -> dict[str, Any]:
        original = self._models.read(START, self._job.seed)
        ms = measured_ms(original, result)
        test = next(event for event in self._events if event["event"] == "test")
        tested = {key: value for part in ("metrics", "valid") for key, value in test[part].items()}
        values, weights = known_before(self._events, BASELINE)
        whose = last(self._plan).split("-")[0]
        return {
            "before": side(cost_block(model_cost(original)), self._models.file(START), ms[0], values, weights),
            "after": side(cost_block(model_cost(result)), file, ms[1], tested, whose),
        }


def _about(phase: Phase) -> dict[str, Any]:
    return {"phase": phase.kind, "name": phase.name, "iteration": phase.iteration}
