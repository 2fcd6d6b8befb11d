"""Settings as frozen dataclasses: field declarations with ranges, and validation with one-line errors."""

import dataclasses
import difflib
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from nas_cli.errors import ConfigError

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Range:
    """The numbers a field accepts; an open end excludes its bound, None is no bound."""

    low: float | None = None
    high: float | None = None
    open_low: bool = False
    open_high: bool = False

    def holds(self, value: float) -> bool:
        """True if `value` lies inside; NaN never does."""
        above = self.low is None or (value > self.low if self.open_low else value >= self.low)
        below = self.high is None or (value < self.high if self.open_high else value <= self.high)
        return above and below and value == value

    def __str__(self) -> str:
        low = "-inf" if self.low is None else f"{self.low:g}"
        high = "inf" if self.high is None else f"{self.high:g}"
        left = "(" if self.open_low or self.low is None else "["
        right = ")" if self.open_high or self.high is None else "]"
        return f"{left}{low}, {high}{right}"


def number(
    low: float | None = None,
    high: float | None = None,
    *,
    open_low: bool = False,
    open_high: bool = False,
    default: Any = dataclasses.MISSING,
) -> Any:
    """A dataclass field whose number, or every number of whose list, lies in the given range.

    `default` is for settings made in code; a configuration has every key, and its defaults are in its files.
    """
    return dataclasses.field(default=default, metadata={"range": Range(low, high, open_low, open_high)})


def choice(*allowed: str) -> Any:
    """A dataclass field whose text is one of `allowed`."""
    return dataclasses.field(metadata={"choices": allowed})


def nearest(word: str, known: Iterable[str]) -> str:
    """' Did you mean …?' with the closest known word, or '' when none is close."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" Did you mean '{close[0]}'?" if close else ""


def validate(cls: type[T], values: Any, path: str = "") -> T:
    """An instance of the dataclass `cls` from plain values.

    Raises:
        ConfigError: naming the key, its value and what is allowed.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"{path or 'config'} must be a group of keys, got {values!r}.")
    hints = typing.get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for key in values:
        if key not in fields:
            where = _join(path, str(key))
            hint = nearest(str(key), fields)
            raise ConfigError(f"unknown key '{where}'.{hint} Known here: {', '.join(fields)}.")
    missing = [_join(path, name) for name in fields if name not in values]
    if missing:
        raise ConfigError(f"missing key '{missing[0]}'.")
    made = {
        name: _value(hints[name], values[name], _join(path, name), field.metadata) for name, field in fields.items()
    }
    return cls(**made)


def plain(settings: Any) -> Any:
    """Settings as JSON values: dataclasses become dicts, tuples become lists."""
    if dataclasses.is_dataclass(settings) and not isinstance(settings, type):
        return {f.name: plain(getattr(settings, f.name)) for f in dataclasses.fields(settings)}
    if isinstance(settings, Mapping):
        return {str(key): plain(value) for key, value in settings.items()}
    if isinstance(settings, list | tuple):
        return [plain(value) for value in settings]
    return settings


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _value(hint: Any, value: Any, path: str, metadata: Mapping[str, Any]) -> Any:
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        return _optional(hint, value, path, metadata)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return value if isinstance(value, hint) else validate(hint, value, path)
    if origin is tuple:
        return _items(hint, value, path, metadata)
    return _scalar(hint, value, path, metadata)


def _optional(hint: Any, value: Any, path: str, metadata: Mapping[str, Any]) -> Any:
    if value is None:
        return None
    kinds = [kind for kind in typing.get_args(hint) if kind is not types.NoneType]
    return _value(kinds[0], value, path, metadata)


def _items(hint: Any, value: Any, path: str, metadata: Mapping[str, Any]) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise ConfigError(f"{path} must be a list, got {value!r}.")
    kinds = typing.get_args(hint)
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        raise ConfigError(f"{path} must have {len(kinds)} items, got {len(value)}.")
    return tuple(
        _value(kind, item, f"{path}[{i}]", metadata) for i, (kind, item) in enumerate(zip(kinds, value, strict=True))
    )


def _scalar(hint: Any, value: Any, path: str, metadata: Mapping[str, Any]) -> Any:
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if hint is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    if hint in names and (not isinstance(value, hint) or (hint is not bool and isinstance(value, bool))):
        raise ConfigError(f"{path} must be {names[hint]}, got {value!r}.")
    limits = metadata.get("range")
    if limits is not None and not limits.holds(value):
        raise ConfigError(f"{path} must be in {limits}, got {value!r}.")
    choices = metadata.get("choices")
    if choices is not None and value not in choices:
        hint_text = nearest(str(value), choices)
        raise ConfigError(f"{path} must be one of {', '.join(choices)}, got {value!r}.{hint_text}")
    return value
