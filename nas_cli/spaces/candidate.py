"""What a trial evaluates: a network, or a point of a space whose scores are known or whose network is given."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from nas_cli.errors import ConfigError

Scalar = int | float | str | bool


class Candidate(Protocol):
    """An immutable, hashable plain value."""

    def to_json(self) -> dict[str, Any]:
        """JSON values from which the candidate can be made again."""
        ...

    def digest(self) -> str:
        """One canonical line: equal candidates have equal digests."""
        ...


@dataclass(frozen=True)
class Point:
    """A value for each decision of a space, in the space's order: a row of a table, or a choice of hyper-parameters."""

    values: tuple[tuple[str, Scalar], ...]

    def __getitem__(self, name: str) -> Scalar:
        for key, value in self.values:
            if key == name:
                return value
        raise KeyError(name)

    def to_json(self) -> dict[str, Any]:
        """{"point": {name: value, …}}."""
        return {"point": dict(self.values)}

    def digest(self) -> str:
        """The point as one line of JSON."""
        return json.dumps(self.to_json(), separators=(",", ":"))


def point_from_json(value: Mapping[str, Any]) -> Point:
    """The point that `Point.to_json` wrote.

    Raises:
        ConfigError: for anything else.
    """
    inside = value.get("point") if isinstance(value, Mapping) else None
    if not isinstance(inside, Mapping) or not all(isinstance(item, Scalar) for item in inside.values()):
        raise ConfigError(f"not a point of a space: {str(value)[:80]}")
    return Point(tuple((str(name), item) for name, item in inside.items()))
