"""Which channels are wanted: one mask per group."""

from collections.abc import Mapping
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from nas_cli.errors import ConfigError
from nas_cli.surgery.channels import Channels

Keep = Mapping[str, NDArray[np.bool_]]
"""Group name -> one bool for each of `group.units`; a group that is not named keeps all."""


def kept_units(channels: Channels, keep: Keep) -> NDArray[np.bool_]:
    """One bool for each unit of the model.

    Raises:
        ConfigError: if there is no such group, a mask has another length, or a fixed group would lose a channel.
    """
    groups = {group.name: group for group in channels.groups}
    kept = np.ones(channels.units, np.bool_)
    for name, mask in keep.items():
        if name not in groups:
            near = get_close_matches(name, groups, 1)
            hint = f" Did you mean '{near[0]}'?" if near else f" Known: {', '.join(list(groups)[:20])}."
            raise ConfigError(f"there is no channel group '{name}'.{hint}")
        group, wanted = groups[name], np.asarray(mask, np.bool_)
        if wanted.shape != group.units.shape:
            raise ConfigError(
                f"the mask of channel group '{name}' must have {group.units.size} values, got shape {wanted.shape}."
            )
        if group.fixed is not None and not wanted.all():
            raise ConfigError(f"channel group '{name}' cannot lose channels: {group.fixed}. Keep all of them.")
        kept[group.units] = wanted
    return kept
