"""The trainings of a pruning run: with masks that hold, and by tensorflow-model-optimization."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nas_cli.data.dataset import Dataset
from nas_cli.data.settings import AugmentationSettings
from nas_cli.prune.masks import Masks
from nas_cli.prune.settings import PruneSettings
from nas_cli.training.fit import fit
from nas_cli.training.result import ended
from nas_cli.training.settings import TrainingSettings


@dataclass(frozen=True, eq=False)
class Trained:
    """A finished training: its curve, why it stopped, the masks it ended with (None without any), and what the
    journal says of it."""

    curve: Sequence[Mapping[str, Any]]
    stopped: str
    masks: Masks | None
    block: Mapping[str, Any]


def trained(
    model: Any,
    dataset: Dataset,
    settings: TrainingSettings,
    augmentation: AugmentationSettings,
    seed: int,
    *,
    penalty: Any,
    moving: bool,
    **more: Any,
) -> Trained:
    """The model trained in place, `more` as `fit`; `penalty`: of `masks_in_training`, or None.

    While masks are `moving`, the best epoch may be one of other masks than the last: then the weights of the last
    epoch are kept, and no early stop leaves the schedule unfinished.
    """
    if moving:
        settings = replace(settings, restore_best=False, patience=None)
    result = fit(model, dataset, settings, augmentation, seed, penalty=penalty, **more)
    masks = None if penalty is None else penalty.masks()
    return Trained(result.curve, result.stopped, masks, ended(result, settings.restore_best))


def pruned_by_tfmot(
    model: Any,
    dataset: Dataset,
    settings: TrainingSettings,
    augmentation: AugmentationSettings,
    prune: PruneSettings,
    seed: int,
    checkpoints: Path,
    progress: Callable[[Mapping[str, Any]], None],
) -> Trained:
    """The model trained and pruned in place by tensorflow-model-optimization.

    Raises:
        ConfigError: naming a layer that it does not support.
    """
    from nas_cli.prune.tfmot.engine import prune_with_tfmot

    result = prune_with_tfmot(
        model, dataset, settings, augmentation, prune, seed, checkpoints=checkpoints, progress=progress
    )
    last = result.curve[-1] if result.curve else {}
    block = {
        "valid": {key: value for key, value in last.items() if key.startswith("valid_")},
        "epochs": len(result.curve),
        "best_epoch": len(result.curve),
        "stopped": result.stopped,
        "train_seconds": sum(epoch.get("seconds", 0.0) for epoch in result.curve),
    }
    return Trained(result.curve, result.stopped, result.masks, block)
