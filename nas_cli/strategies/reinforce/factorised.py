"""The controller with a softmax of its own for each decision."""

from collections.abc import Mapping
from typing import final

import numpy as np

from nas_cli.strategies.reinforce.controller import Episodes, Floats, objective, pick, softmax
from nas_cli.strategies.reinforce.vocabulary import Vocabulary


@final
class FactorisedController:
    """Independent choices; at first all options of a step are equally likely (Dong & Yang 2020, section 4: how
    REINFORCE is applied to NAS-Bench-201).
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._masks = vocabulary.masks
        self._logits = np.zeros(vocabulary.masks.shape)

    @property
    def parameters(self) -> Mapping[str, Floats]:
        return {"logits": self._logits}

    def sample(self, rng: np.random.Generator) -> list[int]:
        return [int(option) for option in pick(softmax(self._logits, self._masks), rng)]

    def gradient(self, episodes: Episodes, entropy: float) -> tuple[float, dict[str, Floats]]:
        probabilities = softmax(self._logits, self._masks)
        shown = np.broadcast_to(probabilities, (len(episodes.actions), *probabilities.shape))
        loss, slope = objective(shown, episodes, entropy)
        return loss, {"logits": slope.sum(axis=0)}
