"""Schedulers around strategies, as the shipped YAML files configure them."""

from typing import Any

from nas_cli.schema import validate
from nas_cli.spaces.decision_space import DecisionSpace
from nas_cli.strategies.bayesian.settings import BayesianSettings
from nas_cli.strategies.bayesian.strategy import Bayesian
from nas_cli.strategies.contract import Admissible
from nas_cli.strategies.nsga2 import NSGA2, NSGA2Settings
from nas_cli.strategies.scheduler.settings import HyperbandSettings, SuccessiveHalvingSettings
from tests.spaces.configured import values
from tests.strategies.points import always, settings


def hyperband(**changes: Any) -> HyperbandSettings:
    return validate(HyperbandSettings, {**values("scheduler", "hyperband"), **changes}, "scheduler")


def successive_halving(**changes: Any) -> SuccessiveHalvingSettings:
    return validate(SuccessiveHalvingSettings, {**values("scheduler", "successive_halving"), **changes}, "scheduler")


def batches(generations: int, population: int = 1, **changes: Any) -> BayesianSettings:
    made: BayesianSettings = settings(
        BayesianSettings, "bayesian", generations=generations, population=population, **changes
    )
    return made


def bayesian(
    space: DecisionSpace, chosen: BayesianSettings, seed: int = 0, admissible: Admissible = always
) -> Bayesian:
    return Bayesian(chosen, space, seed, admissible)


def nsga2(space: DecisionSpace, seed: int = 0, admissible: Admissible = always, **changes: Any) -> NSGA2:
    return NSGA2(settings(NSGA2Settings, "nsga2", **changes), space, seed, admissible)
