"""Which units stay after a shrinking phase."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas_cli.morph.settings import MorphSettings
from nas_cli.surgery.channels import Channels
from nas_cli.surgery.keep import Keep, kept_units
from nas_cli.surgery.resource import Resource
from nas_cli.surgery.rounding import round_keep


@dataclass(frozen=True, eq=False)
class Candidates:
    """The units of a model after the phase: `alive` by their thresholds, `scores` by which a wanted reduction and the
    rounding choose, `immortal` units always stay."""

    channels: Channels
    alive: NDArray[np.bool_]
    scores: NDArray[np.float64]
    immortal: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Selection:
    """`keep` after rounding. `threshold`: the score that units had to exceed, None where each had its own.

    `reached`: False if a wanted reduction is more than the settings can give.
    """

    keep: Keep
    cost: float
    threshold: float | None
    reached: bool


def select(candidates: Candidates, resource: Resource, settings: MorphSettings) -> Selection:
    """The units to keep: those alive or, with `reduction`, those over the smallest common threshold that does it.

    Then every group gets back its best units up to `min_channels` and to a multiple of `round_to`.
    """
    if settings.reduction is None:
        return _selected(candidates, candidates.alive, None, resource, settings, np.inf)
    everything = np.ones(candidates.channels.units, bool)
    limit = (1 - settings.reduction) * resource.cost(everything)
    thresholds = np.unique(candidates.scores[~candidates.immortal])
    low, high = 0, len(thresholds) - 1
    while low < high:
        middle = (low + high) // 2
        if _above(candidates, float(thresholds[middle]), resource, settings, limit).reached:
            high = middle
        else:
            low = middle + 1
    return _above(candidates, float(thresholds[low]), resource, settings, limit)


def _above(
    candidates: Candidates, threshold: float, resource: Resource, settings: MorphSettings, limit: float
) -> Selection:
    wanted = (candidates.scores > threshold) | candidates.immortal
    return _selected(candidates, wanted, threshold, resource, settings, limit)


def _selected(
    candidates: Candidates,
    wanted: NDArray[np.bool_],
    threshold: float | None,
    resource: Resource,
    settings: MorphSettings,
    limit: float,
) -> Selection:
    masks = {group.name: wanted[group.units] for group in candidates.channels.groups if group.fixed is None}
    scores = candidates.scores
    keep = round_keep(candidates.channels, masks, scores, settings.round_to, settings.min_channels)
    cost = resource.cost(kept_units(candidates.channels, keep))
    return Selection(keep, cost, threshold, cost <= limit)
