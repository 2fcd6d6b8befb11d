"""What `fit` is given so that a network learns from a teacher: soft targets at hand, or a way to compute them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.dataset import Dataset, Split
from nas_cli.training.losses import Objective
from nas_cli.training.soft_targets import LABEL, SOFT, FeatureLoss, SoftTargets, Weighting

Tensor = Any
Live = Callable[[Tensor], Mapping[str, Tensor]]


@dataclass(frozen=True)
class Teaching:
    """A teacher's part in one training.

    `weighting`, `features`: of the loss. `identity`: JSON values that tell this teaching from others.
    `cached`: float32 (training examples, classes), the soft targets of the training split in its order; None: they are
    computed in every step by `live`, from the step's raw float32 inputs to the parts of the targets.
    `network`: the student with features as further outputs, and whatever turns them to the teacher's shapes; it shares
    the student's weights. None: the student gives nothing but logits.
    """

    weighting: Weighting
    identity: Any
    cached: NDArray[np.float32] | None = None
    live: Live | None = None
    network: Any = None
    features: Sequence[FeatureLoss] = ()

    def objective(self, hard: Objective) -> Objective:
        """The student's loss, around that of the labels."""
        return SoftTargets(hard, self.weighting, self.features)

    def examples(self, dataset: Dataset) -> Dataset:
        """The data set with the soft targets at hand joined to its training labels; without any, as it is."""
        if self.cached is None:
            return dataset
        return replace(dataset, train=Split(dataset.train.x, with_soft(dataset.train.y, self.cached)))


Lesson = Callable[[Any, Any], Teaching | None]
"""From a trained network, which it freezes, and a student to what `fit` gets; None where the training is plain."""


def with_soft(labels: NDArray[Any], soft: NDArray[np.float32]) -> NDArray[Any]:
    """A record per example: its label and its soft targets. It is indexed, counted and batched as labels are."""
    kind = np.dtype([(LABEL, labels.dtype), (SOFT, np.float32, soft.shape[1:])])
    records = np.empty(len(labels), kind)
    records[LABEL], records[SOFT] = labels, soft
    return records
