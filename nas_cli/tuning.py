"""Hyper-parameters as a search space: keys of the configuration, and the estimator that trains with their values."""

import functools
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, final

import yaml

from nas_cli.config import SearchConfig, conf_dir, from_plain, groups
from nas_cli.errors import ConfigError
from nas_cli.estimators.contract import NO_HINTS, Estimator, Hints, Progress, Score
from nas_cli.registry import find, load
from nas_cli.schema import nearest, plain
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.candidate import Candidate, Point, Scalar
from nas_cli.spaces.decision import Categorical, Decision, Numeric
from nas_cli.spaces.hyperparameters import HyperparameterSettings, HyperparameterSpace

WIDTH = "model.width"
"""The one key that is none of the configuration: the factor of all widths of a zoo network."""

INSIDE = 0.381966
"""A place in a range that no simple fraction has: a key that must be whole is then found out before the search."""

PARTS = ("training", "augmentation")
"""The parts of the configuration that an evaluation may vary; the rest says what is searched, and on which data."""


def is_tuning(config: SearchConfig) -> bool:
    """True if the search is for hyper-parameters."""
    return isinstance(config.space, HyperparameterSettings)


def hyperparameter_space(config: SearchConfig, input_shape: tuple[int, ...], classes: int) -> HyperparameterSpace:
    """The space of a tuning, checked: every key exists, and every choice and end of a range is allowed.

    Raises:
        ConfigError: naming the key, its value and what is allowed.
    """

    def cost_of(point: Point) -> Mapping[str, Any]:
        values = dict(point.values)
        batch = int(values.get("training.batch_size", config.training.batch_size))
        return _cost(config.space.model, values.get(WIDTH), tuple(input_shape), classes, batch)

    space = HyperparameterSpace(config.space, input_shape, classes, cost_of)
    for decision in space.decisions:
        _check(config, space, decision)
        if decision.name == WIDTH:
            cost_of(Point(((WIDTH, _given(decision.domain)[0]),)))
    cost_of(Point(()))
    return space


def with_values(config: SearchConfig, values: Mapping[str, Scalar]) -> SearchConfig:
    """The configuration with values for some keys: groups first, as their files say, then keys inside them.

    Raises:
        ConfigError: for a key or value that the configuration does not have.
    """
    made = plain(config)
    for key, value in sorted(values.items(), key=lambda item: "/" not in item[0] and item[0] != "augmentation"):
        if key == WIDTH:
            continue
        *path, last = key.replace("/", ".").split(".")
        part = made
        for name in path:
            part = part[name]
        part[last] = _group(key, value) if key in groups() else value
    changed: SearchConfig = from_plain("search", made)
    return changed


@final
class TunedEstimator:
    """Trains one network with the settings of a point, by the configured estimator on prepared data.

    The score's `trained` is that network, so that `best/` holds one that `nas train --model RUN` takes.
    """

    def __init__(self, config: SearchConfig, prepared: Path) -> None:
        from nas_cli.data.prepare import open_prepared

        dataset = open_prepared(prepared)
        self._config = config
        self._prepared = prepared
        self._shape, self._classes = dataset.input_shape, dataset.classes

    def estimate(
        self,
        architecture: Candidate,
        seed: int,
        model_file: Path | None,
        progress: Progress,
        hints: Hints = NO_HINTS,
    ) -> Score:
        if not isinstance(architecture, Point):
            raise ConfigError("space=hyperparameters evaluates points, not networks.")
        values = dict(architecture.values)
        network = _network(self._config.space.model, values.get(WIDTH), self._shape, self._classes)
        inner = self._estimator(with_values(self._config, values))
        score = inner.estimate(network, seed, model_file, progress, hints)
        return replace(score, trained=score.trained or network)

    def test(self, model_file: Path) -> Mapping[str, float]:
        return self._estimator(self._config).test(model_file)

    def _estimator(self, config: SearchConfig) -> Estimator:
        build = load(find("estimator", config.estimator.name).target)
        estimator: Estimator = build(config.estimator, config.training, config.augmentation, self._prepared)
        return estimator


def _check(config: SearchConfig, space: HyperparameterSpace, decision: Decision) -> None:
    key, given = decision.name, _given(decision.domain)
    if key == WIDTH:
        wrong = [value for value in given if isinstance(value, bool | str) or not 0 < value < math.inf]
        if wrong:
            raise ConfigError(f"space.keys: '{WIDTH}' cannot be {wrong[0]!r}: it must be a factor above 0.")
        return
    if key in groups():
        known: Mapping[str, Any] = dict.fromkeys(name for name in groups() if name.split("/")[0] in PARTS)
    else:
        known = _keys(config)
    if key not in known:
        every = [*_keys(config), *(name for name in groups() if name.split("/")[0] in PARTS), WIDTH]
        raise ConfigError(
            f"space.keys: '{key}' is no key of training or augmentation.{nearest(key, every)} "
            "`nas search --print-config` lists all."
        )
    for value, beside in itertools.product(given, _settings(space, decision)):
        try:
            with_values(config, beside | {key: value})
        except ConfigError as error:
            where = "".join(f" where {name}={choice}" for name, choice in beside.items())
            raise ConfigError(f"space.keys: '{key}' cannot be {value!r}{where}: {error}") from error


def _settings(space: HyperparameterSpace, decision: Decision) -> list[dict[str, Scalar]]:
    """The values beside which the decision's must be allowed: for a key of a group that is searched as well, every
    choice of the group with which the key counts."""
    fixed = _setting(space, decision)
    group = decision.name.rpartition(".")[0].replace(".", "/")
    domain = next((other.domain for other in space.decisions if other.name == group), None)
    if not isinstance(domain, Categorical):
        return [fixed]
    counts = decision.when[1] if decision.when is not None and decision.when[0] == group else domain.choices
    return [fixed | {group: choice} for choice in counts]


def _given(domain: Categorical | Numeric) -> Sequence[Scalar]:
    """All choices; the ends of a range, and a number inside it, which is no whole one where none is asked for."""
    if isinstance(domain, Categorical):
        return domain.choices
    return [domain.from_unit(place) for place in (0.0, 1.0, INSIDE)]


def _setting(space: HyperparameterSpace, decision: Decision) -> dict[str, Scalar]:
    """The values under which a conditional key counts."""
    found: dict[str, Scalar] = {}
    by_name = {other.name: other for other in space.decisions}
    while decision.when is not None:
        name, allowed = decision.when
        found[name] = allowed[0]
        decision = by_name[name]
    return found


def _group(key: str, value: Scalar) -> dict[str, Any]:
    if value not in groups()[key]:
        known = ", ".join(groups()[key])
        raise ConfigError(f"unknown {key} '{value}'.{nearest(str(value), groups()[key])} Known: {known}.")
    return dict(_file(key, str(value)))


@functools.cache
def _file(group: str, name: str) -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = yaml.safe_load((conf_dir() / group / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


def _keys(config: SearchConfig) -> dict[str, Any]:
    """Dotted keys of training and augmentation to values; where every network has teachers, also those of distill."""
    found = _leaves(plain(config))
    if getattr(config.estimator, "distill_from", None):
        found |= _leaves(plain(config.estimator.distill), "estimator.distill.")
    return found


def _leaves(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted keys of training and augmentation to values."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if not prefix and name not in PARTS:
            continue
        if isinstance(value, Mapping):
            found |= _leaves(value, f"{prefix}{name}.")
        elif name != "name":
            found[f"{prefix}{name}"] = value
    return found


def _network(model: str, width: Scalar | None, input_shape: tuple[int, ...], classes: int) -> Architecture:
    """The network that is trained.

    Raises:
        ConfigError: if there is none of this name, or it cannot be made from an architecture.
    """
    from nas_cli.models.reference import find_architecture

    network = find_architecture(model, input_shape, classes, None if width is None else float(width))
    if network is None:
        raise ConfigError(
            f"space.model={model} is a model file or of keras.applications: choose a network with an architecture "
            "(a zoo network such as resnet20, a run, or an architecture.json)."
        )
    return network


@functools.lru_cache(maxsize=256)
def _cost(
    model: str, width: Scalar | None, input_shape: tuple[int, ...], classes: int, batch: int
) -> Mapping[str, Any]:
    """flops, macs and params of the network, and memory_gb, what its training with batches of this size holds."""
    from nas_cli.costs.architecture_cost import architecture_cost

    cost = architecture_cost(_network(model, width, input_shape, classes))
    memory = cost.training_bytes(batch) / 1e9
    return {"flops": cost.flops, "macs": cost.macs, "params": cost.params, "memory_gb": memory}
