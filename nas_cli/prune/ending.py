"""The end of a pruning run: its result saved, tested once, and measured beside the network as it came."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, final

from nas_cli.costs.before_after import cost_block, measured_ms, side
from nas_cli.costs.keras_cost import model_cost
from nas_cli.models.file_size import compressed_bytes
from nas_cli.models.nonzero import nonzero_weights
from nas_cli.prune.mask_sharing import MaskFiles
from nas_cli.prune.masks import save_masks
from nas_cli.prune.phases import BASELINE, MAIN, RANDOM, START, TRAIN, Phase, last
from nas_cli.prune.summary import last_architecture
from nas_cli.prune.ticket import FILE, save_ticket
from nas_cli.runs.conclusion import known_before, spent
from nas_cli.runs.folder import RunFolder
from nas_cli.training.evaluation import evaluate
from nas_cli.training.full_training import save
from nas_cli.training.model_files import ModelFiles

Event = Mapping[str, Any]
Record = Callable[[Event], Event]


@final
class Ending:
    """What the first process does when all phases are over; the files of the phases are still there."""

    def __init__(
        self, run: RunFolder, job: Any, events: list[Event], models: ModelFiles, masks: MaskFiles, plan: list[Phase]
    ) -> None:
        """`job`: a `Pruning`; `events`: those of the journal, with new ones as they are recorded."""
        self._run, self._job, self._events, self._models = run, job, events, models
        self._masks, self._plan = masks, plan

    def write(self, record: Record) -> None:
        """Records the test and the end, as far as they are not in the journal."""
        name = last(self._plan)
        result = self._models.read(name, self._job.seed)
        if not any(event["event"] == "test" for event in self._events):
            self._save(name, result)
            record(self._tested(name, result))
        record(self._end(result))

    def _save(self, name: str, result: Any) -> None:
        """best/model.keras, with architecture.json where units went and the network is one, for single weights
        best/masks.npz, and for a rewinding the ticket."""
        save(result, self._file)
        network = last_architecture(self._events)
        if network is not None:
            self._run.write_json("best/architecture.json", network)
        masks = self._masks.read(name)
        if masks is not None:
            save_masks(self._run.best / "masks.npz", masks)
        if self._job.prune.rewind != "none":
            cut = [phase.name for phase in self._plan if phase.kind == "prune" and phase.arm == MAIN][-1]
            # Its own masks: regrowth has moved those of the result since.
            save_ticket(self._run.best / FILE, self._models.read(cut, self._job.seed), self._masks.read(cut))

    @property
    def _file(self) -> Path:
        return self._run.best / "model.keras"

    def _tested(self, name: str, result: Any) -> dict[str, Any]:
        """The test event: every network that is compared is tested once, and none is chosen by it."""
        event: dict[str, Any] = {"event": "test", **self._scores(result)}
        if self._job.loop.baseline:
            event["before"] = self._scores(self._read(BASELINE))
        if self._job.loop.random:
            event["random"] = self._scores(self._read(last(self._plan, RANDOM)))
        if self._job.loop.test_rounds:
            others = [p.name for p in self._plan if p.kind in ("tune", "reinit", TRAIN) and p.name != name]
            event["rounds"] = {name: event["metrics"]}
            event["rounds"] |= {other: self._scores(self._read(other))["metrics"] for other in others}
        return event

    def _read(self, name: str) -> Any:
        return self._models.read(name, self._job.seed)

    def _scores(self, model: Any) -> dict[str, Any]:
        data, size = self._job.dataset, self._job.training.batch_size
        tested, valid = evaluate(model, data.test, data, size), evaluate(model, data.validation, data, size)
        return {
            "metrics": {f"test_{name}": value for name, value in tested.items()},
            "valid": {f"valid_{name}": value for name, value in valid.items()},
        }

    def _end(self, result: Any) -> dict[str, Any]:
        # First, for measuring is part of the time that is spent.
        sides = self._sides(result)
        return {"event": "end", "stopped": "completed", **spent(self._events, "pruned"), "prune": sides}

    def _sides(self, result: Any) -> dict[str, Any]:
        dense = BASELINE if self._job.loop.baseline else TRAIN if any(p.name == TRAIN for p in self._plan) else START
        original = self._read(dense)
        ms = measured_ms(original, result)
        test = next(event for event in self._events if event["event"] == "test")
        values, weights = known_before(self._events, BASELINE)
        sides = {
            "before": self._side(original, self._models.file(dense), ms[0], values, weights),
            "after": self._side(result, self._file, ms[1], {**test["metrics"], **test["valid"]}, "pruned"),
        }
        if self._job.loop.random:
            name, tested = last(self._plan, RANDOM), test["random"]
            values = {**tested["metrics"], **tested["valid"]}
            sides["random"] = self._side(self._read(name), self._models.file(name), {}, values, RANDOM)
        return sides

    def _side(
        self, model: Any, file: Path, ms: Mapping[str, float], values: Mapping[str, float], weights: str | None
    ) -> dict[str, Any]:
        sizes = {"nonzero": nonzero_weights(model), "compressed_bytes": compressed_bytes(file)}
        return {**side(cost_block(model_cost(model)), file, ms, values, weights), **sizes}
