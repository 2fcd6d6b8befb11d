"""A comparison of optimizers as a run: tuning and trainings one after another, in a journal, resumable."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from statistics import median
from typing import Any, final

from nas_cli.bench.optimizers.network import build_network, measured_on_test
from nas_cli.bench.optimizers.plan import SHARED, TUNED, TUNING, Plan, Training
from nas_cli.bench.optimizers.tuning import best_rate, next_rate
from nas_cli.data.dataset import Dataset
from nas_cli.data.settings import AugmentationSettings
from nas_cli.models.settings import ModelSettings
from nas_cli.runs.folder import RunFolder
from nas_cli.runs.journal import Journal
from nas_cli.runs.journaled import Summarise, completed
from nas_cli.training.settings import TrainingSettings

VERSION = 1

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Comparing:
    """What is compared, on which network and data."""

    plan: Plan
    model: ModelSettings
    dataset: Dataset
    augmentation: AugmentationSettings


def run_optimizers(
    run: RunFolder,
    job: Comparing,
    start: Event,
    on_event: Callable[[Event], None],
    launched: float,
    summarise: Summarise,
) -> dict[str, Any]:
    """The summary of the finished run; begins it, or does what is left of it.

    Events: start; per training an `epoch` after each of its epochs and `trained` at its end; `chosen` once an
    optimizer's rates were tried; end. Values of tunings are called valid_…, those of compared trainings test_….
    The caller holds the run's lock. `launched` is when the process began to work for this run (unix seconds).

    Raises:
        Interrupted: after Ctrl-C or SIGTERM; the run can be resumed.
        RunError: if the disk is full.
    """
    events = run.events()

    def work(journal: Journal | None) -> None:
        if journal is not None:
            _Session(run, journal, events, job, on_event).carry_out(start, launched)

    return completed(run, "bench", True, events, work, summarise)


@final
class _Session:
    """One session of a run: what the journal says is done is not done again."""

    def __init__(
        self,
        run: RunFolder,
        journal: Journal,
        events: Sequence[Event],
        job: Comparing,
        on_event: Callable[[Event], None],
    ) -> None:
        self._run, self._journal, self._job, self._on_event = run, journal, job, on_event
        self._events: list[Event] = list(events)
        self._trained = {e["training"]: e for e in events if e["event"] == "trained"}
        self._known = {(e["training"], int(e["epoch"])) for e in events if e["event"] == "epoch"}

    @cached_property
    def _compared_on(self) -> Dataset:
        return measured_on_test(self._job.dataset)

    def carry_out(self, start: Event, launched: float) -> None:
        """Does what is left of the run."""
        plan = self._job.plan
        if self._events:
            self._record({"event": "resume", "launched": launched})
        else:
            self._record({"event": "start", "version": VERSION, "seed": plan.seed, **start, "launched": launched})
        if SHARED in plan.protocols:
            self._compare(SHARED, dict.fromkeys(plan.bench.optimizers, plan.bench.shared_rate))
        if TUNED in plan.protocols:
            rates = {optimizer: self._rate(optimizer) for optimizer in plan.bench.optimizers}
            self._compare(TUNED, {optimizer: rate for optimizer, rate in rates.items() if rate is not None})
        self._record({"event": "end"})

    def _compare(self, protocol: str, rates: Mapping[str, float]) -> None:
        for training in self._job.plan.compared(protocol, rates):
            self._outcome(training)

    def _rate(self, optimizer: str) -> float | None:
        """The rate that does best on the validation split; None if every training diverged."""
        plan = self._job.plan
        scores: dict[float, tuple[float, float] | None] = {}
        while (rate := next_rate(plan.rates(optimizer), plan.bench.widen, scores)) is not None:
            final_values = self._outcome(plan.tuning(optimizer, rate))["final"]
            scores[rate] = (final_values["valid_accuracy"], final_values["valid_loss"]) if final_values else None
        found = best_rate(scores)
        if not any(e["event"] == "chosen" and e["optimizer"] == optimizer for e in self._events):
            tried = [[rate, None if score is None else score[0]] for rate, score in sorted(scores.items())]
            block = {"rate": None, "at_edge": False} if found is None else asdict(found)
            self._say({"event": "chosen", "optimizer": optimizer, **block, "tried": tried})
        return None if found is None else found.rate

    def _outcome(self, training: Training) -> Event:
        """The `trained` event of a training, which is carried out or continued unless it has ended."""
        if training.name not in self._trained:
            self._trained[training.name] = self._say(self._train(training))
        self._run.remove(self._run.path / "checkpoints" / training.name)
        return self._trained[training.name]

    def _train(self, training: Training) -> dict[str, Any]:
        from nas_cli.training import precision
        from nas_cli.training.fit import fit
        from nas_cli.training.session import forget_models

        job, seed = self._job, self._job.plan.training_seed(training)
        forget_models()
        # What is forgotten includes the arithmetic of layers.
        precision.apply(job.plan.training.precision)
        dataset = job.dataset if training.protocol == TUNING else self._compared_on
        curve: list[Event] = []

        def record(epoch: Mapping[str, float]) -> None:
            # A checkpoint and its journal line are two writes: after a kill between them the epoch comes again.
            curve.append(_named(epoch, training))
            key = (training.name, int(epoch["epoch"]))
            if key not in self._known:
                self._known.add(key)
                self._say({"event": "epoch", "training": training.name, "epochs": training.epochs, **curve[-1]})

        result = fit(
            build_network(job.model, dataset, training.initializer, seed),
            dataset,
            _settings(job.plan, training),
            job.augmentation,
            seed,
            checkpoints=self._run.path / "checkpoints" / training.name,
            progress=record,
        )
        curve.clear()
        for epoch in result.curve:
            record(epoch)
        return {"event": "trained", **training.block(), **_ended(result, curve)}

    def _record(self, event: Event) -> Event:
        written = self._journal.append(event)
        self._events.append(written)
        return written

    def _say(self, event: Event) -> Event:
        written = self._record(event)
        self._on_event(written)
        return written


def _settings(plan: Plan, training: Training) -> TrainingSettings:
    """Those of one training: every epoch is trained, and the last weights count, so that no value chooses anything."""
    return replace(
        plan.training,
        epochs=training.epochs,
        batch_size=training.batch_size,
        optimizer=replace(plan.usual[training.optimizer], learning_rate=training.rate),
        restore_best=False,
        patience=None,
        max_seconds=None,
        tensorboard=False,
    )


def _named(epoch: Mapping[str, float], training: Training) -> dict[str, Any]:
    """The epoch's values; what `fit` measured on the split it was given to look at is called by that split's name."""
    split = "valid_" if training.protocol == TUNING else "test_"
    return {
        key.replace("valid_", split, 1) if key.startswith("valid_") else key: value
        for key, value in epoch.items()
        if key != "epochs"
    }


def _ended(result: Any, curve: Sequence[Event]) -> dict[str, Any]:
    """What a training came to; `final` holds the last epoch's values, empty if it diverged.

    `epoch_seconds`: the median over the epochs, the first of which also compiles.
    """
    whole = result.stopped == "completed"
    return {
        "stopped": result.stopped,
        "final": {k: v for k, v in curve[-1].items() if k.endswith(("loss", "accuracy"))} if whole and curve else {},
        "epochs_done": len(curve),
        "epoch_seconds": median(epoch["seconds"] for epoch in curve) if curve else None,
        "train_seconds": result.train_seconds,
        "images_per_second": result.images_per_second,
    }
