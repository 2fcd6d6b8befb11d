"""The controller that remembers what it has chosen: an LSTM over the decisions."""

from collections.abc import Mapping
from typing import final

import numpy as np
from numpy.typing import NDArray

from nas_cli.strategies.reinforce import lstm
from nas_cli.strategies.reinforce.controller import Episodes, Floats, objective, pick, softmax
from nas_cli.strategies.reinforce.vocabulary import Vocabulary

INITIAL = 0.08
"""All weights are uniform in [-INITIAL, INITIAL] at first (Zoph & Le 2017, section 4.1)."""


@final
class RecurrentController:
    """Autoregressive choices: a step reads the embedded option of the step before (a learned start before the first),
    and gives the logits of its own options (Zoph & Le 2017, section 3.1, with one layer in place of two).

    Every step has its own embeddings and output weights, as its options are its own.
    """

    def __init__(self, vocabulary: Vocabulary, units: int, rng: np.random.Generator) -> None:
        steps, options = vocabulary.masks.shape
        self._masks = vocabulary.masks
        self._units = units
        shapes = {
            "start": (units,),
            "embeddings": (steps, options, units),
            "weights": (2 * units, 4 * units),
            "bias": (4 * units,),
            "outputs": (steps, units, options),
            "offsets": (steps, options),
        }
        self._arrays = {name: rng.uniform(-INITIAL, INITIAL, shape) for name, shape in shapes.items()}

    @property
    def parameters(self) -> Mapping[str, Floats]:
        return self._arrays

    def sample(self, rng: np.random.Generator) -> list[int]:
        state, given, chosen = self._zeros(1), self._arrays["start"][None], list[int]()
        for step, mask in enumerate(self._masks):
            state, _ = lstm.forward(self._arrays["weights"], self._arrays["bias"], given, state)
            chosen.append(int(pick(softmax(self._logits(step, state), mask), rng)[0]))
            given = self._arrays["embeddings"][step, chosen[-1]][None]
        return chosen

    def gradient(self, episodes: Episodes, entropy: float) -> tuple[float, dict[str, Floats]]:
        states, taped = self._unroll(episodes.actions)
        logits = np.stack([self._logits(step, state) for step, state in enumerate(states)], axis=1)
        loss, slope = objective(softmax(logits, self._masks), episodes, entropy)
        return loss, self._back(episodes.actions, states, taped, slope)

    def _zeros(self, batch: int) -> lstm.State:
        return lstm.State(np.zeros((batch, self._units)), np.zeros((batch, self._units)))

    def _logits(self, step: int, state: lstm.State) -> Floats:
        logits: Floats = state.output @ self._arrays["outputs"][step] + self._arrays["offsets"][step]
        return logits

    def _unroll(self, actions: NDArray[np.int64]) -> tuple[list[lstm.State], list[lstm.Step]]:
        """The state after each step of the given sequences, and what to remember of it."""
        state = self._zeros(len(actions))
        given = np.broadcast_to(self._arrays["start"], (len(actions), self._units))
        states, taped = [], []
        for step in range(len(self._masks)):
            state, remembered = lstm.forward(self._arrays["weights"], self._arrays["bias"], given, state)
            states.append(state)
            taped.append(remembered)
            given = self._arrays["embeddings"][step, actions[:, step]]
        return states, taped

    def _back(
        self, actions: NDArray[np.int64], states: list[lstm.State], taped: list[lstm.Step], slope: Floats
    ) -> dict[str, Floats]:
        """The gradient by parameter from `slope` (batch, steps, options), that of the logits."""
        found = {name: np.zeros_like(array) for name, array in self._arrays.items()}
        after = self._zeros(len(actions))
        for step in reversed(range(len(states))):
            own = slope[:, step]
            found["outputs"][step] = states[step].output.T @ own
            found["offsets"][step] = own.sum(axis=0)
            after = lstm.State(after.output + own @ self._arrays["outputs"][step].T, after.cell)
            weights, bias, given, after = lstm.backward(self._arrays["weights"], taped[step], after)
            found["weights"] += weights
            found["bias"] += bias
            if step:
                np.add.at(found["embeddings"][step - 1], actions[:, step - 1], given)
            else:
                found["start"] = given.sum(axis=0)
        return found
