"""`nas search` with a strategy that trains a supernet: what it will cost, and the phase that precedes the trials."""

from collections.abc import Callable, Mapping
from typing import Any

from nas_cli.config import SearchConfig
from nas_cli.distributed.ring import Ring

GB = 1e9
SLOWNESS = 6.5
"""A supernet's step over that of an ordinary network with as many multiply-accumulates, measured on two cores."""


def predict_supernet(config: SearchConfig, space: Any, examples: int, speed: float) -> list[str]:
    """A line on the supernet's size, its memory and time; `examples` for training, `speed` in FLOP/s.

    Raises:
        ConfigError: its step needs more memory than there is.
    """
    from nas_cli.build import trial_passes
    from nas_cli.commands.prediction import duration
    from nas_cli.costs.throughput import training_seconds
    from nas_cli.oneshot.budget import step_bytes, trainings_paid
    from nas_cli.oneshot.memory import supernet_cost

    settings, cost = config.strategy, supernet_cost(space)
    needed = step_bytes(settings, space, memory_limit(config))
    images = examples * config.augmentation.copies
    seconds = training_seconds(cost, images, 1, speed) * settings.search_passes * settings.searches * SLOWNESS
    paid = trainings_paid(settings, space, trial_passes(config, examples))
    return [
        f"supernet: {cost.params:,} parameters, {cost.flops / 1e6:.1f} MFLOPs, {needed / GB:.2f} GB for a step; "
        f"{settings.searches} of them trained for {settings.epochs} epochs: as much computation as "
        f"{paid:.1f} trainings of random networks, about {duration(seconds)}"
    ]


def memory_limit(config: SearchConfig) -> float:
    """Bytes that a step of the supernet may take: what is free now, and no more than a trial may."""
    import psutil

    free = float(psutil.virtual_memory().available)
    given = config.resources.trial_memory_gb
    return free if given is None else min(free, given * GB)


def make_phase(
    config: SearchConfig, run: Any, space: Any, dataset: Any, ring: Ring, on_event: Callable[[Mapping[str, Any]], None]
) -> Any:
    """The `SupernetPhase` of a run."""
    from nas_cli.build import make_admissible, planned_randoms, raw_space
    from nas_cli.oneshot.budget import step_bytes

    step_bytes(config.strategy, raw_space(space), memory_limit(config))
    from nas_cli.oneshot.phase import SupernetPhase

    return SupernetPhase(
        space,
        dataset,
        config.augmentation,
        config.training,
        config.strategy,
        config.seed,
        make_admissible(config, space),
        planned_randoms(config),
        run.path / "checkpoints",
        ring,
        on_event,
    )


def supernet_block(config: SearchConfig, space: Any) -> dict[str, Any]:
    """What the journal's start event says of the supernet."""
    from nas_cli.build import raw_space
    from nas_cli.oneshot.memory import step_bytes, supernet_cost
    from nas_cli.oneshot.rows import rows

    networks, settings = raw_space(space), config.strategy
    cost = supernet_cost(networks)
    block = {
        "params": cost.params,
        "flops": cost.flops,
        "step_bytes": step_bytes(cost, settings.batch_size, getattr(settings, "order", 1)),
    }
    return {**rows(networks), **block}
