"""Which channels stay."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from nas_cli.costs.latency import Device
from nas_cli.prune.layer_names import flat
from nas_cli.prune.masks import largest
from nas_cli.prune.normalise import normalised
from nas_cli.prune.sensitivity import Sensitivity, sensitive_shares
from nas_cli.prune.settings import PruneSettings
from nas_cli.prune.units import removable_groups, widths
from nas_cli.surgery.channels import ChannelGroup, Channels
from nas_cli.surgery.cost import predicted
from nas_cli.surgery.keep import Keep, kept_units
from nas_cli.surgery.resource import resource
from nas_cli.surgery.rounding import round_keep

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class First:
    """What shares are of: the network before the first round. `widths`: units by group that can go, see `widths`;
    `cost`: of the target, for a target sparsity the sum of the widths."""

    widths: Mapping[str, int]
    cost: float


@dataclass(frozen=True, eq=False)
class UnitSelection:
    """`keep` for `surgery.shrink`. `cost`: predicted, of the target. `limit`: what it had to come down to.

    `reached`: False if `min_channels`, `round_to` or what cannot be pruned does not let it.
    """

    keep: Keep
    cost: float
    limit: float
    reached: bool


def first_network(channels: Channels, settings: PruneSettings, device: Device | None = None) -> First:
    """The network before the first round; `device` is that of a latency target.

    Raises:
        ConfigError: as `removable_groups`.
    """
    groups = removable_groups(channels, settings)
    return First(widths(groups), target_cost(channels, {}, settings, [group.name for group in groups], device))


def target_cost(
    channels: Channels, keep: Keep, settings: PruneSettings, groups: Iterable[str], device: Device | None
) -> float:
    """What `shrink(model, keep)` will cost: flops and params exactly, latency by the roofline of the device in ms.

    For a target sparsity the units left in `groups`.
    """
    if settings.target == "sparsity":
        sizes = {group.name: group.units.size for group in channels.groups}
        return float(sum(int(np.sum(keep[name])) if name in keep else sizes[name] for name in groups))
    if settings.target == "latency":
        return resource("latency", channels, device).cost(kept_units(channels, keep))
    cost = predicted(channels, keep)
    return float(cost.flops if settings.target == "flops" else cost.params)


def select_units(
    channels: Channels,
    scores: Vector,
    settings: PruneSettings,
    share: float,
    first: First,
    device: Device | None = None,
    sensitivity: Sensitivity | None = None,
) -> UnitSelection:
    """The units that stay once `share` of the first network's units, or of its cost, is gone.

    uniform: of each group round(width·(1 − share)) units; global: the best of all groups, scores divided by what
    `normalise` says of their group; sensitivity: each group by its curve. For a cost it is the least such share of the
    units whose predicted cost is at most (1 − share) of the first; in global spread the best of those that would go
    then stay, as far as that cost allows. A group keeps its best `min_channels`, and gets back its best up to a
    multiple of `round_to`. `scores`: of every unit of the model.

    Raises:
        ConfigError: as `removable_groups`; spread=sensitivity without a curve for each group.
    """
    search = _Selector(channels, scores, settings, first, device, sensitivity)
    limit = (1 - share) * first.cost
    if settings.target == "sparsity":
        keep = search.keep(share)
        cost = search.cost(keep)
        # Half a unit: the number of units that stay is a whole one.
        return UnitSelection(keep, cost, limit, cost <= limit + 0.5 * len(first.widths))
    return search.cheapest(limit)


@final
class _Selector:
    """The units that stay, as a function of the share that goes."""

    def __init__(
        self,
        channels: Channels,
        scores: Vector,
        settings: PruneSettings,
        first: First,
        device: Device | None,
        sensitivity: Sensitivity | None,
    ) -> None:
        self._channels, self._scores, self._settings = channels, scores, settings
        self._device = device
        self._curves = {flat(name): curve for name, curve in (sensitivity or {}).items()}
        self._groups = removable_groups(channels, settings)
        mine = widths(self._groups)
        self._widths = mine | {name: size for name, size in first.widths.items() if name in mine}

    def cheapest(self, limit: float) -> UnitSelection:
        """With the smallest number of units gone that brings the cost down to the limit, else with all that can go."""
        total = sum(self._widths.values())
        low, high = 0, total
        while low < high:
            middle = (low + high) // 2
            if self.cost(self.keep(middle / total)) <= limit:
                high = middle
            else:
                low = middle + 1
        keep = self.keep(low / total)
        keep = self._filled(keep, limit) if self._settings.spread == "global" else keep
        cost = self.cost(keep)
        return UnitSelection(keep, cost, limit, cost <= limit)

    def _filled(self, keep: Mapping[str, NDArray[np.bool_]], limit: float) -> dict[str, NDArray[np.bool_]]:
        """With as many units more, `round_to` of a group at a time, as the limit allows; groups whose best comes first.

        One unit of a group that many layers read is several percent of a small network: without this, networks with
        the same limit would differ by as much.
        """
        filled = dict(keep)
        for group in sorted(self._groups, key=lambda group: self._best_gone(group, keep[group.name]), reverse=True):
            while not filled[group.name].all():
                width = min(int(filled[group.name].sum()) + self._settings.round_to, group.units.size)
                more = {**filled, group.name: largest(self._ranked(group, filled[group.name]), width)}
                if self.cost(more) > limit:
                    break
                filled = more
        return filled

    def _best_gone(self, group: ChannelGroup, kept: NDArray[np.bool_]) -> float:
        """The best score, as they are compared, of the group's units that would go."""
        scores = normalised(self._scores[group.units], self._settings.comparison)
        return float(np.max(scores, where=~kept, initial=-np.inf))

    def _ranked(self, group: ChannelGroup, kept: NDArray[np.bool_]) -> Vector:
        """The group's scores, those of units that stay above all others."""
        return np.where(kept, np.inf, self._scores[group.units])

    def cost(self, keep: Keep) -> float:
        """The target's cost of what stays."""
        names = [group.name for group in self._groups]
        return target_cost(self._channels, keep, self._settings, names, self._device)

    def keep(self, share: float) -> dict[str, NDArray[np.bool_]]:
        """The masks of the removable groups."""
        chosen = self._across if self._settings.spread == "global" else self._by_group
        s = self._settings
        rounded = round_keep(self._channels, chosen(share), self._scores, s.round_to, s.min_channels)
        return {group.name: rounded[group.name] for group in self._groups}

    def _by_group(self, share: float) -> dict[str, NDArray[np.bool_]]:
        gone = dict.fromkeys(self._widths, share)
        if self._settings.spread == "sensitivity":
            gone = sensitive_shares(self._curves, self._widths, share)
        counts = {name: round(width * (1 - gone[name])) for name, width in self._widths.items()}
        return {group.name: largest(self._scores[group.units], counts[flat(group.name)]) for group in self._groups}

    def _across(self, share: float) -> dict[str, NDArray[np.bool_]]:
        values = np.concatenate([self._protected(group) for group in self._groups])
        kept = largest(values, round(sum(self._widths.values()) * (1 - share)))
        ends = np.cumsum([group.units.size for group in self._groups])[:-1]
        return {group.name: part for group, part in zip(self._groups, np.split(kept, ends), strict=True)}

    def _protected(self, group: ChannelGroup) -> Vector:
        """The group's scores to compare with others'; its best `min_channels` are above all."""
        scores = normalised(self._scores[group.units], self._settings.comparison)
        return np.where(largest(scores, self._settings.min_channels), np.inf, scores)
