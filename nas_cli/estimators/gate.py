"""The filter before a training: candidates that a proxy at initialisation holds back are not trained."""

from collections.abc import Callable
from dataclasses import replace
from typing import final

from nas_cli.estimators.contract import Hints, Score
from nas_cli.estimators.filter import FilterSettings
from nas_cli.estimators.trainer import Trainer
from nas_cli.spaces.candidate import Candidate

EXAMPLES = 64
"""Of the training split, for the proxies that look at examples."""


@final
class Gate:
    """Scores candidates by training those that reach `Hints.filter_bar`; every score's metrics hold the proxy."""

    def __init__(self, settings: FilterSettings, trainer: Trainer) -> None:
        self._settings = settings
        self._trainer = trainer

    def score(self, candidate: Candidate, seed: int, hints: Hints, train: Callable[[], Score]) -> Score:
        """What `train` gives, or a failure 'filtered: …'; the proxy is looked at once, before a first training."""
        from nas_cli.estimators.probe import probe

        name = self._settings.proxy
        if name == "none" or hints.continues is not None:
            return train()
        measured = probe(self._trainer, candidate, name, EXAMPLES, seed)
        if measured.failure is not None:
            return measured
        value = measured.metrics[name]
        if hints.filter_bar is not None and value < hints.filter_bar:
            reason = f"filtered: {name} {value:.6g} is below {hints.filter_bar:.6g}"
            return Score(None, metrics=measured.metrics, failure=reason)
        score = train()
        return replace(score, metrics={**score.metrics, **measured.metrics})
