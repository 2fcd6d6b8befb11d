"""Pruning as a run: train, then score, remove and train again round by round; in a journal, resumable at any time."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, final

from nas_cli.costs.keras_cost import model_cost
from nas_cli.data.batches import batches_per_epoch
from nas_cli.data.dataset import Dataset
from nas_cli.data.settings import AugmentationSettings
from nas_cli.distributed.ring import OneProcess, Ring, agreed
from nas_cli.errors import RunError
from nas_cli.prune.during_training import masks_in_training
from nas_cli.prune.ending import Ending
from nas_cli.prune.loop_settings import PruneLoopSettings
from nas_cli.prune.mask_sharing import MaskFiles
from nas_cli.prune.masks import Masks, apply_masks, full_masks
from nas_cli.prune.phases import BASELINE, MAIN, START, TAUGHT, TRAIN, Phase, epochs_of_result, phases, teacher
from nas_cli.prune.rounds import REWIND, Rounds
from nas_cli.prune.scan import scan
from nas_cli.prune.settings import PruneSettings
from nas_cli.prune.summary import VERSION, summarise
from nas_cli.prune.training import Trained, pruned_by_tfmot, trained
from nas_cli.prune.weights import find_weights
from nas_cli.runs.folder import RunFolder
from nas_cli.runs.journal import Journal
from nas_cli.runs.journaled import completed
from nas_cli.runs.told import Told
from nas_cli.training.model_files import ModelFiles
from nas_cli.training.result import Epoch
from nas_cli.training.settings import TrainingSettings
from nas_cli.training.teaching import Lesson, Teaching

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Pruning:
    """What is pruned, on what, and how.

    `model`: the network with its first weights; None once the run has begun and has it in a file, and in processes
    other than the first. `trained`: these weights are not fresh. `lesson`: what the network, once trained, teaches what
    is left of it; None: nothing.
    """

    model: Any
    trained: bool
    dataset: Dataset
    training: TrainingSettings
    augmentation: AugmentationSettings
    prune: PruneSettings
    loop: PruneLoopSettings
    seed: int
    lesson: Lesson | None = None

    def plan(self) -> list[Phase]:
        """The phases in order."""
        return phases(self.prune, self.loop, self.training.epochs, self.trained, self.seed)


def run_prune(
    run: RunFolder,
    job: Pruning,
    start: Event,
    on_event: Callable[[Event], None],
    launched: float,
    ring: Ring | None = None,
) -> dict[str, Any]:
    """The summary of the finished run; begins it, or continues it from its last checkpoint.

    W' ← W; in each round the saliency of W', the removal of the smallest, fine-tuning.
    The caller holds the run's lock. `start` holds what the start event says besides version and seed (with `cost`,
    `nonzero`, `layers` and the `device` of a latency target); `on_event` gets every new epoch, phase, pruned and
    sensitivity event; `launched` is when the process began to work for this run (unix seconds).
    With several processes in `ring` all call this, and only the first writes; the others get an empty summary.

    Raises:
        Interrupted: after Ctrl-C or SIGTERM; the run can be resumed.
        ConfigError: a layer that does not exist, nothing to remove, or a rewinding to where no training comes by.
        RunError: if a training diverged, or the disk is full.
    """
    together = ring or OneProcess()
    events = agreed(together, run.events() if together.rank == 0 else None)

    def work(journal: Journal | None) -> None:
        _Session(run, Told(journal, events, on_event), job, together, launched).carry_out(start)

    return completed(run, "prune", together.rank == 0, events, work, summarise)


@final
class _Session:
    """One session of a run: what the journal says is done is not done again."""

    def __init__(self, run: RunFolder, told: Told, job: Pruning, ring: Ring, launched: float) -> None:
        self._run, self._told, self._job, self._ring = run, told, job, ring
        self._events, self._launched = told.events, launched
        self._folder = run.path / "checkpoints"
        self._models, self._masks = ModelFiles(self._folder, ring), MaskFiles(self._folder, ring)
        self._plan = job.plan()
        self._rounds = Rounds(
            job.dataset, job.prune, job.training.batch_size, job.seed, self._plan, self._events, self._models,
            self._masks,
        )  # fmt: skip

    def carry_out(self, start: Event) -> None:
        """Does what is left of the run."""
        self._begin(start)
        kinds = {"prune": self._prune, "scan": self._scan, "gradual": self._gradual}
        for phase in self._plan:
            if not self._done(phase):
                kinds.get(phase.kind, self._train)(phase)
            if self._told.writes:
                self._run.remove(self._folder / phase.name)
        if self._told.writes:
            ending = Ending(self._run, self._job, self._events, self._models, self._masks, self._plan)
            ending.write(self._told.record)

    def _begin(self, start: Event) -> None:
        if self._events:
            self._told.record({"event": "resume", "launched": self._launched})
        else:
            head = {"event": "start", "version": VERSION, "seed": self._job.seed}
            self._models.put(START, self._job.model)
            self._told.record({**head, **agreed(self._ring, start), "launched": self._launched})
        if self._job.trained and not any(event.get("phase") == "given" for event in self._events):
            self._check_given()

    def _check_given(self) -> None:
        """Notes once what weights that are not fresh are worth as they came."""
        valid = self._agreed(lambda: self._rounds.valid(self._models.read(START, self._job.seed)))
        self._told.say({"event": "phase", "phase": "given", "name": START, "arm": MAIN, "round": 0, "valid": valid})

    def _agreed(self, work: Callable[[], Any]) -> Any:
        """What the first process, which alone does the work, has found, in all of them."""
        return agreed(self._ring, work() if self._ring.rank == 0 else None)

    def _done(self, phase: Phase) -> bool:
        kind = {"prune": "pruned", "gradual": "pruned", "scan": "scanned"}.get(phase.kind, "phase")
        return self._has(kind, phase)

    def _has(self, kind: str, phase: Phase) -> bool:
        return any(event["event"] == kind and event.get("name") == phase.name for event in self._events)

    def _about(self, phase: Phase) -> dict[str, Any]:
        return {"phase": phase.kind, "name": phase.name, "arm": phase.arm, "round": phase.round}

    def _train(self, phase: Phase) -> None:
        """Trains without pruning any further: before the first round, after a removal, and the controls."""
        epochs = self._epochs_of_result() if phase.kind == BASELINE else phase.epochs
        model = self._models.get(phase.source, phase.seed, fresh=phase.kind == "reinit")
        masks = self._masks.get(phase.source) if phase.kind in ("tune", "reinit") else None
        self._fit(phase, model, masks, epochs)

    def _fit(self, phase: Phase, model: Any, masks: Masks | None, epochs: int) -> None:
        job, penalty, moving = self._job, None, False
        if masks is not None:
            weights = find_weights(model, job.prune)
            apply_masks(weights, masks)
            batch = job.training.batch_size * self._ring.begun
            steps = epochs * batches_per_epoch(len(job.dataset.train), batch, job.augmentation.copies)
            penalty = masks_in_training(weights, masks, job.prune, steps, phase.seed)
            moving = job.prune.when == "step" or job.prune.regrow != "none"
        same = {"sparsity": self._sparsity(phase), "flops": model_cost(model).flops}
        record = self._told.epochs({**self._about(phase), **same})
        result = trained(
            model,
            job.dataset,
            self._training(phase, epochs),
            job.augmentation,
            phase.seed,
            penalty=penalty,
            moving=moving,
            stop=self._keeper(phase, model),
            checkpoints=self._folder / phase.name,
            progress=record,
            log_dir=self._run.path / "tensorboard" / phase.name if job.training.tensorboard else None,
            ring=self._ring,
            teaching=self._teaching(phase, model),
        )
        for epoch in result.curve:
            record({**epoch, "epochs": epochs})
        self._end_phase(phase, model, result)

    def _teaching(self, phase: Phase, student: Any) -> Teaching | None:
        if self._job.lesson is None or phase.kind not in TAUGHT:
            return None
        return self._job.lesson(self._models.get(teacher(self._plan, self._job.trained), phase.seed), student)

    def _training(self, phase: Phase, epochs: int) -> TrainingSettings:
        """The settings of a phase's training, so many epochs long."""
        settings, rate = replace(self._job.training, epochs=epochs), self._job.prune.learning_rate
        if rate is None or phase.kind in (TRAIN, BASELINE):
            return settings
        return replace(settings, optimizer=replace(settings.optimizer, learning_rate=rate))

    def _end_phase(self, phase: Phase, model: Any, result: Trained) -> None:
        if result.stopped == "diverged":
            reason = "the loss is not finite: lower training.optimizer.learning_rate"
            raise RunError(f"training diverged in {self._run.path}, {reason}.")
        if result.masks is not None:
            self._masks.put(phase.name, result.masks)
        self._models.put(phase.name, model)
        self._told.say({"event": "phase", **self._about(phase), **result.block})

    def _keeper(self, phase: Phase, model: Any) -> Callable[[Epoch], str | None] | None:
        """What keeps the weights to go back to; `fit` asks it before it writes the epoch's checkpoint."""
        wanted = self._job.prune.rewind_epoch
        if phase.kind != TRAIN or not wanted:
            return None

        def keep(epoch: Epoch) -> None:
            if int(epoch["epoch"]) == wanted and not self._models.file(REWIND).exists():
                self._models.put(REWIND, model)

        return keep

    def _sparsity(self, phase: Phase) -> float:
        """The share of what can be pruned that is gone while the phase trains."""
        found = [e["sparsity"] for e in self._pruned(phase.arm) if e["round"] == phase.round]
        return float(found[-1]) if found else 0.0

    def _pruned(self, arm: str) -> list[Event]:
        return [event for event in self._events if event["event"] == "pruned" and event["arm"] == arm]

    def _epochs_of_result(self) -> int:
        """Epochs that the weights of the pruned network have had; fewer than planned if a training stopped early."""
        counted = Counter(event["name"] for event in self._events if event["event"] == "epoch")
        return epochs_of_result(self._plan, self._job.prune, counted)

    def _prune(self, phase: Phase) -> None:
        """Decides what goes, and makes the network that the round's training begins with."""
        block = self._agreed(lambda: self._rounds.remove(phase))
        self._told.say({"event": "pruned", **self._about(phase), **block})

    def _scan(self, phase: Phase) -> None:
        job = self._job
        if self._ring.rank == 0:
            model = self._models.read(phase.source, phase.seed)
            done = {event["layer"] for event in self._events if event["event"] == "sensitivity"}
            size = job.training.batch_size
            for layer, points in scan(model, job.dataset, job.prune, job.loop.scan_points, size, phase.seed, done):
                self._told.say({"event": "sensitivity", "layer": layer, "points": points})
        told = agreed(self._ring, [e for e in self._events if e["event"] == "sensitivity"])
        if not self._told.writes:
            self._events += told
        self._told.record({"event": "scanned", "name": phase.name})

    def _gradual(self, phase: Phase) -> None:
        """One training that prunes as it goes, by our masks or by tensorflow-model-optimization."""
        if not self._has("phase", phase):
            model = self._models.get(phase.source, phase.seed)
            if self._job.prune.engine == "tfmot":
                self._by_tfmot(phase, model)
            else:
                self._fit(phase, model, full_masks(find_weights(model, self._job.prune)), phase.epochs)
        block = self._agreed(lambda: self._rounds.came_to(phase))
        self._told.say({"event": "pruned", **self._about(phase), **block})

    def _by_tfmot(self, phase: Phase, model: Any) -> None:
        job = self._job
        record = self._told.epochs({**self._about(phase), "flops": model_cost(model).flops})
        settings, folder = self._training(phase, phase.epochs), self._folder / phase.name
        result = pruned_by_tfmot(model, job.dataset, settings, job.augmentation, job.prune, phase.seed, folder, record)
        for epoch in result.curve:
            record({**epoch, "epochs": phase.epochs})
        self._end_phase(phase, model, result)
