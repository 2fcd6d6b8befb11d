"""Magnitude pruning with tfmot's wrappers: convert, wrap, train, strip, and the weights back into the Keras 3 model."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.dataset import Dataset
from nas_cli.data.settings import AugmentationSettings
from nas_cli.errors import ConfigError
from nas_cli.models.tf_keras_library import quiet_tf_keras, tf_keras, tfmot, tfmot_part
from nas_cli.models.tf_keras_model import Twin, give_back, twin
from nas_cli.prune.masks import Masks, apply_masks, largest, share_left
from nas_cli.prune.schedule import step_shares
from nas_cli.prune.settings import PruneSettings
from nas_cli.prune.spread import kept_counts
from nas_cli.prune.weights import Weight, find_weights
from nas_cli.training.result import Epoch, Progress
from nas_cli.training.settings import TrainingSettings
from nas_cli.training.tf_keras_fit import fit_tf_keras, steps_per_epoch


@dataclass(frozen=True)
class TfmotResult:
    """`model`: the Keras 3 model that was given, with its new weights. `masks` by `Weight.path`, True where kept.

    `sparsity`: share of pruned weights of each path. `curve`: as in `FitResult`, with the 'sparsity' after each epoch.
    `stopped`: as in `FitResult`. `steps`: gradient steps.
    """

    model: Any
    masks: Masks
    sparsity: Mapping[str, float]
    curve: tuple[Epoch, ...]
    stopped: str
    steps: int


def check_tfmot(model: Any, settings: PruneSettings) -> None:
    """Returns if engine tfmot can prune the model.

    Raises:
        ConfigError: a layer that cannot be converted or that tfmot does not prune, by name.
    """
    _check_prunable(twin(model), find_weights(model, settings), settings)


def prune_with_tfmot(
    model: Any,
    dataset: Dataset,
    training: TrainingSettings,
    augmentation: AugmentationSettings,
    settings: PruneSettings,
    seed: int,
    *,
    checkpoints: Path | None = None,
    progress: Progress | None = None,
) -> TfmotResult:
    """Prunes a Keras 3 model in place in one training, at the steps and to the shares of `step_shares`.

    tfmot's rule, per tensor: the round(n·(1 − s)) largest |w| stay; the others are zero in every forward pass and at
    the end. pattern=block: the same of the mean |w| of blocks; 2:4: of four neighbours along the input channels the
    two largest, chosen once at the first step. The last weights are kept, not the best ones (restore_best, patience),
    which may be those of an epoch with fewer zeros.

    Raises:
        ConfigError: as `check_tfmot`.
        RunError: the checkpoint belongs to another training.
    """
    weights = find_weights(model, settings)
    pair = twin(model)
    _check_prunable(pair, weights, settings)
    steps = training.epochs * steps_per_epoch(dataset, training, augmentation)
    shares = step_shares(settings, steps)
    with quiet_tf_keras():
        wrapped = _wrapped(pair, weights, settings, steps)
        result = fit_tf_keras(
            wrapped,
            dataset,
            replace(training, patience=None, restore_best=False),
            augmentation,
            seed,
            callbacks=[tfmot().sparsity.keras.UpdatePruningStep()],
            measure=lambda: {"sparsity": 1 - share_left(_masks(wrapped, pair, weights))},
            checkpoints=checkpoints,
            progress=progress,
        )
        masks = _masks(wrapped, pair, weights)
        give_back(pair, tfmot().sparsity.keras.strip_pruning(wrapped))
    masks = _settled(weights, masks, settings, [share for step, share in shares if step <= result.steps])
    sparsity = {path: float(1 - mask.mean()) for path, mask in masks.items()}
    return TfmotResult(model, masks, sparsity, result.curve, result.stopped, result.steps)


def _check_prunable(pair: Twin, weights: Sequence[Weight], settings: PruneSettings) -> None:
    registry = tfmot_part("sparsity.keras.prune_registry").PruneRegistry
    owners = {id(v): name for name, layer in pair.layers.items() for v in layer.weights}
    made = {layer.name: layer for layer in pair.model.layers}
    for weight in weights:
        layer = made[owners[id(weight.variable)]]
        what = f"layer '{pair.paths[layer.name]}' ({type(layer).__name__})"
        advice = "Name it in prune.exclude, or use prune.engine=own."
        if not registry.supports(layer) or not registry._weight_names(layer):
            raise ConfigError(f"{what}: tfmot prunes none of its weights. {advice}")
        if settings.pattern == "block" and len(weight.shape) != 2:
            raise ConfigError(
                f"{what} has weights of shape {weight.shape}: tfmot's pattern=block is for dense layers. {advice}"
            )
        if settings.pattern == "2:4" and len(weight.shape) not in (2, 4):
            raise ConfigError(
                f"{what} has weights of shape {weight.shape}: tfmot's pattern=2:4 is for dense layers and 2-D "
                f"convolutions. {advice}"
            )


def _wrapped(pair: Twin, weights: Sequence[Weight], settings: PruneSettings, steps: int) -> Any:
    """The tf_keras model with tfmot's wrapper around each chosen layer; the others stay as they are."""
    from nas_cli.prune.tfmot.counted_schedule import CountedSchedule

    chosen = {id(weight.variable): weight for weight in weights}
    options: dict[str, Any] = {"block_size": settings.block or (1, 1), "block_pooling_type": "AVG"}
    options |= {"sparsity_m_by_n": (2, 4)} if settings.pattern == "2:4" else {}

    def wrap(layer: Any) -> Any:
        variables = pair.layers[layer.name].weights if layer.name in pair.layers else []
        weight = next((chosen[id(variable)] for variable in variables if id(variable) in chosen), None)
        if weight is None:
            return layer
        schedule = CountedSchedule(step_shares(settings, steps), elements(weight.shape, settings), steps)
        return tfmot().sparsity.keras.prune_low_magnitude(layer, pruning_schedule=schedule, **options)

    return tf_keras().models.clone_model(pair.model, clone_function=wrap)


def elements(shape: tuple[int, ...], settings: PruneSettings) -> int:
    """What the schedule counts in a tensor: its weights, or the blocks that cover it."""
    if settings.block is None:
        return math.prod(shape)
    return math.prod(-(-size // side) for size, side in zip(shape, settings.block, strict=True))


def _masks(wrapped: Any, pair: Twin, weights: Sequence[Weight]) -> dict[str, NDArray[np.bool_]]:
    """The masks of tfmot's wrappers at this moment, by the path of the weight in the Keras 3 model."""
    paths = {id(weight.variable): weight.path for weight in weights}
    masks = {}
    for layer in wrapped.layers:
        for variable, mask, _ in getattr(layer, "pruning_vars", ()):
            inner = layer.layer
            place = next(place for place, other in enumerate(inner.weights) if other is variable)
            masks[paths[id(pair.layers[inner.name].weights[place])]] = np.array(mask) != 0
    return masks


def _settled(
    weights: Sequence[Weight], masks: Masks, settings: PruneSettings, shares: Sequence[float]
) -> dict[str, NDArray[np.bool_]]:
    """The masks with exactly as many weights as the schedule's shares say, and zeros in the model where they say so.

    tfmot keeps every weight that is as large as the smallest one to stay: where weights are equal, too many. And it
    keeps at least one.
    """
    settled = dict(masks)
    if settings.pattern == "free" and shares:
        counts = kept_counts(weights, settings, shares)
        for one in weights:
            settled[one.path] = largest(np.abs(np.array(one.variable)), counts[one.path], before=masks[one.path])
    apply_masks(weights, settled)
    return settled
