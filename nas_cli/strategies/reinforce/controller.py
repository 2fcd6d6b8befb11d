"""What a controller offers: sampling a sequence of options, and the gradient of the REINFORCE objective."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Episodes(NamedTuple):
    """Sampled sequences: `actions` (batch, steps), the options; `active` (batch, steps), 1.0 where a step counts;
    `advantages` (batch,), reward minus baseline.
    """

    actions: NDArray[np.int64]
    active: Floats
    advantages: Floats


class Controller(Protocol):
    """A distribution over sequences of options with parameters that can be learned."""

    @property
    def parameters(self) -> Mapping[str, Floats]:
        """The arrays to learn, changed in place by the optimizer."""
        ...

    def sample(self, rng: np.random.Generator) -> list[int]:
        """An option for each step, drawn from the distribution."""
        ...

    def gradient(self, episodes: Episodes, entropy: float) -> tuple[float, dict[str, Floats]]:
        """The loss, mean over the batch of -advantage·log π(actions) - entropy·H, and its gradient by parameter.

        H is the sum over the steps that count of the entropy of their options, log π likewise.
        """
        ...


def softmax(logits: Floats, masks: NDArray[np.bool_]) -> Floats:
    """Probabilities over the last axis, 0 where the mask is False."""
    shown = np.where(masks, logits, -np.inf)
    raised = np.exp(shown - shown.max(axis=-1, keepdims=True))
    probabilities: Floats = raised / raised.sum(axis=-1, keepdims=True)
    return probabilities


def pick(probabilities: Floats, rng: np.random.Generator) -> NDArray[np.int64]:
    """An option of each row, drawn with the row's probabilities.

    Args:
        probabilities: (rows, options), 0 for options that a row does not have; they are never drawn.
    """
    sums = np.cumsum(probabilities, axis=1)
    drawn: NDArray[np.int64] = (sums <= rng.random((len(sums), 1)) * sums[:, -1:]).sum(axis=1)
    return drawn


def objective(probabilities: Floats, episodes: Episodes, entropy: float) -> tuple[float, Floats]:
    """The loss of `Controller.gradient`, and its derivative by the logits.

    With p the softmax of the logits: d(-log p_a) = p - onehot(a), and d(-H) = p·(log p + H).

    Args:
        probabilities: (batch, steps, options), 0 for options that a step does not have.
    """
    batch = len(episodes.actions)
    taken = np.eye(probabilities.shape[-1])[episodes.actions]
    logs = np.log(np.where(probabilities > 0, probabilities, 1.0))
    entropies = -np.sum(probabilities * logs, axis=-1)
    weights = episodes.advantages[:, None] * episodes.active
    loss = -np.sum(weights * np.sum(taken * logs, axis=-1)) - entropy * np.sum(entropies * episodes.active)
    slope = weights[..., None] * (probabilities - taken)
    slope += entropy * episodes.active[..., None] * probabilities * (logs + entropies[..., None])
    return float(loss) / batch, slope / batch
