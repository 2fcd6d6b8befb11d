"""The copies of one model in the processes of a ring: what may differ within an epoch, and what must never.

Trained weights and the optimizer's state follow from the same averaged gradients and stay equal by themselves. Batch
normalisation sees another share of each batch in every process, and dropout draws other masks there.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from nas_cli.distributed.ring import Ring
from nas_cli.errors import RunError

STRIDE = 1_000_003
"""Random generators of neighbouring ranks start so far apart."""
GENERATOR = "seed_generator_state"
"""What Keras calls the state of every random generator; other integers are counts of a layer."""


def diverge(model: Any, ring: Ring) -> None:
    """Gives the model's random generators another state in every process; rank 0 keeps its own."""
    for variable in model.variables if ring.rank else ():
        if _is_generator(variable):
            state = np.array(variable)
            state[0] += ring.rank * STRIDE
            variable.assign(state)


def settle(model: Any, optimizer: Any, ring: Ring, epoch: int) -> None:
    """Makes all copies equal bit for bit at the end of an epoch.

    Moving statistics become their means over the processes, so that all examples count; random generators go on
    from the state of rank 0.

    Raises:
        RunError: on all processes, if what must be equal by itself is not.
    """
    if ring.size == 1:
        return
    trained = [*model.trainable_variables, *optimizer.variables]
    if odd := _differing(trained, ring):
        raise RunError(
            f"after epoch {epoch} the {ring.size} processes have different weights ({odd[0].path} and "
            f"{len(odd) - 1} more): they do not run the same code, libraries or data."
        )
    known = {id(variable) for variable in trained}
    moved = _differing([variable for variable in model.variables if id(variable) not in known], ring)
    statistics = [variable for variable in moved if not _is_generator(variable)]
    means = ring.average([variable.value for variable in statistics], "statistics")
    for variable, mean in zip(statistics, means, strict=True):
        variable.assign(mean)
    ring.broadcast([variable for variable in moved if _is_generator(variable)])


def _is_generator(variable: Any) -> bool:
    return bool(variable.name == GENERATOR)


def _differing(variables: Sequence[Any], ring: Ring) -> list[Any]:
    """The variables whose values are not the same on all processes."""
    digests = [hashlib.sha256(np.array(variable).tobytes()).hexdigest()[:16] for variable in variables]
    everyone = ring.gather(digests)
    return [variable for variable, *texts in zip(variables, *everyone, strict=True) if len(set(texts)) > 1]
