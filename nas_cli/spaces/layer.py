"""One layer of a module: a convolution with ReLU, and what may follow it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nas_cli.errors import ConfigError
from nas_cli.spaces.modular_settings import ModularSpaceSettings

AFTER = ("none", "max_pool", "dropout")
RATE_DIGITS = 2
SPREAD = 0.25
"""Standard deviation of a change to a number, as a share of its range."""


@dataclass(frozen=True)
class Layer:
    """Conv2D of `filters` and `kernel`×`kernel`, then `after`: none, max_pool or dropout with `rate` (else 0)."""

    filters: int
    kernel: int
    after: str
    rate: float = 0.0

    def to_json(self) -> list[Any]:
        """[filters, kernel, after, rate]."""
        return [self.filters, self.kernel, self.after, self.rate]


def layer_from_json(value: Any) -> Layer:
    """The layer that `Layer.to_json` wrote; widths outside the space's range are kept, as compressed layers have them.

    Raises:
        ConfigError: for any other value.
    """
    try:
        layer = Layer(int(value[0]), int(value[1]), str(value[2]), float(value[3]))
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise ConfigError(f"not a layer: {error!r} in {str(value)[:80]}") from error
    if layer.filters < 1 or layer.kernel < 1 or layer.after not in AFTER or not 0 <= layer.rate < 1:
        raise ConfigError(f"layer {value} is out of range: filters and kernel >= 1, after {AFTER}, rate in [0, 1).")
    return layer


def sample_layer(settings: ModularSpaceSettings, rng: np.random.Generator) -> Layer:
    """A random layer: each field uniform over its range."""
    kernel = settings.kernels[rng.integers(len(settings.kernels))]
    filters = int(rng.integers(settings.filters[0], settings.filters[1] + 1))
    return _followed(Layer(filters, kernel, "none"), AFTER[rng.integers(len(AFTER))], settings, rng)


def mutate_layer(layer: Layer, settings: ModularSpaceSettings, rng: np.random.Generator) -> Layer:
    """The layer with one field changed: numbers by a normal step, categories to another value; never an equal layer."""
    changes: list[Callable[[], Layer]] = [lambda: _other_after(layer, settings, rng)]
    # A compressed layer may be narrower than the space's narrowest: a step from there is no jump back into the range.
    filters = (min(layer.filters, settings.filters[0]), settings.filters[1])
    if filters[0] < filters[1]:
        changes.append(lambda: replace(layer, filters=mutate_integer(layer.filters, filters, rng)))
    if any(kernel != layer.kernel for kernel in settings.kernels):
        changes.append(lambda: replace(layer, kernel=_other(settings.kernels, layer.kernel, rng)))
    if layer.after == "dropout" and settings.dropout[0] < settings.dropout[1]:
        changes.append(lambda: replace(layer, rate=_mutate_rate(layer.rate, settings.dropout, rng)))
    return changes[rng.integers(len(changes))]()


def mix_layers(first: Layer, second: Layer, rng: np.random.Generator) -> Layer:
    """A layer with each field from one of two at random; what follows the convolution comes with its rate."""
    filters = first.filters if rng.random() < 0.5 else second.filters
    kernel = first.kernel if rng.random() < 0.5 else second.kernel
    tail = first if rng.random() < 0.5 else second
    return Layer(filters, kernel, tail.after, tail.rate)


def congruence(first: Layer, second: Layer) -> float:
    """How alike two layers are, in [0, 1]: the mean over their fields of min/max for numbers, of equality for `after`.

    The dropout rate is a field only where both layers have one.
    """
    parts = [ratio(first.filters, second.filters), ratio(first.kernel, second.kernel)]
    parts.append(float(first.after == second.after))
    if first.after == second.after == "dropout":
        parts.append(ratio(first.rate, second.rate))
    return sum(parts) / len(parts)


def ratio(first: float, second: float) -> float:
    """min/max of two numbers >= 0; 1 if both are 0."""
    return 1.0 if first == second else min(first, second) / max(first, second)


def layer_neighbours(layer: Layer, settings: ModularSpaceSettings) -> Iterator[Layer]:
    """Layers one step away: width ± an eighth of its range, rate ± a fifth, every other kernel and tail."""
    for filters in integer_neighbours(layer.filters, settings.filters):
        yield replace(layer, filters=filters)
    for kernel in settings.kernels:
        if kernel != layer.kernel:
            yield replace(layer, kernel=kernel)
    low, high = settings.dropout
    middle = round((low + high) / 2, RATE_DIGITS)
    for after in AFTER:
        if after != layer.after:
            yield replace(layer, after=after, rate=middle if after == "dropout" else 0.0)
    if layer.after == "dropout":
        step = (high - low) / 5
        rates = {round(min(max(layer.rate + sign * step, low), high), RATE_DIGITS) for sign in (-1, 1)}
        for rate in sorted(rates - {layer.rate}):
            yield replace(layer, rate=rate)


def integer_neighbours(value: int, limits: tuple[int, int]) -> list[int]:
    """The whole numbers an eighth of the range (at least 1) below and above, inside the range."""
    step = max(1, (limits[1] - limits[0]) // 8)
    return sorted({min(max(value + sign * step, limits[0]), limits[1]) for sign in (-1, 1)} - {value})


def mutate_integer(value: int, limits: tuple[int, int], rng: np.random.Generator) -> int:
    """Another whole number inside `limits`, a normal step away; the range must hold more than one number."""
    low, high = limits
    new = min(max(round(rng.normal(value, SPREAD * (high - low))), low), high)
    if new != value:
        return new
    return value + 1 if value < high else value - 1


def _mutate_rate(rate: float, limits: tuple[float, float], rng: np.random.Generator) -> float:
    low, high = limits
    new = round(min(max(float(rng.normal(rate, SPREAD * (high - low))), low), high), RATE_DIGITS)
    if new != rate:
        return new
    return low if rate > (low + high) / 2 else high


def _other_after(layer: Layer, settings: ModularSpaceSettings, rng: np.random.Generator) -> Layer:
    return _followed(layer, _other(AFTER, layer.after, rng), settings, rng)


def _followed(layer: Layer, after: str, settings: ModularSpaceSettings, rng: np.random.Generator) -> Layer:
    rate = round(float(rng.uniform(*settings.dropout)), RATE_DIGITS) if after == "dropout" else 0.0
    return replace(layer, after=after, rate=rate)


def _other(allowed: tuple[Any, ...], current: Any, rng: np.random.Generator) -> Any:
    others = [value for value in allowed if value != current]
    return others[rng.integers(len(others))]
