"""The sensitivity scan: what is left of the validation score when one layer alone is pruned, without training."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.dataset import Dataset
from nas_cli.prune.settings import PruneSettings
from nas_cli.prune.unit_saliency import unit_scores
from nas_cli.prune.units import removable_groups
from nas_cli.prune.weight_saliency import weight_scores
from nas_cli.prune.weights import find_weights
from nas_cli.surgery.channels import find_channels
from nas_cli.surgery.mask import mask
from nas_cli.training.evaluation import measured
from nas_cli.training.losses import plain_objective
from nas_cli.training.steps import EvaluationSteps

Point = tuple[float, dict[str, float]]
"""A share that is removed, and valid_loss and valid_accuracy (or valid_rmse) without it."""

Changed = Callable[[float], Sequence[Any]]
"""From a share to the values of all weights of the model when that share of one layer is gone."""


def scan(
    model: Any,
    dataset: Dataset,
    settings: PruneSettings,
    points: Sequence[float],
    batch_size: int,
    seed: int,
    done: Collection[str] = (),
) -> Iterator[tuple[str, list[Point]]]:
    """(layer, its points) for every weight, or group of units, that can be pruned, but those already `done`.

    Of a layer with n of them round(n·share) go, those of the least score by `settings.criterion`; all scores are those
    of the whole network. The first point is share 0. Only validation examples are evaluated, and training examples
    scored. The model has its own weights again afterwards.

    Raises:
        ConfigError: a layer that does not exist, or nothing that can be removed.
    """
    evaluator = _Evaluator(model, dataset, batch_size)
    whole = model.get_weights()
    untouched = evaluator.score(whole)
    find = _units if settings.structured else _weights
    for name, changed in find(model, dataset, settings, batch_size, seed):
        if name not in done:
            yield name, [(0.0, untouched), *((share, evaluator.score(changed(share))) for share in points)]
            model.set_weights(whole)


def drops(points: Sequence[Point], metric: str, higher_is_better: bool) -> list[tuple[float, float]]:
    """(share, by how much the score falls), at least 0."""
    values = [(share, values[f"valid_{metric}"]) for share, values in points]
    whole = values[0][1]
    return [(share, max(0.0, whole - v if higher_is_better else v - whole)) for share, v in values[1:]]


def _weights(
    model: Any, dataset: Dataset, settings: PruneSettings, batch_size: int, seed: int
) -> Iterator[tuple[str, Changed]]:
    weights = find_weights(model, settings)
    scores = weight_scores(model, weights, dataset, settings, batch_size, seed)
    places = {id(variable): place for place, variable in enumerate(model.weights)}
    whole = model.get_weights()
    for weight in weights:
        place, score = places[id(weight.variable)], scores[weight.path]

        def changed(share: float, place: int = place, score: NDArray[Any] = score) -> list[Any]:
            values = list(whole)
            values[place] = np.where(_kept(score.reshape(-1), share).reshape(score.shape), whole[place], 0)
            return values

        yield weight.path, changed


def _units(
    model: Any, dataset: Dataset, settings: PruneSettings, batch_size: int, seed: int
) -> Iterator[tuple[str, Changed]]:
    channels = find_channels(model)
    scores = unit_scores(model, channels, dataset, settings, batch_size, seed)
    for group in removable_groups(channels, settings):

        def changed(share: float, name: str = group.name, score: NDArray[Any] = scores[group.units]) -> list[Any]:
            values: list[Any] = mask(model, {name: _kept(score, share)}).get_weights()
            return values

        yield group.name, changed


def _kept(scores: NDArray[Any], share: float) -> NDArray[np.bool_]:
    """All but the round(n·share) smallest; of units of one group at least one stays."""
    gone = min(round(scores.size * share), scores.size - 1)
    stays = np.ones(scores.size, np.bool_)
    stays[np.argsort(scores, kind="stable")[:gone]] = False
    return stays


@final
class _Evaluator:
    """The validation score of one model with many weights: its graph is traced once."""

    def __init__(self, model: Any, dataset: Dataset, batch_size: int) -> None:
        self._model, self._split, self._batch_size = model, dataset.validation, batch_size
        self._objective = plain_objective(dataset)
        self._steps = EvaluationSteps(model, self._objective, dataset.validation, jit_compile=False)

    def score(self, weights: Sequence[Any]) -> dict[str, float]:
        self._model.set_weights(weights)
        values = measured(self._steps, self._objective, self._split, self._batch_size)
        return {f"valid_{name}": value for name, value in values.items()}
