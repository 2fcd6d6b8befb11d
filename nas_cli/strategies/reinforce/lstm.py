"""One layer of long short-term memory in NumPy, forward and backward through one step (Hochreiter & Schmidhuber 1997,
with the forget gate of Gers et al. 2000).
"""

from typing import NamedTuple

import numpy as np

from nas_cli.strategies.reinforce.controller import Floats


class State(NamedTuple):
    """Output and memory cell, both (batch, units)."""

    output: Floats
    cell: Floats


class Step(NamedTuple):
    """What the backward pass needs of a step: the joined input, the gates, the cell before, and tanh of the cell."""

    joined: Floats
    gates: Floats
    before: Floats
    squashed: Floats


def forward(weights: Floats, bias: Floats, given: Floats, state: State) -> tuple[State, Step]:
    """The next state.

    Gates i, f, o = sigmoid (computed as ½ + ½·tanh of the half) and g = tanh of [given, output]·W + b;
    cell' = f·cell + i·g; output' = o·tanh(cell').

    Args:
        weights: (inputs + units, 4·units), the columns of i, f, o, g in turn.
        bias: (4·units,).
        given: (batch, inputs).
    """
    units = state.output.shape[1]
    joined = np.concatenate([given, state.output], axis=1)
    sums = joined @ weights + bias
    sums[:, : 3 * units] *= 0.5
    gates = np.tanh(sums)
    gates[:, : 3 * units] = 0.5 + 0.5 * gates[:, : 3 * units]
    enter, keep, leave, new = _four(gates)
    cell = keep * state.cell + enter * new
    squashed = np.tanh(cell)
    return State(leave * squashed, cell), Step(joined, gates, state.cell, squashed)


def backward(weights: Floats, step: Step, slope: State) -> tuple[Floats, Floats, Floats, State]:
    """Derivatives of the loss by the weights, the bias, what was given, and the state before, from `slope`, those by
    the state after (each the whole derivative, later steps included).
    """
    enter, keep, leave, new = _four(step.gates)
    cell = slope.cell + slope.output * leave * (1 - step.squashed**2)
    sums = np.concatenate(
        [
            cell * new * enter * (1 - enter),
            cell * step.before * keep * (1 - keep),
            slope.output * step.squashed * leave * (1 - leave),
            cell * enter * (1 - new**2),
        ],
        axis=1,
    )
    joined = sums @ weights.T
    inputs = joined.shape[1] - new.shape[1]
    return step.joined.T @ sums, sums.sum(axis=0), joined[:, :inputs], State(joined[:, inputs:], cell * keep)


def _four(gates: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    units = gates.shape[1] // 4
    return gates[:, :units], gates[:, units : 2 * units], gates[:, 2 * units : 3 * units], gates[:, 3 * units :]
