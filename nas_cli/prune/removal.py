"""One removal: score what is left, take the least of it out, and say what went."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nas_cli.costs.before_after import cost_block
from nas_cli.costs.keras_cost import model_cost
from nas_cli.costs.latency import Device
from nas_cli.data.dataset import Dataset
from nas_cli.models.nonzero import nonzero_weights
from nas_cli.prune.layer_names import flat
from nas_cli.prune.mask_sharing import digest
from nas_cli.prune.masks import Masks, apply_masks
from nas_cli.prune.phases import RANDOM, Phase
from nas_cli.prune.schedule import round_shares
from nas_cli.prune.sensitivity import Sensitivity
from nas_cli.prune.settings import PruneSettings
from nas_cli.prune.unit_saliency import unit_scores
from nas_cli.prune.unit_selection import First, UnitSelection, first_network, select_units
from nas_cli.prune.units import removable_groups
from nas_cli.prune.weight_saliency import weight_scores
from nas_cli.prune.weight_selection import select_weights
from nas_cli.prune.weights import find_weights
from nas_cli.surgery.channels import find_channels
from nas_cli.surgery.keep import Keep
from nas_cli.surgery.shrink import shrink

OVERSHOOT = 0.1
"""The share of the cost that rounded widths may take beyond what was asked without a word."""


@dataclass(frozen=True, eq=False)
class Removed:
    """What one removal decided.

    `model`: the network without what went, with the weights that were scored. `masks`: of single weights, `keep`: of
    whole units, the other is None. `block`: what the journal says of it.
    """

    model: Any
    masks: Masks | None
    keep: Keep | None
    block: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Remover:
    """What all removals of a run share; `first` is the network as it came, in which shares are counted."""

    dataset: Dataset
    settings: PruneSettings
    batch_size: int
    first: Any
    device: Device | None
    sensitivity: Sensitivity | None

    def remove(self, model: Any, phase: Phase, before: Masks | None) -> Removed:
        """What goes in this round, of `model`; `before`: the masks of the round before, None in the first.

        Raises:
            ConfigError: a layer that does not exist, or nothing that can be removed.
        """
        began = time.perf_counter()
        settings = replace(self.settings, criterion="random") if phase.arm == RANDOM else self.settings
        one = (
            self._units(model, phase, settings)
            if settings.structured
            else self._weights(model, phase, settings, before)
        )
        wanted = round_shares(settings)[phase.round - 1]
        more = {"share": wanted, "criterion": settings.criterion, "seconds": time.perf_counter() - began}
        return replace(one, block={**one.block, **more})

    def _weights(self, model: Any, phase: Phase, settings: PruneSettings, before: Masks | None) -> Removed:
        weights = find_weights(model, settings)
        scores = weight_scores(model, weights, self.dataset, settings, self.batch_size, phase.seed)
        masks = select_weights(weights, scores, settings, phase.round, before, self.sensitivity)
        apply_masks(weights, masks)
        layers = [layer_left(path, mask.size, int(mask.sum())) for path, mask in masks.items()]
        return Removed(model, masks, None, {**left_block(layers), "digest": digest(masks), **size_block(model)})

    def _units(self, model: Any, phase: Phase, settings: PruneSettings) -> Removed:
        channels = find_channels(model)
        scores = unit_scores(model, channels, self.dataset, settings, self.batch_size, phase.seed)
        first = self._first(settings)
        share = round_shares(settings)[phase.round - 1]
        chosen = select_units(channels, scores, settings, share, first, self.device, self.sensitivity)
        made = shrink(model, chosen.keep)
        groups = [_group(group.name, chosen.keep, len(group.units)) for group in removable_groups(channels, settings)]
        layers = [layer_left(flat(one["name"]), first.widths[flat(one["name"])], one["after"]) for one in groups]
        warnings = missed(chosen, first, settings, share, last=phase.round == settings.rounds)
        block = {**left_block(layers), "groups": groups, **size_block(made), "warnings": warnings}
        return Removed(made, None, chosen.keep, block)

    def _first(self, settings: PruneSettings) -> First:
        return first_network(find_channels(self.first), settings, self.device)


def gradual_block(model: Any, masks: Masks, settings: PruneSettings) -> dict[str, Any]:
    """What the journal says of a network that one training has pruned."""
    layers = [layer_left(path, mask.size, int(mask.sum())) for path, mask in masks.items()]
    more = {"share": settings.final, "criterion": settings.criterion, "digest": digest(masks)}
    return {**left_block(layers), **more, **size_block(model)}


def size_block(model: Any) -> dict[str, Any]:
    """The costs of a network and how many of its weights are not zero."""
    return {"cost": cost_block(model_cost(model)), "nonzero": nonzero_weights(model)}


def layer_left(name: str, total: int, left: int) -> dict[str, Any]:
    """A layer's weights or units that can go: all of the first network, and those that are left."""
    return {"name": name, "total": total, "left": left}


def left_block(layers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The layers, their sums, and the share that is gone."""
    total, left = (sum(layer[key] for layer in layers) for key in ("total", "left"))
    return {"layers": list(layers), "total": total, "left": left, "sparsity": 1 - left / total}


def missed(chosen: UnitSelection, first: First, settings: PruneSettings, share: float, last: bool) -> list[str]:
    """A line where less goes than was asked, or in the last round, where rounded widths take far more."""
    gone = 1 - chosen.cost / first.cost
    if not chosen.reached:
        return [_unreached(settings, share)]
    return [_overshot(settings, share, gone)] if last and settings.round_to > 1 and gone > share + OVERSHOOT else []


def _group(name: str, keep: Keep, size: int) -> dict[str, Any]:
    """`keep` has a 1 for each channel that stays, in channel order."""
    mask = np.asarray(keep[name], np.bool_) if name in keep else np.ones(size, np.bool_)
    shown = "".join("1" if value else "0" for value in mask)
    return {"name": name, "before": size, "after": int(mask.sum()), "keep": shown}


def _unreached(settings: PruneSettings, share: float) -> str:
    return (
        f"prune.min_channels={settings.min_channels} and prune.round_to={settings.round_to} leave more than was asked "
        f"for: {share:.1%} of {settings.target} was to go."
    )


def _overshot(settings: PruneSettings, share: float, gone: float) -> str:
    return (
        f"widths in multiples of prune.round_to={settings.round_to} take {gone:.1%} of {settings.target}, {share:.1%} "
        "was to go: prune.round_to=1 comes nearer."
    )
