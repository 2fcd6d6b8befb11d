"""Settings for the tests of pruning."""

from typing import Any

from nas_cli.prune.settings import PruneSettings

PLAIN: dict[str, Any] = {
    "criterion": "magnitude",
    "granularity": "weight",
    "norm": "l1",
    "taylor": "absolute",
    "curvature": "fisher",
    "batches": 1,
    "target": "sparsity",
    "sparsity": 0.5,
    "reduction": None,
    "device": "laptop_cpu",
    "spread": "uniform",
    "normalise": "mean",
    "output_rate": 1.0,
    "include": None,
    "exclude": None,
    "round_to": 1,
    "min_channels": 1,
    "schedule": "iterative",
    "when": "round",
    "rounds": 1,
    "initial": 0.0,
    "rate": None,
    "begin": 0.0,
    "end": 1.0,
    "regrow": "none",
    "drop_fraction": 0.3,
    "update_every": 100,
    "until": 0.75,
    "rewind": "none",
    "reinit": False,
    "train_first": None,
    "fine_tune": 1,
    "last_fine_tune": None,
    "learning_rate": None,
    "engine": "own",
    "pattern": "free",
    "block": None,
}


def prune(**changes: Any) -> PruneSettings:
    """Half of the weights of each kernel, the smallest, in one round; with these changes."""
    return PruneSettings(**(PLAIN | changes))
