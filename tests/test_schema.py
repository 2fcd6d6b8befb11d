"""Settings are checked with errors that name the key, the value and what is allowed."""

from dataclasses import dataclass

import pytest

from nas_cli.errors import ConfigError
from nas_cli.schema import choice, number, plain, validate


@dataclass(frozen=True)
class Inner:
    rate: float = number(0, 1, open_high=True)
    kind: str = choice("mean", "max")


@dataclass(frozen=True)
class Outer:
    epochs: int = number(1)
    flag: bool
    sizes: tuple[int, ...] = number(1)
    path: str | None
    inner: Inner


GOOD = {"epochs": 3, "flag": True, "sizes": [1, 2], "path": None, "inner": {"rate": 0.5, "kind": "max"}}


def test_values_become_typed_settings_and_back() -> None:
    settings = validate(Outer, GOOD)
    assert settings == Outer(3, True, (1, 2), None, Inner(0.5, "max"))
    assert plain(settings) == GOOD


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epoch": 1}, r"unknown key 'epoch'\. Did you mean 'epochs'\?"),
        ({"epochs": "many"}, r"epochs must be a whole number, got 'many'"),
        ({"epochs": 0}, r"epochs must be in \[1, inf\), got 0"),
        ({"epochs": True}, r"epochs must be a whole number, got True"),
        ({"epochs": 1.5}, r"epochs must be a whole number, got 1.5"),
        ({"flag": 1}, r"flag must be true or false, got 1"),
        ({"sizes": 3}, r"sizes must be a list, got 3"),
        ({"sizes": [3, 0]}, r"sizes\[1\] must be in \[1, inf\), got 0"),
        ({"inner": 1}, r"inner must be a group of keys, got 1"),
        ({"inner": {"rate": 1.0, "kind": "max"}}, r"inner.rate must be in \[0, 1\), got 1.0"),
        ({"inner": {"rate": float("nan"), "kind": "max"}}, r"inner.rate must be in \[0, 1\), got nan"),
        (
            {"inner": {"rate": 0, "kind": "maxi"}},
            r"inner.kind must be one of mean, max, got 'maxi'. Did you mean 'max'",
        ),
        ({"inner": {"rate": 0}}, r"missing key 'inner.kind'"),
    ],
)
def test_wrong_values_are_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        validate(Outer, GOOD | change)


def test_a_whole_float_is_a_whole_number() -> None:
    assert validate(Outer, GOOD | {"epochs": 4.0}).epochs == 4
