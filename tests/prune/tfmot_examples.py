"""Settings of gradual pruning for the tests of engine tfmot."""

from typing import Any

from nas_cli.prune.settings import PruneSettings


def gradual(**changes: Any) -> PruneSettings:
    """50 to 80 % along the cubic schedule over the first half of a training, every second step."""
    values: dict[str, Any] = {
        "criterion": "magnitude", "granularity": "weight", "norm": "l1", "taylor": "absolute", "curvature": "fisher",
        "batches": 8, "target": "sparsity", "sparsity": 0.8, "reduction": None, "device": "this_machine",
        "spread": "uniform", "normalise": "mean", "output_rate": 1.0, "include": None, "exclude": None, "round_to": 1,
        "min_channels": 1, "schedule": "cubic", "when": "step", "rounds": 1, "initial": 0.5, "rate": None,
        "begin": 0.0, "end": 0.5, "regrow": "none", "drop_fraction": 0.3, "update_every": 2, "until": 0.75,
        "rewind": "none", "reinit": False, "train_first": None, "fine_tune": 2, "last_fine_tune": None,
        "learning_rate": None, "engine": "tfmot", "pattern": "free", "block": None,
    }  # fmt: skip
    return PruneSettings(**{**values, **changes})
