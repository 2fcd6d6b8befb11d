"""The channels of a model in groups that can only be removed together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nas_cli.costs.keras_graph import Call, Tensor, channel_axis, trace
from nas_cli.surgery.effect import Context, Effect
from nas_cli.surgery.labels import Labels
from nas_cli.surgery.ledger import Ledger, Units
from nas_cli.surgery.rules import effect
from nas_cli.surgery.silence import KERNEL


@dataclass(frozen=True, eq=False)
class ChannelGroup:
    """Units that the same layers produce.

    `name`: path of the first of these layers; a second group of one layer has '#2' behind it. `units`: in channel
    order. `fixed`: None, or the reason why none of them may be removed.
    """

    name: str
    units: Units
    producers: tuple[str, ...]
    fixed: str | None


@dataclass(frozen=True, eq=False)
class LayerChannels:
    """One call of a layer that reads or writes channels with weights.

    `kind`: its class name. `inputs`, `outputs`: the unit of each channel or feature. `norm`: for a layer with a
    kernel, the path of the BatchNormalization with scale that alone reads its output, else None.
    """

    path: str
    layer: Any
    kind: str
    inputs: Units
    outputs: Units
    call: Call
    norm: str | None


@dataclass(frozen=True, eq=False)
class Traced:
    """The walk behind the groups: calls, their effects in the ledger's own numbers, and the final numbers of those."""

    calls: tuple[Call, ...]
    effects: tuple[Effect, ...]
    outputs: tuple[Tensor, ...]
    numbers: Units

    def labels(self, tensor: Tensor) -> Labels:
        """The labels of a tensor."""
        return self.effects[tensor[0]].outputs[tensor[1]]


@dataclass(frozen=True, eq=False)
class Channels:
    """All units of a model, numbered 0..units-1, in groups, and the layers that read and write them."""

    units: int
    groups: tuple[ChannelGroup, ...]
    layers: tuple[LayerChannels, ...]
    traced: Traced

    def group(self, name: str) -> ChannelGroup:
        """The group of that name; KeyError if there is none."""
        return {group.name: group for group in self.groups}[name]


def find_channels(model: Any) -> Channels:
    """The channel groups of a functional or sequential model, nested models opened up.

    Raises:
        ConfigError: naming the layer's path, for a subclassed model, a layer that is not one of Keras' own or whose
            channels cannot be followed, and a size that is not fixed.
    """
    found, outputs = trace(model)
    ledger = Ledger()
    effects = _effects(found, ledger)
    for at, index in outputs:
        ledger.fix(effects[at].outputs[index].units, "model output")
    traced = Traced(tuple(found), tuple(effects), tuple(outputs), ledger.numbering())
    units = int(traced.numbers.max()) + 1 if traced.numbers.size else 0
    return Channels(units, _groups(ledger, traced.numbers, units), _layers(traced), traced)


def _effects(found: Sequence[Call], ledger: Ledger) -> list[Effect]:
    effects: list[Effect] = []
    usual = channel_axis(found)
    first: dict[int, Effect] = {}
    for call in found:
        inputs = [effects[at].outputs[index] for at, index in call.sources]
        new = effect(Context(ledger, call, inputs, usual))
        earlier = first.setdefault(id(call.operation), new)
        if earlier is not new and new.weights:
            _share(ledger, earlier, new)
        effects.append(new)
    return effects


def _share(ledger: Ledger, earlier: Effect, later: Effect) -> None:
    """Tie what two calls of one layer read and write: they have the same weights."""
    for position, axes in later.weights.items():
        for axis, units in axes.items():
            ledger.tie(units, earlier.weights[position][axis])


def _groups(ledger: Ledger, numbers: Units, units: int) -> tuple[ChannelGroup, ...]:
    producers: list[dict[str, None]] = [{} for _ in range(units)]
    for path, made in ledger.produced:
        for unit in np.unique(numbers[made]).tolist():
            producers[unit].setdefault(path)
    for path, made in ledger.padded:
        for unit in np.unique(numbers[made]).tolist():
            if not producers[unit]:
                producers[unit].setdefault(path)
    return _named(_partition(producers, ledger.fixed_reasons()))


def _partition(
    producers: Sequence[Mapping[str, None]], reasons: Sequence[str | None]
) -> dict[tuple[tuple[str, ...], str | None], list[int]]:
    members: dict[tuple[tuple[str, ...], str | None], list[int]] = {}
    for unit, makers in enumerate(producers):
        members.setdefault((tuple(makers), reasons[unit]), []).append(unit)
    return members


def _named(members: Mapping[tuple[tuple[str, ...], str | None], list[int]]) -> tuple[ChannelGroup, ...]:
    used: dict[str, int] = {}
    groups = []
    for (makers, reason), units in members.items():
        name = makers[0] if makers else "constant"
        used[name] = used.get(name, 0) + 1
        label = name if used[name] == 1 else f"{name}#{used[name]}"
        groups.append(ChannelGroup(label, np.array(units, np.int64), makers, reason))
    return tuple(groups)


def _layers(traced: Traced) -> tuple[LayerChannels, ...]:
    readers: dict[Tensor, list[Call]] = {}
    for call in traced.calls:
        for source in call.sources:
            readers.setdefault(source, []).append(call)
    layers = []
    for position, (call, one) in enumerate(zip(traced.calls, traced.effects, strict=True)):
        if one.reads is None or one.writes is None or not call.operation.weights:
            continue
        norm = _norm(call, readers.get((position, 0), []), (position, 0) in traced.outputs)
        inputs, outputs = traced.numbers[one.reads], traced.numbers[one.writes]
        layers.append(LayerChannels(call.path, call.operation, call.kind, inputs, outputs, call, norm))
    return tuple(layers)


def _norm(call: Call, readers: Sequence[Call], is_output: bool) -> str | None:
    if is_output or len(readers) != 1 or not any(hasattr(call.operation, name) for name in KERNEL):
        return None
    (reader,) = readers
    scales = reader.kind == "BatchNormalization" and reader.operation.scale
    return reader.path if scales else None
