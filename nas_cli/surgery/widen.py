"""Net2WiderNet: more channels in a group, the same answers (Chen et al. 2016, arXiv:1511.05641, section 3.1)."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from nas_cli.errors import ConfigError
from nas_cli.models.adapted import give
from nas_cli.surgery.affine import SUMMED
from nas_cli.surgery.channels import ChannelGroup, Channels, find_channels
from nas_cli.surgery.copying import Copying
from nas_cli.surgery.ledger import Units


def widen(model: keras.Model, group_name: str, width: int, rng: np.random.Generator, noise: float = 0.0) -> keras.Model:
    """A copy of the model in which a channel group has `width` units, with the same answers.

    New units are copies of old ones, each standing behind the one it copies; whoever reads a unit that now exists n
    times divides its weights by n. Every unit is copied once before any is copied twice (the paper draws them
    independently, so that some may be copied often by chance). A unit is a channel, or as many channels as cannot
    be parted: a block of a grouped convolution with the maps it makes.

    `noise`: standard deviation, relative to that of the kernel, of what is added to the kernels that make the copies,
    so that training tells them apart; with 0 the answers stay equal in float32 (to about 1e-5 of their size).

    Raises:
        ConfigError: if there is no such group, its channels are fixed or pass something that cannot take copies, or the
            width is below the present one.
    """
    channels = find_channels(model)
    group = _group(channels, group_name, width)
    copies = np.ones(channels.units, np.int64)
    copies[group.units] = _spread(group.units.size, width, rng)
    wide = _rebuilt(model, channels, copies, group)
    after = find_channels(wide)
    origins = _origins(channels, after, copies, group)
    _transfer(channels, after, origins, copies, group)
    if noise:
        _stir(after, origins, noise, rng)
    return wide


def _group(channels: Channels, name: str, width: int) -> ChannelGroup:
    group = next((group for group in channels.groups if group.name == name), None)
    if group is None:
        free = [group.name for group in channels.groups if group.fixed is None]
        raise ConfigError(f"there is no channel group '{name}'. Known: {', '.join(free[:20])}.")
    if group.fixed is not None:
        raise ConfigError(f"channel group '{name}' cannot be widened: {group.fixed}.")
    if width < group.units.size:
        raise ConfigError(f"channel group '{name}' has {group.units.size} units, cannot be widened to {width}.")
    return group


def _spread(size: int, width: int, rng: np.random.Generator) -> Units:
    """How often each of `size` units is to exist so that there are `width`: as evenly as can be, the rest by chance."""
    copies = np.full(size, width // size, np.int64)
    copies[rng.choice(size, width % size, replace=False)] += 1
    return copies


def _rebuilt(model: keras.Model, channels: Channels, copies: Units, group: ChannelGroup) -> keras.Model:
    """The same graph at the new widths, with fresh weights."""
    traced = channels.traced
    by_label = copies[traced.numbers]
    _check_alike(channels, by_label, group)
    effects = {id(call.operation): one for call, one in zip(traced.calls, traced.effects, strict=True)}
    copying = Copying(
        config=lambda layer: effects[id(layer)].config(by_label) if id(layer) in effects else {},
        arguments=lambda layer, args, kwargs: (
            effects[id(layer)].arguments(by_label, args, kwargs) if id(layer) in effects else (args, kwargs)
        ),
    )
    try:
        return copying.copy(model)
    except ValueError as error:
        raise _refusal(group, "its channels meet others that would have to be copied with them.") from error


def _check_alike(channels: Channels, by_label: Units, group: ChannelGroup) -> None:
    """Refuse a layer that is called on several tensors and would have to be another one for each."""
    settings: dict[int, str] = {}
    for call, one in zip(channels.traced.calls, channels.traced.effects, strict=True):
        given = one.arguments(by_label, call.node.arguments.args, call.node.arguments.kwargs)
        wanted = repr((dict(one.config(by_label)), keras.tree.map_structure(_written, given)))
        if settings.setdefault(id(call.operation), wanted) != wanted:
            raise _refusal(group, f"layer '{call.path}' is also called on channels of another group.")


def _written(value: Any) -> Any:
    """An argument in a form that can be compared."""
    if isinstance(value, keras.KerasTensor):
        return "tensor"
    return np.asarray(value).tolist() if hasattr(value, "shape") else value


def _refusal(group: ChannelGroup, reason: str) -> ConfigError:
    return ConfigError(f"channel group '{group.name}' cannot be widened: {reason}")


def _origins(channels: Channels, after: Channels, copies: Units, group: ChannelGroup) -> Units:
    """For each unit of the widened model, the unit of the old one that it copies.

    Raises:
        ConfigError: if the wider model's groups are not the old ones.
    """
    sizes = {(old.producers, old.fixed): int(copies[old.units].sum()) for old in channels.groups}
    if sizes != {(new.producers, new.fixed): new.units.size for new in after.groups}:
        raise _refusal(group, "its channels meet others that would have to be copied with them.")
    origins = np.empty(after.units, np.int64)
    units = {(old.producers, old.fixed): old.units for old in channels.groups}
    for new in after.groups:
        old_units = units[new.producers, new.fixed]
        origins[new.units] = np.repeat(old_units, copies[old_units])
    return origins


def _transfer(channels: Channels, after: Channels, origins: Units, copies: Units, group: ChannelGroup) -> None:
    """Give the wider model the old weights: copied for copied channels, divided where copies are summed."""
    old, new = channels.traced, after.traced
    done: set[int] = set()
    for position, (call, wide) in enumerate(zip(old.calls, new.calls, strict=True)):
        if id(call.operation) in done or not getattr(call.operation, "weights", ()):
            continue
        done.add(id(call.operation))
        before_axes, after_axes = old.effects[position].weights, new.effects[position].weights
        values = [np.asarray(weight) for weight in call.operation.get_weights()]
        for place, axes in after_axes.items():
            for axis, labels in axes.items():
                units = new.numbers[labels]
                source = _sources(old.numbers[before_axes[place][axis]], units, origins, group)
                values[place] = values[place].take(source, axis)
                if (
                    SUMMED.get(call.kind) == (place, axis - values[place].ndim)
                    and getattr(call.operation, "groups", 1) == 1
                ):
                    values[place] = values[place] / _along(copies[origins[units]], axis, values[place].ndim)
        give(wide.operation, values)


def _sources(before: Units, after: Units, origins: Units, group: ChannelGroup) -> Units:
    """For each place of a wider axis the place of the old one to copy: the n-th of a unit is a copy of the n-th."""
    places = {key: place for place, key in enumerate(_keys(before))}
    try:
        return np.array([places[int(origins[unit]), turn] for unit, turn in _keys(after)], np.int64)
    except KeyError as error:
        raise _refusal(group, "its channels are laid out so that copies cannot be told from each other.") from error


def _keys(units: Units) -> list[tuple[int, int]]:
    """(unit, how many of the same unit stand before it) for each place."""
    seen: dict[int, int] = {}
    keys = []
    for unit in units.tolist():
        keys.append((unit, seen.get(unit, 0)))
        seen[unit] = seen.get(unit, 0) + 1
    return keys


def _along(values: Units, axis: int, rank: int) -> NDArray[np.float32]:
    return values.astype(np.float32).reshape(tuple(-1 if place == axis else 1 for place in range(rank)))


def _stir(after: Channels, origins: Units, noise: float, rng: np.random.Generator) -> None:
    """Noise on the kernels that make the copies; the first of each origin stays as it was."""
    first = np.zeros(after.units, np.bool_)
    first[np.unique(origins, return_index=True)[1]] = True
    done: set[int] = set()
    for layer in after.layers:
        if layer.kind not in SUMMED or id(layer.layer) in done:
            continue
        done.add(id(layer.layer))
        place, axis = SUMMED[layer.kind][0], -2 if "Transpose" in layer.kind else -1
        weight = layer.layer.weights[place]
        value = np.asarray(weight)
        shape = [1] * value.ndim
        shape[axis] = -1
        scale = noise * value.std() * (~first[layer.outputs]).reshape(shape)
        weight.assign(value + scale * rng.normal(size=value.shape))
