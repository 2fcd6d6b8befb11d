"""A training taken up where an earlier trial of the same network left it."""

from pathlib import Path
from typing import Any

from nas_cli.errors import ConfigError
from nas_cli.estimators.contract import Hints, Progress, Score
from nas_cli.estimators.trainer import Trainer


def continued(
    trainer: Trainer, model: Any, seed: int, model_file: Path | None, progress: Progress, hints: Hints
) -> Score:
    """The score of the network `hints.continues` after the rest of its budget; `model` is one of its architecture.

    It starts from the weights that the earlier trial saved, those of its best epoch with estimator.score=best. Its
    learning rates are those of the whole budget from the epoch on that is reached; the earlier trial had the rates of
    its own, smaller budget. The optimizer's state is new. Epochs are numbered on, `metrics` count those of this trial
    only.

    Raises:
        ConfigError: nothing is left to train, or the network is another one.
    """
    from nas_cli.models.weights import load_weights

    donor, budget = hints.continues, trainer.budget(hints)
    if donor is None or not 0 < hints.trained_epochs < budget:
        raise ConfigError(
            f"a trial of {budget} epochs cannot continue one of {hints.trained_epochs}: budgets must grow."
        )
    load_weights(model, donor.file)
    extra = {"continued": {"trial": donor.trial, "epochs": hints.trained_epochs}}
    return trainer.train(model, seed, model_file, progress, hints, extra, done=hints.trained_epochs)
