"""The space of hyper-parameters: values for keys of the configuration, with which one given network is trained."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from nas_cli.errors import ConfigError
from nas_cli.schema import nearest, number
from nas_cli.spaces.candidate import Point, Scalar
from nas_cli.spaces.decision import Categorical, Decision, Numeric
from nas_cli.spaces.decision_space import DecisionSpace

RANGE = ("low", "high", "distribution", "whole", "step", "when")
CHOICES = ("choices", "weights", "ordered", "when")

CostOf = Callable[[Point], Mapping[str, Any]]
"""The cost of the network that a point trains."""


@dataclass(frozen=True)
class HyperparameterSettings:
    """`model`: the network, as for `nas train --model`. `keys`: what is searched.

    A key is one of the configuration ('training.batch_size') or a group ('training/optimizer'). Its value is a list of
    choices; {choices, weights, ordered}; or a range {low, high, distribution, whole, step} with distribution uniform,
    log_uniform or normal. `when: {key: value or list}` makes a key count only where an earlier one has such a value.
    null takes a key out that the defaults have. Limits, None is no limit, are on the network.
    """

    name: str
    model: str
    keys: Mapping[str, Any]
    max_flops: float | None = number(0, open_low=True)
    max_params: float | None = number(0, open_low=True)
    max_memory_gb: float | None = number(0, open_low=True)


@final
class HyperparameterSpace(DecisionSpace):
    """Genotypes are a value for each key; candidates are points of those that count.

    Groups come first, so that their keys are set in what a choice of them brings; a key that another's `when` names
    comes before it.
    """

    def __init__(
        self,
        settings: HyperparameterSettings,
        input_shape: tuple[int, ...] = (),
        classes: int = 0,
        cost_of: CostOf | None = None,
    ) -> None:
        """
        Raises:
            ConfigError: for a key without values, an unreadable range, or a `when` that names no key.
        """
        super().__init__(decisions(settings.keys))
        self.settings = settings
        self.input_shape = input_shape
        self.classes = classes
        self._cost_of = cost_of

    def cost(self, point: Point) -> Mapping[str, Any]:
        """The cost of the network that the point trains; {} where it is not known before it is built."""
        return {} if self._cost_of is None else self._cost_of(point)


def decisions(keys: Mapping[str, Any]) -> tuple[Decision, ...]:
    """The decisions that the settings' `keys` describe, in an order in which `when` points backwards."""
    if not isinstance(keys, Mapping) or not any(value is not None for value in keys.values()):
        raise ConfigError("space.keys must name at least one key, as {training.batch_size: [16, 32, 64]}.")
    found = {str(key): _decision(str(key), value) for key, value in keys.items() if value is not None}
    return tuple(found[name] for name in _ordered(found))


def _decision(key: str, value: Any) -> Decision:
    if isinstance(value, list | tuple):
        return Decision(key, _categorical(key, {"choices": value}))
    if not isinstance(value, Mapping) or not ("choices" in value or {"low", "high"} <= set(value)):
        raise ConfigError(f"space.keys: '{key}' needs a list of choices or a range {{low: …, high: …}}, got {value!r}.")
    known = CHOICES if "choices" in value else RANGE
    for name in value:
        if name not in known:
            raise ConfigError(
                f"space.keys: unknown '{name}' of '{key}'.{nearest(str(name), known)} Known: {', '.join(known)}."
            )
    domain = _categorical(key, value) if "choices" in value else _range(key, value)
    return Decision(key, domain, _when(key, value.get("when")))


def _categorical(key: str, value: Mapping[str, Any]) -> Categorical:
    choices, weights = value["choices"], value.get("weights")
    if not isinstance(choices, list | tuple) or not all(isinstance(item, int | float | str | bool) for item in choices):
        raise ConfigError(f"space.keys: the choices of '{key}' must be a list of numbers or texts, got {choices!r}.")
    numbers = all(isinstance(item, int | float) and not isinstance(item, bool) for item in choices)
    ordered = value.get("ordered", numbers and list(choices) == sorted(choices))
    if not isinstance(ordered, bool):
        raise ConfigError(f"space.keys: `ordered` of '{key}' must be true or false, got {ordered!r}.")
    try:
        return Categorical(tuple(choices), None if weights is None else tuple(map(float, weights)), ordered)
    except (ConfigError, TypeError, ValueError) as error:
        raise ConfigError(f"space.keys: '{key}': {error}") from error


def _range(key: str, value: Mapping[str, Any]) -> Numeric:
    low, high = _number(key, "low", value["low"]), _number(key, "high", value["high"])
    whole = value.get("whole", False)
    if not isinstance(whole, bool):
        raise ConfigError(f"space.keys: `whole` of '{key}' must be true or false, got {whole!r}.")
    step, distribution = _number(key, "step", value.get("step", 0.1)), str(value.get("distribution", "uniform"))
    try:
        return Numeric(low, high, whole, distribution, step)
    except ConfigError as error:
        raise ConfigError(f"space.keys: '{key}': {error}") from error


def _number(key: str, name: str, value: Any) -> float:
    try:
        # YAML 1.1 takes 1e-4, without a point, for text.
        return float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"space.keys: `{name}` of '{key}' must be a number, got {value!r}.") from error


def _when(key: str, value: Any) -> tuple[str, tuple[Scalar, ...]] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or len(value) != 1:
        raise ConfigError(f"space.keys: `when` of '{key}' must be {{key: value or list of values}}, got {value!r}.")
    name, wanted = next(iter(value.items()))
    if isinstance(wanted, list | tuple) and not wanted:
        raise ConfigError(f"space.keys: `when` of '{key}' names no value of '{name}': the key would never count.")
    return str(name), tuple(wanted) if isinstance(wanted, list | tuple) else (wanted,)


def _ordered(found: Mapping[str, Decision]) -> Sequence[str]:
    """Groups, then keys, each behind the one that its `when` names."""
    waiting = sorted(found, key=lambda name: "/" not in name)
    order: list[str] = []
    while waiting:
        ready = [name for name in waiting if _condition(found, name) in (None, *order)]
        if not ready:
            raise ConfigError(f"space.keys: the `when` of {', '.join(waiting)} go in a circle.")
        order.append(ready[0])
        waiting.remove(ready[0])
    return order


def _condition(found: Mapping[str, Decision], name: str) -> str | None:
    """The key that another's `when` names, checked."""
    when = found[name].when
    if when is None:
        return None
    if when[0] not in found:
        raise ConfigError(f"space.keys: `when` of '{name}' names '{when[0]}', which is not searched.")
    domain = found[when[0]].domain
    for value in when[1]:
        try:
            domain.read(value)
        except ConfigError as error:
            raise ConfigError(f"space.keys: `when` of '{name}': {error}") from error
    return when[0]
