"""How long a shrinking phase is; found out without TensorFlow."""

import math
from dataclasses import dataclass

from nas_cli.morph.settings import MorphSettings


@dataclass(frozen=True)
class PhaseLength:
    """One shrinking phase with one multiplier.

    `epochs`: as `fit` and the journal count them; each has `steps` steps, fewer than a pass over the training examples
    where the settings say so. `passes`: over the training examples, all epochs together.
    """

    epochs: int
    steps: int
    passes: float


def phase_length(settings: MorphSettings, batches: int) -> PhaseLength:
    """The length of a phase on a data set of `batches` batches; `settings.steps` is rounded up to equal epochs."""
    if settings.steps is None:
        return PhaseLength(settings.epochs, batches, float(settings.epochs))
    epochs = math.ceil(settings.steps / batches)
    each = math.ceil(settings.steps / epochs)
    return PhaseLength(epochs, each, epochs * each / batches)


def tried_multipliers(settings: MorphSettings) -> tuple[float, ...]:
    """The multipliers of which each gets a phase of its own."""
    return settings.multipliers or (settings.multiplier,)


def compression_epochs(settings: MorphSettings, batches: int) -> float:
    """k: passes over the training examples of all multipliers together, which is what compression costs."""
    return phase_length(settings, batches).passes * len(tried_multipliers(settings))
