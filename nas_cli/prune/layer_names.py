"""Which layers a user names."""

from collections.abc import Sequence

from nas_cli.errors import ConfigError
from nas_cli.schema import nearest


def flat(path: str) -> str:
    """A path through nested models as the one name that the layer has once the model is opened up."""
    return path.replace("/", "_")


def included(include: Sequence[str] | None, paths: Sequence[str]) -> frozenset[str]:
    """Those of the paths that `include` names, all if it is None; a layer goes by its path or its own name.

    Raises:
        ConfigError: a name that is none of them.
    """
    return frozenset(paths) if include is None else _named("include", include, paths)


def excluded(exclude: Sequence[str] | None, paths: Sequence[str]) -> frozenset[str]:
    """Those of the paths that `exclude` names.

    Raises:
        ConfigError: a name that is none of them.
    """
    return _named("exclude", exclude or (), paths)


def _named(key: str, names: Sequence[str], paths: Sequence[str]) -> frozenset[str]:
    found: set[str] = set()
    for name in names:
        matching = {path for path in paths if flat(name) == flat(path) or name == path.rsplit("/", 1)[-1]}
        if not matching:
            raise ConfigError(
                f"prune.{key} names '{name}', which is no layer that can be pruned.{nearest(name, paths)} "
                f"Known: {', '.join(list(paths)[:20])}."
            )
        found |= matching
    return frozenset(found)
