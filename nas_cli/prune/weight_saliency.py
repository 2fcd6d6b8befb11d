"""The score of every single weight."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.dataset import Dataset
from nas_cli.errors import ConfigError
from nas_cli.prune.gradients import batch_gradients, squared_gradients
from nas_cli.prune.settings import PruneSettings
from nas_cli.prune.weights import Weight

Parts = list[NDArray[Any]]


def weight_scores(
    model: Any, weights: Sequence[Weight], dataset: Dataset, settings: PruneSettings, batch_size: int, seed: int
) -> dict[str, NDArray[Any]]:
    """The saliency of each weight by its kernel's path; what is smallest goes first.

    magnitude |w|. taylor |w·g|, the first-order change of the loss without the weight, with g of a batch and the mean
    over `batches` of them (or of its square; Molchanov et al. 2019, arXiv:1906.10771). obd ½·h·w², h a diagonal of
    second derivatives, see `squared_gradients` (LeCun et al. 1990, Optimal Brain Damage). random: in [0, 1), by
    (seed, kernel) alone. Examples are `batches`·`batch_size` of the training split, drawn by the seed.

    Raises:
        ConfigError: a criterion that only channels have.
    """
    values = [np.asarray(weight.variable, np.float32) for weight in weights]
    if settings.criterion == "magnitude":
        found: Parts = [np.abs(value) for value in values]
    elif settings.criterion == "random":
        found = [np.random.default_rng((seed, place)).random(value.shape) for place, value in enumerate(values)]
    elif settings.criterion == "taylor":
        found = _taylor(model, weights, values, dataset, settings, batch_size, seed)
    elif settings.criterion == "obd":
        variables = [weight.variable for weight in weights]
        curvature = settings.curvature
        squares = squared_gradients(model, variables, dataset, curvature, settings.batches, batch_size, seed)
        found = [0.5 * h * value**2 for h, value in zip(squares, values, strict=True)]
    else:
        raise ConfigError(f"prune.criterion={settings.criterion} scores whole channels, not single weights.")
    return {weight.path: score for weight, score in zip(weights, found, strict=True)}


def _taylor(
    model: Any,
    weights: Sequence[Weight],
    values: Parts,
    dataset: Dataset,
    settings: PruneSettings,
    batch_size: int,
    seed: int,
) -> Parts:
    variables = [weight.variable for weight in weights]
    power = 2 if settings.taylor == "squared" else 1
    sums: Parts = [np.zeros(value.shape, np.float64) for value in values]
    count = 0
    for gradients in batch_gradients(model, variables, dataset, settings.batches, batch_size, seed):
        for total, value, gradient in zip(sums, values, gradients, strict=True):
            total += np.abs(value * gradient) ** power
        count += 1
    return [total / count for total in sums]
