"""The channel groups from which units can go."""

from collections.abc import Sequence

from nas_cli.errors import ConfigError
from nas_cli.prune.layer_names import excluded, flat, included
from nas_cli.prune.settings import PruneSettings
from nas_cli.surgery.channels import ChannelGroup, Channels
from nas_cli.surgery.layer_terms import COUNTED


def removable_groups(channels: Channels, settings: PruneSettings) -> tuple[ChannelGroup, ...]:
    """The groups that convolution and dense layers make, that are not fixed, and that the settings leave.

    neuron: those that dense layers alone make; filter: those that some convolution makes; unit: both. A group is
    included with any of its layers, and excluded with any.

    Raises:
        ConfigError: a layer name that does not exist; nothing that could be removed.
    """
    kinds = {layer.path: layer.kind for layer in channels.layers}
    found = [
        group
        for group in channels.groups
        if group.fixed is None and group.producers and all(kinds.get(path) in COUNTED for path in group.producers)
    ]
    found = [group for group in found if _is(settings.granularity, [kinds[path] for path in group.producers])]
    makers = list(dict.fromkeys(path for group in found for path in group.producers))
    wanted, unwanted = included(settings.include, makers), excluded(settings.exclude, makers)
    left = [group for group in found if wanted & {*group.producers} and not unwanted & {*group.producers}]
    if not left:
        raise ConfigError(
            f"there is nothing to prune with prune.granularity={settings.granularity}: the model has no such layer "
            "whose channels may go, or prune.include and prune.exclude leave none."
        )
    return tuple(left)


def widths(groups: Sequence[ChannelGroup]) -> dict[str, int]:
    """How many units each group has, by its name, `flat` as it is once the network has been shrunk."""
    return {flat(group.name): group.units.size for group in groups}


def _is(granularity: str, kinds: Sequence[str]) -> bool:
    dense = all(kind == "Dense" for kind in kinds)
    return granularity == "unit" or dense == (granularity == "neuron")
