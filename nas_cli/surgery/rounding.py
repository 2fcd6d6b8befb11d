"""Widths that suit the hardware."""

import numpy as np
from numpy.typing import NDArray

from nas_cli.surgery.channels import Channels
from nas_cli.surgery.keep import Keep, kept_units


def round_keep(
    channels: Channels, keep: Keep, scores: NDArray[np.float64], multiple: int = 1, minimum: int = 0
) -> dict[str, NDArray[np.bool_]]:
    """The masks with units put back, best score first, until each group's size is a multiple, and at least `minimum`.

    Rounding is up and per group, so that tied layers stay equal; a group cannot exceed its own size. A group without
    any unit stays empty unless `minimum` is above 0. `scores`: one for each unit of the model. All groups are named in
    the result.

    Raises:
        ConfigError: as `kept_units`.
    """
    kept = kept_units(channels, keep)
    rounded = {}
    for group in channels.groups:
        stays = kept[group.units]
        wanted = max(int(stays.sum()), minimum)
        wanted = min(-(-wanted // multiple) * multiple, stays.size)
        order = np.lexsort((np.arange(stays.size), -scores[group.units], ~stays))
        stays = np.zeros_like(stays)
        stays[order[:wanted]] = True
        rounded[group.name] = stays
    return rounded
