"""The score of every channel."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.dataset import Dataset
from nas_cli.prune.activations import mean_activations
from nas_cli.prune.gradients import batch_gradients, example_batches, squared_gradients
from nas_cli.prune.makers import find_makers, gates
from nas_cli.prune.settings import PruneSettings
from nas_cli.surgery.channels import Channels

Vector = NDArray[np.float64]


def unit_scores(
    model: Any, channels: Channels, dataset: Dataset, settings: PruneSettings, batch_size: int, seed: int
) -> Vector:
    """The saliency of each unit, (units,); what is smallest goes first. A unit is a channel with all tied to it.

    magnitude: the l1 norm Σ|w| (Li et al. 2017, arXiv:1608.08710) or l2 norm of all kernel slices that make it.
    taylor: |Σ w·g| over the weights that scale the channel last (`gates`: kernel and bias or, where one follows,
    a batch norm's scale and shift), the first-order change of the loss without the unit; its mean over batches.
    With `taylor`=squared (Σ w·g)² (Molchanov et al. 2019, arXiv:1906.10771). obd: Σ ½·h·w² over the same weights.
    activation: mean |activation|, see `mean_activations`. random: in [0, 1), by the seed alone.
    """
    if settings.criterion == "random":
        return np.random.default_rng(seed).random(channels.units)
    if settings.criterion == "activation":
        return mean_activations(channels, example_batches(dataset, settings.batches, batch_size, seed))
    if settings.criterion == "magnitude":
        return _magnitude(channels, settings.norm)
    if settings.criterion == "taylor":
        return _taylor(model, channels, dataset, settings, batch_size, seed)
    return _obd(model, channels, dataset, settings, batch_size, seed)


def _magnitude(channels: Channels, norm: str) -> Vector:
    power = 1 if norm == "l1" else 2
    total = np.zeros(channels.units)
    for maker in find_makers(channels):
        if maker.is_kernel:
            total += maker.by_unit(np.abs(np.asarray(maker.variable, np.float64)) ** power, channels.units)
    return total if norm == "l1" else np.sqrt(total)


def _taylor(
    model: Any, channels: Channels, dataset: Dataset, settings: PruneSettings, batch_size: int, seed: int
) -> Vector:
    makers = gates(find_makers(channels))
    variables = [maker.variable for maker in makers]
    power = 2 if settings.taylor == "squared" else 1
    total, count = np.zeros(channels.units), 0
    for gradients in batch_gradients(model, variables, dataset, settings.batches, batch_size, seed):
        effect = np.zeros(channels.units)
        for maker, gradient in zip(makers, gradients, strict=True):
            effect += maker.by_unit(np.asarray(maker.variable) * gradient, channels.units)
        total += np.abs(effect) ** power
        count += 1
    return total / count


def _obd(
    model: Any, channels: Channels, dataset: Dataset, settings: PruneSettings, batch_size: int, seed: int
) -> Vector:
    makers = gates(find_makers(channels))
    variables = [maker.variable for maker in makers]
    squares = squared_gradients(model, variables, dataset, settings.curvature, settings.batches, batch_size, seed)
    total = np.zeros(channels.units)
    for maker, h in zip(makers, squares, strict=True):
        total += maker.by_unit(0.5 * h * np.asarray(maker.variable) ** 2, channels.units)
    return total
