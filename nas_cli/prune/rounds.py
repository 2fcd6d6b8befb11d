"""What happens in a round before it is trained: the removal, from one file to the next."""

from collections.abc import Mapping, Sequence
from typing import Any, final

from nas_cli.costs.described import described, layer_widths
from nas_cli.costs.target_device import journaled_device
from nas_cli.data.dataset import Dataset
from nas_cli.errors import RunError
from nas_cli.prune.mask_sharing import MaskFiles
from nas_cli.prune.masks import Masks, apply_masks
from nas_cli.prune.phases import START, Phase
from nas_cli.prune.removal import Remover, gradual_block
from nas_cli.prune.scan import drops
from nas_cli.prune.sensitivity import Sensitivity
from nas_cli.prune.settings import PruneSettings
from nas_cli.prune.weights import find_weights
from nas_cli.spaces.architecture import from_json
from nas_cli.surgery.keep import Keep
from nas_cli.surgery.shrink import shrink
from nas_cli.training.evaluation import evaluate
from nas_cli.training.losses import plain_objective
from nas_cli.training.model_files import ModelFiles

Event = Mapping[str, Any]
REWIND = "rewind"
"""The network that the weights go back to after a round."""


@final
class Rounds:
    """The removals of a run; only the first process of several has one, and calls it."""

    def __init__(
        self,
        dataset: Dataset,
        settings: PruneSettings,
        batch_size: int,
        seed: int,
        plan: Sequence[Phase],
        events: Sequence[Event],
        models: ModelFiles,
        masks: MaskFiles,
    ) -> None:
        """`events`: those of the journal, with new ones as they are recorded."""
        self._dataset, self._settings, self._batch_size, self._seed = dataset, settings, batch_size, seed
        self._plan, self._events, self._models, self._masks = plan, events, models, masks

    def remove(self, phase: Phase) -> dict[str, Any]:
        """What the journal says of the removal; puts the network that the round's training begins with, and its masks.

        Raises:
            ConfigError: as `Remover.remove`.
            RunError: the training before the first round has not come to the epoch to go back to.
        """
        model, before = self._models.read(phase.source, phase.seed), self._masks.read(phase.source)
        removed = self._remover().remove(model, phase, before)
        # Before the weights go back, which are those of the scored network until then.
        block = {**removed.block, "valid": self.valid(removed.model), "architecture": self._described(removed.model)}
        first = removed.model
        if self._settings.rewind != "none":
            first = self._rewound(phase, removed.masks, removed.keep)
        if removed.masks is not None:
            self._masks.put(phase.name, removed.masks)
        self._models.put(phase.name, first)
        return {**block, "epochs_after": self._settings.epochs_after(phase.round)}

    def came_to(self, phase: Phase) -> dict[str, Any]:
        """What the journal says of a network that was pruned while it trained."""
        model = self._models.read(phase.name, phase.seed)
        masks = self._masks.read(phase.name) or {}
        return {**gradual_block(model, masks, self._settings), "valid": self.valid(model), "epochs_after": 0}

    def valid(self, model: Any) -> dict[str, float]:
        """Scores of a network on the validation split."""
        values = evaluate(model, self._dataset.validation, self._dataset, self._batch_size)
        return {f"valid_{name}": value for name, value in values.items()}

    def _described(self, model: Any) -> Any:
        """The smaller network as an architecture; None if it came as a model, or single weights go."""
        first = self._events[0].get("architecture")
        if first is None or not self._settings.structured:
            return None
        found = described(from_json(first), layer_widths(model), model)
        return None if found is None else found.to_json()

    def _rewound(self, phase: Phase, masks: Masks | None, keep: Keep | None) -> Any:
        """The pruned network with the weights that training goes back to."""
        origin = REWIND if self._settings.rewind_epoch else START
        if not self._models.file(origin).exists():
            raise RunError(
                f"the training before the first round ended before epoch {self._settings.rewind_epoch}, to which "
                f"prune.rewind={self._settings.rewind} goes back: name an earlier epoch, or training.patience=null."
            )
        if masks is not None:
            model = self._models.read(origin, phase.seed)
            apply_masks(find_weights(model, self._settings), masks)
            return model
        cut = [p.name for p in self._plan if p.kind == "prune" and p.arm == phase.arm and p.round == phase.round - 1]
        return shrink(self._models.read(cut[0] if cut else origin, phase.seed), keep or {})

    def _remover(self) -> Remover:
        return Remover(
            dataset=self._dataset,
            settings=self._settings,
            batch_size=self._batch_size,
            first=self._models.read(START, self._seed),
            device=journaled_device(self._events[0]),
            sensitivity=self._sensitivity(),
        )

    def _sensitivity(self) -> Sensitivity | None:
        found = [event for event in self._events if event["event"] == "sensitivity"]
        objective = plain_objective(self._dataset)
        metric, better = objective.metric, objective.higher_is_better
        return {event["layer"]: drops(event["points"], metric, better) for event in found} or None
