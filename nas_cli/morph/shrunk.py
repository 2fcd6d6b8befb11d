"""From what a shrinking phase decided to the smaller network, and what the journal says of it."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nas_cli.costs.before_after import cost_block, layer_rows
from nas_cli.costs.keras_cost import model_cost
from nas_cli.costs.latency import Device
from nas_cli.errors import ConfigError
from nas_cli.morph.compress import Compression
from nas_cli.morph.relevance import Relevance
from nas_cli.morph.settings import MorphSettings
from nas_cli.surgery.channels import ChannelGroup, Channels, find_channels
from nas_cli.surgery.keep import kept_units
from nas_cli.surgery.resource import resource
from nas_cli.surgery.rounding import round_keep
from nas_cli.surgery.shrink import shrink
from nas_cli.surgery.widen import widen

NAMED = 3
"""Groups that a message lists at most."""

GROWTH_NOISE = 0.05
"""Relative to a kernel's own spread: copies of a channel that are equal get equal gradients and stay equal."""


def removable(channels: Channels) -> list[ChannelGroup]:
    """The groups of which channels can be removed."""
    return [group for group in channels.groups if group.fixed is None]


def count(groups: list[ChannelGroup]) -> int:
    """The units of the groups."""
    return sum(len(group.units) for group in groups)


def check_removable(channels: Channels, name: str) -> None:
    """Passes if the network has channels to remove.

    Raises:
        ConfigError: if every group is fixed, with the reasons.
    """
    if removable(channels):
        return
    reasons = list(dict.fromkeys(group.fixed for group in channels.groups if group.fixed))[:NAMED]
    why = "; ".join(reasons) or "no layer makes channels"
    raise ConfigError(f"model '{name}' has no channels to remove ({why}): name a network with hidden layers.")


def check_reduction(channels: Channels, settings: MorphSettings, device: Device | None) -> None:
    """Passes if the wanted reduction is possible with what every group keeps.

    That is its least width, and the channels that no weight decides about.

    Raises:
        ConfigError: if it is not; says how much can go.
    """
    if settings.reduction is None:
        return
    target = resource(settings.target, channels, device)
    immortal = Relevance(channels, settings).immortal
    staying = {group.name: immortal[group.units] for group in removable(channels)}
    scores = np.zeros(channels.units)
    least = round_keep(channels, staying, scores, settings.round_to, settings.min_channels)
    possible = 1 - target.cost(kept_units(channels, least)) / target.cost(np.ones(channels.units, bool))
    if settings.reduction > possible:
        raise ConfigError(
            f"morph.reduction={settings.reduction:g} is impossible: with morph.min_channels={settings.min_channels} "
            f"and morph.round_to={settings.round_to} at most {possible:.1%} of this network's {settings.target} can go."
        )


def check_alive(channels: Channels, compression: Compression, settings: MorphSettings) -> None:
    """Passes if the phase left something to build a network of.

    Raises:
        ConfigError: if it ended with no channel alive, and the thresholds decide; says which strength did it.
    """
    living = [e["alive"] for e in compression.curve if e["multiplier"] == compression.multiplier and "alive" in e]
    if settings.reduction is not None or not living or living[-1] > 0:
        return
    groups = removable(channels)
    names = ", ".join(group.name for group in groups[:NAMED]) + (", …" if len(groups) > NAMED else "")
    raise ConfigError(
        f"the strength {compression.strength:.3g} (morph.multiplier={compression.multiplier:g}) left no channel alive "
        f"in any of the {len(groups)} groups ({names}): lower morph.multiplier, or say with morph.reduction how much "
        "must go."
    )


def smaller(model: Any, compression: Compression, seed: int) -> Any:
    """The network with the channels that stay, grown where the phase says so, with the same answers but for noise."""
    made = shrink(model, compression.keep)
    rng = np.random.default_rng(seed)
    sizes = {flat(name): width for name, width in compression.sizes.items()}
    for group in find_channels(made).groups:
        width = sizes.get(group.name, 0)
        if group.fixed is None and width > len(group.units):
            made = widen(made, group.name, width, rng, GROWTH_NOISE)
    return made


def flat(path: str) -> str:
    """The name that a layer of a nested model has in the smaller one, which is flat."""
    return path.replace("/", "_")


def shrunk_block(channels: Channels, result: Any, compression: Compression) -> dict[str, Any]:
    """What the shrunk event says besides its phase: groups with their masks, costs, layers, strength, warnings."""
    cost = model_cost(result)
    return {
        "groups": [_group(group, compression) for group in channels.groups if group.fixed is None],
        "cost_before": compression.cost_before,
        "cost_after": compression.cost_after,
        "cost": cost_block(cost),
        "layers": layer_rows(result),
        "strength": compression.strength,
        "threshold": compression.threshold if math.isfinite(compression.threshold) else None,
        "multiplier": compression.multiplier,
        "omega": compression.omega,
        "seconds": compression.seconds,
        "compile_seconds": compression.compile_seconds,
        "dead": list(compression.dead),
        "warnings": list(compression.warnings),
    }


def _group(group: ChannelGroup, compression: Compression) -> Mapping[str, Any]:
    """`keep` has a 1 for each channel that stays, in channel order; `after` counts those that growth added too."""
    mask = compression.keep.get(group.name)
    kept = [True] * len(group.units) if mask is None else [bool(value) for value in mask]
    return {
        "name": group.name,
        "producers": list(group.producers),
        "before": len(group.units),
        "alive": int(compression.alive.get(group.name, len(group.units))),
        "after": int(compression.sizes.get(group.name, sum(kept))),
        "keep": "".join("1" if value else "0" for value in kept),
    }


def removable_line(model: Any, name: str, settings: MorphSettings, device: Device | None) -> str:
    """'688 channels in 10 groups can be removed', after a check that every layer is known and the settings can be met.

    `device`: of a latency target.

    Raises:
        ConfigError: if there are none, too few for the reduction, or a layer is one that surgery does not know.
    """
    channels = find_channels(model)
    check_removable(channels, name)
    check_reduction(channels, settings, device)
    groups = removable(channels)
    fixed = len(channels.groups) - len(groups)
    return f"{name}: {count(groups):,} channels in {len(groups)} groups can be removed ({fixed} groups are fixed)"
