"""What keeps a network sparse, or makes it so, while it is trained."""

from collections.abc import Sequence
from typing import Any, Protocol, final

import numpy as np
from numpy.typing import NDArray

from nas_cli.prune.gradual import GradualPruning
from nas_cli.prune.masks import Masks, check_masks
from nas_cli.prune.regrowth import Regrowth
from nas_cli.prune.settings import PruneSettings
from nas_cli.prune.weights import Weight
from nas_cli.training.penalty import Penalty
from nas_cli.training.zeros import ZerosStay


class MaskedTraining(Penalty, Protocol):
    """A penalty for `fit` under which the weights outside its masks are zero after every step."""

    def masks(self) -> dict[str, NDArray[np.bool_]]:
        """The masks at this moment."""


def masks_in_training(
    weights: Sequence[Weight], masks: Masks, settings: PruneSettings, steps: int, seed: int
) -> MaskedTraining:
    """The masks held as they are, exchanged by regrowth, or made by and by (`when`=step), as the settings say.

    `steps`: of the training to come. Where masks change, what changes is in the training's checkpoint, and
    training.restore_best must be false: weights of an earlier epoch belong to other masks.

    Raises:
        ConfigError: masks of other kernels.
    """
    check_masks(weights, masks)
    if settings.when == "step":
        return GradualPruning(weights, settings, steps)
    if settings.regrow != "none":
        return Regrowth(weights, masks, settings, steps, seed)
    return HeldMasks(weights, masks)


@final
class HeldMasks:
    """Masks that do not change: what they lack is set to zero after each step."""

    def __init__(self, weights: Sequence[Weight], masks: Masks) -> None:
        self._masks = {path: np.array(mask) for path, mask in masks.items()}
        self._zeros = ZerosStay([weight.variable for weight in weights], [self._masks[one.path] for one in weights])

    def loss(self) -> Any:
        return self._zeros.loss()

    def after_step(self, learning_rate: Any) -> None:
        self._zeros.after_step(learning_rate)

    def masks(self) -> dict[str, NDArray[np.bool_]]:
        return dict(self._masks)
