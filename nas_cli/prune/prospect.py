"""What a pruning may take out of a network, found out before anything is trained."""

from typing import Any

from nas_cli.prune.settings import PruneSettings
from nas_cli.prune.units import removable_groups
from nas_cli.prune.weights import find_weights
from nas_cli.surgery.channels import find_channels


def prospect_line(model: Any, name: str, settings: PruneSettings) -> str:
    """'266,200 weights in 3 layers can be removed', or channels in groups, after a check that the settings fit.

    Raises:
        ConfigError: if a named layer does not exist, nothing can be removed, a layer is one that surgery does not know,
            or one that the engine does not support.
    """
    if settings.engine == "tfmot":
        from nas_cli.prune.tfmot.engine import check_tfmot

        check_tfmot(model, settings)
    if not settings.structured:
        weights = find_weights(model, settings)
        return f"{name}: {sum(one.size for one in weights):,} weights in {len(weights)} layers can be removed"
    groups = removable_groups(find_channels(model), settings)
    return f"{name}: {sum(len(group.units) for group in groups):,} channels in {len(groups)} groups can be removed"
