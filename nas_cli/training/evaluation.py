"""Loss and metric of a model on a split."""

from collections.abc import Mapping
from typing import Any, final

from nas_cli.data.dataset import Dataset, Split
from nas_cli.distributed.ring import OneProcess, Ring
from nas_cli.training.feed import Pace, chunks, in_order
from nas_cli.training.losses import Objective, plain_objective
from nas_cli.training.steps import EvaluationSteps, total


def evaluate(model: Any, split: Split, dataset: Dataset, batch_size: int = 256) -> Mapping[str, float]:
    """'loss' (no smoothing, no penalties) and 'accuracy' or 'rmse' (raw units) of a model on a split of `dataset`."""
    return Evaluation(model, split, dataset)(split, batch_size)


@final
class Evaluation:
    """`evaluate` of one model again and again, compiled once, whatever its weights become."""

    def __init__(self, model: Any, example: Split, dataset: Dataset) -> None:
        """`example`: a split with the shapes and types to come."""
        self._objective = plain_objective(dataset)
        self._steps = EvaluationSteps(model, self._objective, example, jit_compile=False)

    def __call__(self, split: Split, batch_size: int = 256) -> Mapping[str, float]:
        """'loss' and 'accuracy' or 'rmse'."""
        return measured(self._steps, self._objective, split, batch_size)


def measured(
    steps: EvaluationSteps,
    objective: Objective,
    split: Split,
    batch_size: int,
    pace: Pace | None = None,
    ring: Ring | None = None,
) -> Mapping[str, float]:
    """'loss' and the objective's metric over all examples of a split, each counted once.

    The processes of a `ring` evaluate a part each and get the same numbers.
    """
    pace, ring = pace or Pace(), ring or OneProcess()
    loss = score = 0.0
    pace.begin()
    for x, y in chunks(in_order(_part(split, ring), batch_size), pace.steps, pace.jit):
        losses, scores = steps(x, y)
        pace.lap(len(y), y.size)
        loss, score = total(losses, loss), total(scores, score)
    parts = ring.gather([loss, score])
    loss, score = sum(part[0] for part in parts), sum(part[1] for part in parts)
    return {"loss": loss / len(split), objective.metric: objective.summary(score / len(split))}


def _part(split: Split, ring: Ring) -> Split:
    if ring.size == 1:
        return split
    rows = slice(ring.rank * len(split) // ring.size, (ring.rank + 1) * len(split) // ring.size)
    return Split(split.x[rows], split.y[rows])
