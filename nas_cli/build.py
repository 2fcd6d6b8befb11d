"""From a validated configuration to the objects it stands for: the only place that uses the registry to build."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nas_cli.config import SearchConfig, from_plain
from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.cost import Cost
from nas_cli.costs.limits import Limits
from nas_cli.data.info import info
from nas_cli.data.sources import data_dir
from nas_cli.distributed.ring import Ring
from nas_cli.errors import ConfigError
from nas_cli.estimators.contract import Estimator
from nas_cli.estimators.published_tables import table_of
from nas_cli.oneshot.budget import check_derivable, check_space, random_trials
from nas_cli.registry import find, load
from nas_cli.schema import plain
from nas_cli.search.economies import Economies
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.candidate import Candidate, Point
from nas_cli.spaces.points import Points
from nas_cli.spaces.table import TableSpace
from nas_cli.strategies.contract import Admissible, Strategy
from nas_cli.tuning import TunedEstimator, hyperparameter_space, is_tuning

SAMPLES_BEFORE_GIVING_UP = 2000
"""Random candidates looked at before the limits of a space are called impossible."""
COUNTED = tuple(field.name for field in dataclasses.fields(Cost) if field.name != "layers")
"""The totals of a network's cost that the journal keeps."""
NO_DATA = ((32, 32, 3), 10)
"""Input shape and classes of networks whose scores are looked up: those of CIFAR-10."""
WITH_WEIGHTS = ("dense", "forward")
"""The space whose candidates have their weights, and the estimator that takes them as they are."""
LIMITED = {"max_flops": "flops", "max_params": "params", "max_memory_gb": "memory_gb"}
"""A space's limits, and the costs of candidates without a counted network that they bound."""


def looks_up(config: SearchConfig) -> bool:
    """True for an estimator that looks the scores of points up."""
    return bool(getattr(config.estimator, "points", False))


def has_supernet(config: SearchConfig) -> bool:
    """True for a strategy that trains a supernet before the first trial."""
    return bool(getattr(config.strategy, "supernet", False))


def needs_data(config: SearchConfig) -> bool:
    """False for a search that only looks scores up: no data set is read or prepared."""
    return has_supernet(config) or not looks_up(config)


def needs_tensorflow(config: SearchConfig) -> bool:
    """False for an estimator that works without it, in the process of the search."""
    return bool(getattr(config.estimator, "tensorflow", True))


def make_space(config: SearchConfig, input_shape: tuple[int, ...], classes: int) -> Any:
    """The search space for inputs of the given shape; its candidates are points if the estimator looks these up.

    Raises:
        ConfigError: if the estimator cannot score the space's candidates, or the space has none for such inputs.
    """
    _check_scorable(config.space.name, config.estimator.name)
    if has_supernet(config):
        check_space(config.space.name, config.strategy)
    if is_tuning(config) and not looks_up(config):
        return hyperparameter_space(config, input_shape, classes)
    space = load(find("space", config.space.name).target)(config.space, input_shape, classes)
    if has_supernet(config):
        check_derivable(space, config.strategy)
    if looks_up(config):
        return Points(space, table_of(space))
    if isinstance(space, TableSpace):
        raise ConfigError(
            f"estimator={config.estimator.name} needs networks, and space 'table' has only rows: add --estimator table."
        )
    return space


def _check_scorable(space: str, estimator: str) -> None:
    if space == WITH_WEIGHTS[0] and estimator != WITH_WEIGHTS[1]:
        raise ConfigError(
            f"space '{space}' gives networks whose weights are evolved, which estimator={estimator} cannot score: "
            f"add --estimator {WITH_WEIGHTS[1]}."
        )
    if estimator == WITH_WEIGHTS[1] and space != WITH_WEIGHTS[0]:
        raise ConfigError(
            f"estimator={estimator} scores networks that have their weights, those of space '{space}' have none: "
            f"add --space {WITH_WEIGHTS[0]}, or choose an estimator that trains."
        )


def make_limits(config: SearchConfig) -> Limits:
    """The space's limits on FLOPs, parameters and training memory."""
    memory = config.space.max_memory_gb
    return Limits(
        max_flops=config.space.max_flops,
        max_params=config.space.max_params,
        max_memory_bytes=None if memory is None else memory * 1e9,
        batch_size=config.training.batch_size,
    )


def make_admissible(config: SearchConfig, space: Any) -> Admissible:
    """The check that a strategy applies before it proposes a candidate."""
    limits, has = make_limits(config), getattr(space, "has", None)
    bounds = {cost: getattr(config.space, limit) for limit, cost in LIMITED.items()}
    unbounded = all(bound is None for bound in bounds.values())

    def admissible(candidate: Candidate) -> bool:
        if isinstance(candidate, Architecture):
            return limits.admits(architecture_cost(candidate))
        if has is not None and not has(candidate):
            return False
        cost = {} if unbounded else _cost_or_network(space, candidate)
        if isinstance(cost, Cost):
            return limits.admits(cost)
        return all(bound is None or (cost.get(key) or 0) <= bound for key, bound in bounds.items())

    return admissible


def _cost_or_network(space: Any, candidate: Candidate) -> Mapping[str, Any] | Cost:
    """What is known of a candidate's cost; where nothing is, that of the network that a point stands for."""
    known = known_cost(space, candidate)
    if known or not isinstance(space, Points) or not isinstance(candidate, Point):
        return known
    network = space.network(candidate)
    return architecture_cost(network) if isinstance(network, Architecture) else {}


def known_cost(space: Any, candidate: Candidate) -> Mapping[str, Any]:
    """What is known of the cost of a candidate: flops, params, …; all that is counted of a network."""
    if isinstance(candidate, Architecture):
        cost = architecture_cost(candidate)
        return {name: getattr(cost, name) for name in COUNTED} | {"flops": cost.flops}
    cost_of = getattr(space, "cost", None)
    return {} if cost_of is None else cost_of(candidate)


def make_economies(config: SearchConfig) -> Economies:
    """What trials may use of earlier ones."""
    estimator = config.estimator
    proxy = getattr(estimator, "filter", None)
    return Economies(
        cache=getattr(estimator, "cache", False),
        reuse=getattr(estimator, "reuse", False),
        inherit=getattr(estimator, "inherits", False),
        continues=config.scheduler.name != "none",
        stop_early=getattr(estimator, "stop_early", False),
        proxy=None if proxy is None or proxy.proxy == "none" else proxy.proxy,
        keep=1.0 if proxy is None else proxy.keep,
        networks=needs_tensorflow(config) and getattr(estimator, "networks", True),
    )


def make_strategy(config: SearchConfig, space: Any, found: Callable[[], Sequence[Any]] = tuple) -> Strategy:
    """The search algorithm, seeded with the run's seed, its trials' budgets set by the scheduler.

    `found`: what a supernet's search has found, for the strategies that have one.

    Raises:
        ConfigError: settings that do not fit each other or the space, or an initial population that cannot be used.
    """
    if has_supernet(config) and config.scheduler.name != "none":
        raise ConfigError(
            f"scheduler={config.scheduler.name} with strategy={config.strategy.name}: found networks are compared with "
            "random ones after trainings of equal length: use --scheduler none."
        )
    if has_supernet(config):
        _check_trains_all(config)
    if getattr(config.strategy, "inheritance", "none") != "none" and config.estimator.name != "morph":
        raise ConfigError(
            f"strategy.inheritance={config.strategy.inheritance} needs networks that are compressed, "
            f"estimator={config.estimator.name} compresses none: add --estimator morph."
        )
    build, admissible = load(find("strategy", config.strategy.name).target), make_admissible(config, space)
    strategy: Strategy = (
        build(space, admissible, found)
        if has_supernet(config)
        else build(config.strategy, space, config.seed, admissible)
    )
    schedule = load(find("scheduler", config.scheduler.name).target)
    scheduled: Strategy = schedule(_schedule(config, space), strategy, config.seed)
    return scheduled


def _check_trains_all(config: SearchConfig) -> None:
    """Passes if a supernet search's trials are trained each by itself.

    Raises:
        ConfigError: for what an estimator takes from an earlier generation: there is only one.
    """
    estimator, proxy = config.estimator, getattr(config.estimator, "filter", None)
    asked = {f"estimator.{key}=true": getattr(estimator, key, False) for key in ("reuse", "stop_early")}
    asked["estimator=inherit"] = getattr(estimator, "inherits", False)
    if proxy is not None:
        asked[f"estimator.filter.proxy={proxy.proxy}"] = proxy.proxy != "none"
    for text, wanted in asked.items():
        if wanted:
            raise ConfigError(
                f"{text} goes by networks of an earlier generation, strategy={config.strategy.name} trains all in one: "
                "leave it out."
            )


def planned_trials(config: SearchConfig) -> int:
    """How many trials the search will make."""
    settings = config.strategy
    if has_supernet(config):
        return int(settings.found) + planned_randoms(config)
    if hasattr(config.scheduler, "planned"):
        space = make_space(config, *NO_DATA) if looks_up(config) else None
        hears = hasattr(load(find("strategy", settings.name).target), "hear")
        return int(_schedule(config, space).planned(settings, hears))
    return int(settings.planned if hasattr(settings, "planned") else settings.generations * settings.population)


def planned_randoms(config: SearchConfig) -> int:
    """How many random networks are trained beside those that a supernet search finds."""
    data = info(config.dataset, data_dir())
    space = raw_space(make_space(config, data.input_shape, data.classes))
    return random_trials(config.strategy, space, trial_passes(config, data.train_examples))


def trial_passes(config: SearchConfig, examples: int) -> float:
    """Passes over `examples`, all there are for training, that one trial takes; smaller images are not counted."""
    return own_passes(config) * min(1.0, (getattr(config.estimator, "train_size", None) or examples) / examples)


def own_passes(config: SearchConfig) -> float:
    """The same over the examples that a trial trains on; its epochs where candidates are not trained at all."""
    epochs = getattr(config.estimator, "epochs", None) or config.training.epochs
    passes = config.estimator.passes(epochs) if hasattr(config.estimator, "passes") else 0.0
    return float(passes or epochs)


def raw_space(space: Any) -> Any:
    """The space of networks behind one of points."""
    return space.space if isinstance(space, Points) else space


def _schedule(config: SearchConfig, space: Any) -> Any:
    """The scheduler's settings, its largest budget being that of the estimator where it has none of its own; none is
    below the smallest of a table."""
    if not hasattr(config.scheduler, "within"):
        return config.scheduler
    if isinstance(space, Points) and space.table is not None:
        budgets = space.table.description.objective(config.estimator.objective).fitness
        return config.scheduler.within(max(budgets), least=min(budgets))
    return config.scheduler.within(getattr(config.estimator, "epochs", None) or config.training.epochs)


def sample_candidates(config: SearchConfig, space: Any, wanted: int) -> list[Candidate]:
    """`wanted` random candidates that respect the limits.

    Raises:
        ConfigError: if none of many random candidates respects the limits.
    """
    admissible = make_admissible(config, space)
    rng = np.random.default_rng(config.seed)
    found: list[Candidate] = []
    refused: list[Candidate] = []
    for _ in range(SAMPLES_BEFORE_GIVING_UP):
        candidate = space.architecture(space.sample(rng))
        (found if admissible(candidate) else refused).append(candidate)
        if len(found) == wanted:
            break
    if not found:
        raise _too_costly(config, [known_cost(space, candidate) for candidate in refused])
    return found


def _too_costly(config: SearchConfig, costs: Sequence[Mapping[str, Any]]) -> ConfigError:
    cheapest = min(costs, key=lambda cost: (cost.get("flops") is None, cost.get("flops"), cost.get("params")))
    sizes = [f"{cheapest[key]:.4g} {word}" for key, word in (("flops", "FLOPs"), ("params", "parameters"))
             if cheapest.get(key) is not None]  # fmt: skip
    return ConfigError(
        f"none of {len(costs)} random candidates respects space.max_flops={config.space.max_flops}, "
        f"max_params={config.space.max_params}, max_memory_gb={config.space.max_memory_gb}"
        + (f"; the cheapest has {' and '.join(sizes)}" if sizes else "")
        + ". Raise the limit."
    )


@dataclass(frozen=True)
class EstimatorFactory:
    """A picklable recipe for an estimator: a worker process calls it after it has set its threads."""

    config: dict[str, Any]
    prepared: Path

    def __call__(self, ring: Ring | None = None) -> Estimator:
        """The estimator; one of a `ring` trains every network together with the other processes."""
        config: SearchConfig = from_plain("search", self.config)
        if is_tuning(config):
            return TunedEstimator(config, self.prepared)
        build = load(find("estimator", config.estimator.name).target)
        shared = {} if ring is None else {"ring": ring}
        estimator: Estimator = build(config.estimator, config.training, config.augmentation, self.prepared, **shared)
        return estimator


def make_estimator(config: SearchConfig, space: Any, prepared: Path | None) -> Estimator:
    """The configured estimator, in this process: one that looks points up, or works on prepared data."""
    if prepared is not None and not looks_up(config):
        return estimator_factory(config, prepared)()
    build = load(find("estimator", config.estimator.name).target)
    estimator: Estimator = build(config.estimator, space, config.seed)
    return estimator


def estimator_factory(config: SearchConfig, prepared: Path) -> EstimatorFactory:
    """The recipe of the configured estimator on prepared data."""
    return EstimatorFactory(plain(config), prepared)
