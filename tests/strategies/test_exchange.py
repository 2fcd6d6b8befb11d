"""What strategies say of a space that they cannot search."""

import pytest

from nas_cli.errors import ConfigError
from nas_cli.registry import REGISTRY, load
from nas_cli.spaces.decision_space import DecisionSpace
from nas_cli.strategies.exchange import decisions_of


def test_every_space_of_decisions_is_named_to_who_needs_one() -> None:
    named = {name for name, entry in REGISTRY["space"].items() if issubclass(load(entry.target), DecisionSpace)}
    with pytest.raises(ConfigError) as told:
        decisions_of(object(), "grid")
    assert set(str(told.value).partition("(")[2].partition(")")[0].split(", ")) == named
