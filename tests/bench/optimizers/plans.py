"""Small comparisons for the tests."""

from dataclasses import replace
from functools import cache
from typing import Any

from nas_cli.bench.optimizers.plan import Plan
from nas_cli.bench.settings import BenchSettings
from nas_cli.config import load_config
from nas_cli.training.settings import LossSettings, OptimizerSettings, ScheduleSettings, TrainingSettings


@cache
def _defaults() -> BenchSettings:
    settings: BenchSettings = load_config("bench", []).bench
    return settings


def bench(**changes: Any) -> BenchSettings:
    """Two optimizers, two rates of each, two beginnings."""
    small: dict[str, Any] = {"optimizers": ("sgd", "adam"), "rate_factors": (1.0, 0.1), "tune_epochs": 1, "widen": 0}
    return replace(_defaults(), **small | changes)


def training(epochs: int = 2) -> TrainingSettings:
    return TrainingSettings(
        epochs=epochs,
        batch_size=32,
        optimizer=usual("adam"),
        loss=LossSettings("auto", None),
        schedule=ScheduleSettings("constant", 0.0, None, None, None),
        patience=1,
        restore_best=True,
        precision="float32",
        jit_compile="auto",
        max_seconds=None,
        tensorboard=False,
    )


def usual(name: str) -> OptimizerSettings:
    return OptimizerSettings(name, {"sgd": 0.05, "adam": 0.001}[name], None, None, None)


def plan(epochs: int = 2, **changes: Any) -> Plan:
    return Plan(bench(**changes), training(epochs), {name: usual(name) for name in ("sgd", "adam")}, seed=3)
