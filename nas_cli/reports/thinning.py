"""Which trials a page lists and a figure draws when there are too many for either."""

from collections.abc import Sequence

import numpy as np

from nas_cli.reports.history import History
from nas_cli.reports.trial import Trial

LISTED = 500
"""Rows that the page's table of trials has at most; trials.csv has all."""

DRAWN = 1500
"""Marks that a figure has at most beside those of the trials that are listed."""


def listed(history: History) -> Sequence[Trial]:
    """The trials in the page's table: all by number, or, of very many, the best from the first on."""
    return history.trials if len(history.trials) <= LISTED else history.ranked[:LISTED]


def drawn(history: History, trials: Sequence[Trial], most: int = DRAWN) -> list[Trial]:
    """The trials that a figure draws, in order: all, or, of very many, those listed and evenly spaced others."""
    if len(trials) <= most:
        return list(trials)
    numbers = {trial.id for trial in listed(history)}
    others = [i for i, trial in enumerate(trials) if trial.id not in numbers]
    kept = {others[at] for at in np.linspace(0, len(others) - 1, min(most, len(others))).astype(int).tolist()}
    return [trial for i, trial in enumerate(trials) if i in kept or trial.id in numbers]


def links(history: History, trials: Sequence[Trial]) -> list[str | None]:
    """The anchor of each trial's row; None for one that is not listed."""
    numbers = {trial.id for trial in listed(history)}
    return [f"#trial-{trial.id}" if trial.id in numbers else None for trial in trials]


def thinned_text(drawn_count: int, all_count: int) -> str:
    """' 2000 of 100000 trials are drawn: the best 500 and evenly spaced others.'; empty if all are."""
    if drawn_count >= all_count:
        return ""
    return f" {drawn_count} of {all_count} trials are drawn: the best {LISTED} and evenly spaced others."
