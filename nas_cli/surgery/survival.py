"""What is left of a network when channels go: which tensors still carry something, and which calls are still needed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas_cli.costs.keras_graph import Call, Tensor
from nas_cli.errors import ConfigError
from nas_cli.surgery.channels import Channels, Traced
from nas_cli.surgery.effect import CONCAT, DIFFERENCE, SUM, Alive
from nas_cli.surgery.keep import Keep, kept_units
from nas_cli.surgery.labels import Labels
from nas_cli.surgery.silence import KERNEL, gives_zero

FULL, EMPTY, CUT = "full", "empty", "cut"


@dataclass(frozen=True)
class State:
    """A tensor: full, empty (nothing is left of it; `zero`: its masked form is all zeros), or cut off its inputs.

    `group`: the group whose end emptied or cut it; `layer`: the path where that happened.
    """

    status: str
    zero: bool = False
    group: str = ""
    layer: str = ""


@dataclass(frozen=True, eq=False)
class Survival:
    """`alive`: by the ledger's numbers. `states`: of every tensor. `needed`: positions of the calls that remain."""

    channels: Channels
    alive: Alive
    states: dict[Tensor, State]
    needed: tuple[int, ...]

    def operands(self, position: int) -> list[Tensor]:
        """The sources of a call that are not empty."""
        return [source for source in self.channels.traced.calls[position].sources if self.full(source)]

    def full(self, tensor: Tensor) -> bool:
        """Whether anything is left of the tensor."""
        return self.states[tensor].status == FULL


def survive(channels: Channels, keep: Keep) -> Survival:
    """What is left after removal. Channels that nothing makes any more (a branch lost all of its own) go too.

    Raises:
        ConfigError: for a keep that does not fit the groups, and naming the layer and the group, if nothing would
            reach an output.
    """
    traced = channels.traced
    kept = kept_units(channels, keep)
    while True:
        states = _states(channels, kept)
        made = np.zeros(channels.units, np.bool_)
        for position, one in enumerate(traced.effects):
            if any(states[position, index].status != EMPTY for index in range(len(one.outputs))):
                made[traced.numbers[one.supplies]] = True
        if not (kept & ~made & ~_fixed(channels)).any():
            break
        kept &= made | _fixed(channels)
    _check(traced, states)
    return Survival(channels, kept[traced.numbers], states, tuple(_needed(traced, states)))


def _fixed(channels: Channels) -> NDArray[np.bool_]:
    fixed = np.zeros(channels.units, np.bool_)
    for group in channels.groups:
        fixed[group.units] = group.fixed is not None
    return fixed


def _states(channels: Channels, kept: NDArray[np.bool_]) -> dict[Tensor, State]:
    traced = channels.traced
    alive = kept[traced.numbers]
    states: dict[Tensor, State] = {}
    for position, (call, one) in enumerate(zip(traced.calls, traced.effects, strict=True)):
        inputs = [states[source] for source in call.sources]
        after = _after(traced, alive, position, inputs)
        for index, labels in enumerate(one.outputs):
            gone = not alive[labels.units].any()
            states[position, index] = _emptied(channels, labels, call, inputs) if gone else after
    return states


def _emptied(channels: Channels, labels: Labels, call: Call, inputs: Sequence[State]) -> State:
    """The state of a tensor all of whose own channels go."""
    zero = gives_zero(call, [state.zero for state in inputs], silenced=True)
    earlier = next((state for state in inputs if state.status == EMPTY), None)
    if earlier is not None:
        return State(EMPTY, zero, earlier.group, earlier.layer or _reader(call))
    unit = channels.traced.numbers[labels.units.flat[0]]
    return State(EMPTY, zero, next(group.name for group in channels.groups if unit in group.units))


def _reader(call: Call) -> str:
    """The layer's path if it mixes channels, so that it is what cannot do without them; else nothing."""
    return call.path if any(hasattr(call.operation, name) for name in KERNEL) else ""


def _after(traced: Traced, alive: Alive, position: int, inputs: Sequence[State]) -> State:
    """The state of a call's outputs from that of its inputs, while some of its own channels stay."""
    call = traced.calls[position]
    cut = next((state for state in inputs if state.status == CUT), None)
    if cut is not None:
        return cut
    empty = [state for state in inputs if state.status == EMPTY]
    if not empty:
        return State(FULL)
    place = empty[0].layer or _reader(call)
    if len(empty) == len(inputs):
        alone = sum(other.operation is call.operation for other in traced.calls) == 1
        return State(EMPTY, gives_zero(call, [state.zero for state in inputs], silenced=alone), empty[0].group, place)
    if _can_spare(traced, alive, position, inputs):
        return State(FULL)
    return State(CUT, group=empty[0].group, layer=call.path)


def _can_spare(traced: Traced, alive: Alive, position: int, inputs: Sequence[State]) -> bool:
    """Whether the call can do without its empty operands: their masked form must not change its result."""
    call, one = traced.calls[position], traced.effects[position]
    sources = list(zip(call.sources, inputs, strict=True))
    if one.missing == CONCAT:
        padded = (state for source, state in sources if alive[traced.labels(source).units].any())
        return all(state.zero for state in padded if state.status == EMPTY)
    if one.missing not in (SUM, DIFFERENCE) or (one.missing == DIFFERENCE and inputs[0].status == EMPTY):
        return False
    left = [traced.labels(source).shape for source, state in sources if state.status == FULL]
    return all(state.zero for state in inputs if state.status == EMPTY) and (
        np.broadcast_shapes(*left) == tuple(call.shapes[0])
    )


def _check(traced: Traced, states: dict[Tensor, State]) -> None:
    for output in traced.outputs:
        state = states[output]
        if state.status != FULL:
            layer = state.layer or traced.calls[output[0]].path
            raise ConfigError(
                f"removing all channels of group '{state.group}' cuts the network at layer '{layer}', which cannot do "
                "without them: keep at least one channel of the group."
            )


def _needed(traced: Traced, states: dict[Tensor, State]) -> list[int]:
    needed: set[int] = set()
    pending = [position for position, _ in traced.outputs]
    while pending:
        position = pending.pop()
        if position not in needed:
            needed.add(position)
            pending += [source[0] for source in traced.calls[position].sources if states[source].status == FULL]
    return sorted(needed)
