"""Every registered strategy on the first space that it can search, with scores that cost nothing."""

import itertools
import random
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from nas_cli.build import make_economies, make_space, make_strategy
from nas_cli.config import SearchConfig, load_config
from nas_cli.errors import ConfigError
from nas_cli.estimators.contract import NO_HINTS, Hints, Progress, Score
from nas_cli.registry import REGISTRY
from nas_cli.search.economies import Economies
from nas_cli.search.listener import Silent
from nas_cli.spaces.candidate import Candidate
from nas_cli.strategies.contract import Strategy

SHAPES, CLASSES = ((8, 8, 1), (4,)), 3
SPACES = ("chain", "thesis_small", "dense", *REGISTRY["space"])
"""Tried in this order: a strategy of the future finds its space without being named here."""
SMALL = ("strategy.generations=3", "strategy.population=4")


class Known:
    """Scores that depend on candidate and budget only, though they look random; every seventh trial fails."""

    def estimate(
        self,
        architecture: Candidate,
        seed: int,
        model_file: Path | None,
        progress: Progress,
        hints: Hints = NO_HINTS,
    ) -> Score:
        draw = random.Random(f"{architecture.digest()}/{hints.epochs}")
        if draw.random() < 1 / 7:
            raise ValueError("chance")
        accuracy = draw.random()
        cost = {"macs": draw.randrange(1000), "flops": draw.randrange(2000), "params": draw.randrange(100)}
        return Score(accuracy, {"valid_accuracy": accuracy, "train_seconds": random.random()}, cost=cost)

    def known_test(self, candidate: Candidate) -> Mapping[str, float]:
        return {"test_accuracy": random.Random(candidate.digest()).random()}

    def test(self, model_file: Path) -> Mapping[str, float]:
        raise AssertionError("there is no network to test")


class Watch(Silent):
    """Counts the trials that were evaluated, not replayed."""

    def __init__(self) -> None:
        self.fresh: list[int] = []

    def on_trial(self, event: Mapping[str, Any], replayed: bool) -> None:
        if not replayed:
            self.fresh.append(event["id"])


@cache
def configured(strategy: str, scheduler: str = "none") -> SearchConfig:
    """A small search with the strategy, on a space that it accepts."""
    return _suitable(strategy, scheduler)[0]


def fresh_strategy(config: SearchConfig) -> Strategy:
    """The configured strategy before its first proposal."""
    _, shape = _suitable(config.strategy.name, config.scheduler.name)
    return make_strategy(config, make_space(config, shape, CLASSES))


@cache
def _suitable(strategy: str, scheduler: str) -> tuple[SearchConfig, tuple[int, ...]]:
    refused = []
    for space, shape in itertools.product(dict.fromkeys(SPACES), SHAPES):
        estimator = "forward" if space == "dense" else "train"
        overrides = [f"strategy={strategy}", f"scheduler={scheduler}", f"space={space}", f"estimator={estimator}"]
        overrides += ["space.max_flops=null", *SMALL]
        config: SearchConfig = load_config("search", overrides)
        try:
            make_strategy(config, make_space(config, shape, CLASSES)).ask()
        except ConfigError as error:
            refused.append(f"{space} {shape}: {error}")
            continue
        return config, shape
    raise AssertionError(f"{strategy} can search none of the spaces: {refused}")


def economies(config: SearchConfig) -> Economies:
    """Those of the configuration, for trials that leave no network."""
    return replace(make_economies(config), networks=False)
