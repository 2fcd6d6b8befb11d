"""What a table's columns mean, from a small YAML file: decisions, objectives at their budgets, costs."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from nas_cli.errors import ConfigError
from nas_cli.schema import nearest

ANY = 0
"""The budget of a column that holds whatever the budget is."""

KEYS = ("file", "decisions", "architecture", "costs", "ignore", "objectives", "epochs")
OBJECTIVE_KEYS = ("fitness", "direction", "measure", "test", "seconds")
DIRECTIONS = ("max", "min")


@dataclass(frozen=True)
class Column:
    """A column of the file; its numbers count times `factor` (None: the reader of the column decides)."""

    name: str
    factor: float | None = None


ByBudget = Mapping[int, Column]
"""Columns by epochs, rising; {ANY: column} where one column holds for all."""


@dataclass(frozen=True)
class Objective:
    """What is searched for: `fitness` at each budget, `test` for the report only, `seconds` that a training took.

    `direction`: 'max' or 'min'. `measure` names the metric: 'accuracy' is a share in [0, 1] whose columns may be in
    percent; 'rmse' and any other name are taken as they are.
    """

    name: str
    fitness: ByBudget
    direction: str
    measure: str
    test: ByBudget
    seconds: ByBudget

    def columns(self) -> Iterator[Column]:
        """Every column that the objective names."""
        for part in (self.fitness, self.test, self.seconds):
            yield from part.values()


@dataclass(frozen=True)
class Description:
    """The meaning of a table.

    `decisions`: columns of one decision each, None where neither they nor `pattern` are given. `pattern`: a column of
    text and the regular expression whose groups are decisions. `epochs`: the budget of a search that names none.
    """

    source: str
    file: Path
    decisions: tuple[str, ...] | None
    pattern: tuple[str, re.Pattern[str]] | None
    costs: Mapping[str, Column]
    ignore: tuple[str, ...]
    objectives: Mapping[str, Objective]
    epochs: int | None

    def named(self) -> set[str]:
        """Every column that has a meaning other than that of a decision."""
        pattern = set() if self.pattern is None else {self.pattern[0]}
        measured = {column.name for objective in self.objectives.values() for column in objective.columns()}
        return pattern | measured | {column.name for column in self.costs.values()} | set(self.ignore)

    def objective(self, name: str | None) -> Objective:
        """The objective of that name, the first one for None; ConfigError if there is none."""
        known = self.objectives
        if name is None:
            return next(iter(known.values()))
        if name not in known:
            raise ConfigError(
                f"unknown estimator.objective '{name}'.{nearest(name, known)} {self.source} has: {', '.join(known)}."
            )
        return known[name]


def read_description(path: Path, file: str | None = None) -> Description:
    """The description in a YAML file; `file` replaces the table that it names, relative to itself.

    Raises:
        ConfigError: one line that names the description, the key and what is allowed.
    """
    source = path.name
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ConfigError(f"cannot read the table's description {path}: {reason}.") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"the table's description {path} is not YAML: {_first_line(error)}.") from error
    if not isinstance(values, Mapping):
        raise ConfigError(f"the table's description {path} must be a group of keys ({', '.join(KEYS)} or fitness).")
    return _described(source, path, values, file)


def _described(source: str, path: Path, values: Mapping[str, Any], file: str | None) -> Description:
    _check_keys(source, values, (*KEYS, *OBJECTIVE_KEYS))
    named = values.get("file") if file is None else None
    if file is None and not isinstance(named, str):
        raise ConfigError(f"{source}: `file` must name the CSV file of the table, relative to the description.")
    return Description(
        source=source,
        file=Path(file) if file is not None else path.parent / str(named),
        decisions=None if values.get("decisions") is None else _names(source, "decisions", values["decisions"]),
        pattern=_pattern(source, values.get("architecture")),
        costs={
            str(name): _column(source, f"costs.{name}", item, 1.0) for name, item in _group(source, values, "costs")
        },
        ignore=_names(source, "ignore", values.get("ignore") or []),
        objectives=_objectives(source, values),
        epochs=None if values.get("epochs") is None else _budget(source, "epochs", values["epochs"]),
    )


def _objectives(source: str, values: Mapping[str, Any]) -> dict[str, Objective]:
    several = values.get("objectives")
    if several is None:
        return {"fitness": _objective(source, "fitness", {key: values[key] for key in OBJECTIVE_KEYS if key in values})}
    own = [key for key in OBJECTIVE_KEYS if key in values]
    if own:
        raise ConfigError(f"{source}: `{own[0]}` stands beside `objectives`: write it inside each of them.")
    if not isinstance(several, Mapping) or not several:
        raise ConfigError(f"{source}: `objectives` must be a group of named objectives, got {several!r}.")
    return {str(name): _objective(source, str(name), item) for name, item in several.items()}


def _objective(source: str, name: str, values: Any) -> Objective:
    if not isinstance(values, Mapping):
        raise ConfigError(f"{source}: the objective '{name}' must be a group of keys, got {values!r}.")
    _check_keys(source, values, OBJECTIVE_KEYS)
    if values.get("fitness") is None:
        raise ConfigError(
            f"{source}: `fitness` is missing: name the column that is searched for, or one for each budget, "
            "as {12: column, 200: column}."
        )
    direction = values.get("direction", "max")
    if direction not in DIRECTIONS:
        raise ConfigError(f"{source}: `direction` must be max or min, got {direction!r}.")
    measure = values.get("measure", "accuracy" if direction == "max" else "value")
    if not isinstance(measure, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", measure):
        raise ConfigError(f"{source}: `measure` must be a name like accuracy or rmse, got {measure!r}.")
    if (measure == "rmse" and direction != "min") or (measure == "accuracy" and direction != "max"):
        raise ConfigError(f"{source}: `measure: {measure}` contradicts `direction: {direction}`.")
    parts = {key: _by_budget(source, key, values.get(key)) for key in ("fitness", "test", "seconds")}
    both = {column.name for column in parts["fitness"].values()} & {column.name for column in parts["test"].values()}
    if both:
        raise ConfigError(
            f"{source}: '{min(both)}' is `fitness` and `test` at once: what is selected on is no test, so leave `test` "
            "out."
        )
    seconds = {budget: replace(column, factor=column.factor or 1.0) for budget, column in parts["seconds"].items()}
    return Objective(name, parts["fitness"], direction, measure, parts["test"], seconds)


def _by_budget(source: str, key: str, value: Any) -> dict[int, Column]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or "column" in value:
        return {ANY: _column(source, key, value, None)}
    found = {
        _budget(source, key, budget): _column(source, f"{key}.{budget}", item, None) for budget, item in value.items()
    }
    if not found:
        raise ConfigError(f"{source}: `{key}` names no column.")
    return dict(sorted(found.items()))


def _budget(source: str, key: str, value: Any) -> int:
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"{source}: a budget of `{key}` must be a number of epochs (whole, from 1), got {value!r}.")
    return value


def _column(source: str, key: str, value: Any, factor: float | None) -> Column:
    if isinstance(value, Mapping):
        _check_keys(source, value, ("column", "factor"))
        return replace(_column(source, key, value.get("column"), factor), factor=_factor(source, key, value, factor))
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ConfigError(
            f"{source}: `{key}` must name a column, or be {{column: NAME, factor: NUMBER}}, got {value!r}."
        )
    return Column(str(value), factor)


def _factor(source: str, key: str, value: Mapping[str, Any], otherwise: float | None) -> float | None:
    given = value.get("factor", otherwise)
    try:
        # YAML 1.1 takes 1e6, without a point and a sign, for text.
        factor = None if given is None else float(given)
    except (TypeError, ValueError):
        factor = float("nan")
    if factor is not None and not 0 < factor < float("inf"):
        raise ConfigError(f"{source}: `{key}.factor` must be a number above 0, got {given!r}.")
    return factor


def _pattern(source: str, value: Any) -> tuple[str, re.Pattern[str]] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise ConfigError(
            f"{source}: `architecture` must be {{column: NAME, pattern: REGULAR EXPRESSION}}, got {value!r}."
        )
    _check_keys(source, value, ("column", "pattern"))
    column, text = value.get("column"), value.get("pattern")
    if not isinstance(column, str) or not isinstance(text, str):
        raise ConfigError(f"{source}: `architecture` needs a column and a pattern, both text, got {dict(value)}.")
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise ConfigError(f"{source}: `architecture.pattern` is no regular expression: {error}.") from error
    if not pattern.groups:
        raise ConfigError(f"{source}: `architecture.pattern` needs a group, (?P<name>…) or (…), for each decision.")
    return column, pattern


def _names(source: str, key: str, value: Any) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str | int | float) for name in names):
        raise ConfigError(f"{source}: `{key}` must be a list of columns, got {value!r}.")
    texts = [str(name) for name in names]
    if len(set(texts)) != len(texts):
        raise ConfigError(f"{source}: `{key}` names a column twice: {texts}.")
    return tuple(texts)


def _group(source: str, values: Mapping[str, Any], key: str) -> list[tuple[Any, Any]]:
    group = values.get(key) or {}
    if not isinstance(group, Mapping):
        raise ConfigError(f"{source}: `{key}` must be a group, name: column, got {group!r}.")
    return list(group.items())


def _check_keys(source: str, values: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in values:
        if key not in known:
            raise ConfigError(f"{source}: unknown key '{key}'.{nearest(str(key), known)} Known: {', '.join(known)}.")


def _first_line(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"{problem} in line {mark.line + 1}" if mark is not None else str(problem)
