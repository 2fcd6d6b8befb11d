"""The strategies whose trials need no training before them."""

from nas_cli.config import groups
from nas_cli.registry import REGISTRY, load


def without_supernets() -> list[str]:
    """Names of the strategies that train no supernet first, in alphabetical order."""
    entries = REGISTRY["strategy"]
    return [name for name in groups()["strategy"] if not getattr(load(entries[name].settings), "supernet", False)]
