"""From a validated configuration to the objects it stands for: the only place that uses the registry to build."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nas_cli.config import SearchConfig, from_plain
from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.cost import Cost
from nas_cli.costs.limits import Limits
from nas_cli.errors import ConfigError
from nas_cli.estimators.contract import Estimator
from nas_cli.registry import find, load
from nas_cli.schema import plain
from nas_cli.search.economies import Economies
from nas_cli.spaces.architecture import Architecture
from nas_cli.strategies.contract import Admissible, Strategy

SAMPLES_BEFORE_GIVING_UP = 2000
"""Random architectures looked at before the limits of a space are called impossible."""


def make_space(config: SearchConfig, input_shape: tuple[int, ...], classes: int) -> Any:
    """The search space for inputs of the given shape."""
    return load(find("space", config.space.name).target)(config.space, input_shape, classes)


def make_limits(config: SearchConfig) -> Limits:
    """The space's limits on FLOPs, parameters and training memory."""
    memory = config.space.max_memory_gb
    return Limits(
        max_flops=config.space.max_flops,
        max_params=config.space.max_params,
        max_memory_bytes=None if memory is None else memory * 1e9,
        batch_size=config.training.batch_size,
    )


def make_admissible(config: SearchConfig) -> Admissible:
    """The check that a strategy applies before it proposes an architecture."""
    limits = make_limits(config)

    def admissible(architecture: Architecture) -> bool:
        return limits.admits(architecture_cost(architecture))

    return admissible


def make_economies(config: SearchConfig) -> Economies:
    """What the estimator wants to know of earlier generations."""
    estimator = config.estimator
    return Economies(cache=estimator.cache, reuse=estimator.reuse, stop_early=estimator.stop_early)


def make_strategy(config: SearchConfig, space: Any) -> Strategy:
    """The search algorithm, seeded with the run's seed.

    Raises:
        ConfigError: settings that do not fit each other, or an initial population that cannot be used.
    """
    if getattr(config.strategy, "inheritance", "none") != "none" and config.estimator.name != "morph":
        raise ConfigError(
            f"strategy.inheritance={config.strategy.inheritance} needs networks that are compressed, "
            f"estimator={config.estimator.name} compresses none: add --estimator morph."
        )
    build = load(find("strategy", config.strategy.name).target)
    strategy: Strategy = build(config.strategy, space, config.seed, make_admissible(config))
    return strategy


def sample_architectures(config: SearchConfig, space: Any, wanted: int) -> list[Architecture]:
    """`wanted` random architectures that respect the limits.

    Raises:
        ConfigError: if none of many random architectures respects the limits.
    """
    limits = make_limits(config)
    rng = np.random.default_rng(config.seed)
    found: list[Architecture] = []
    smallest: Cost | None = None
    for _ in range(SAMPLES_BEFORE_GIVING_UP):
        architecture = space.architecture(space.sample(rng))
        cost = architecture_cost(architecture)
        smallest = cost if smallest is None or cost.flops < smallest.flops else smallest
        if limits.admits(cost):
            found.append(architecture)
        if len(found) == wanted:
            break
    if not found and smallest is not None:
        raise ConfigError(
            f"none of {SAMPLES_BEFORE_GIVING_UP} random architectures respects space.max_flops="
            f"{config.space.max_flops}, max_params={config.space.max_params}, "
            f"max_memory_gb={config.space.max_memory_gb}; the cheapest has {smallest.flops:.3g} FLOPs and "
            f"{smallest.params:,} parameters. Raise the limit."
        )
    return found


@dataclass(frozen=True)
class EstimatorFactory:
    """A picklable recipe for an estimator: a worker process calls it after it has set its threads."""

    config: dict[str, Any]
    prepared: Path

    def __call__(self) -> Estimator:
        config: SearchConfig = from_plain("search", self.config)
        build = load(find("estimator", config.estimator.name).target)
        estimator: Estimator = build(config.estimator, config.training, config.augmentation, self.prepared)
        return estimator


def estimator_factory(config: SearchConfig, prepared: Path) -> Callable[[], Estimator]:
    """The recipe of the configured estimator on prepared data."""
    return EstimatorFactory(plain(config), prepared)
