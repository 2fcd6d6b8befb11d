"""Scores with the supernet's weights beside those of the same networks trained alone."""

from collections.abc import Mapping

from nas_cli.reports.correlation import LEAST, Correlation
from nas_cli.reports.evaluations import Evaluation
from nas_cli.reports.measure import finite
from nas_cli.reports.structure import Structure, origin
from nas_cli.reports.trial import Trial

INHERITED, ALONE = "supernet's weights", "trained alone"


def score_correlations(run: Structure) -> Mapping[int, Correlation]:
    """Search → how well its supernet ranks the networks that were trained alone too; none with fewer than five.

    Each search has a supernet, and scores of its own: they are not pooled.
    """
    pairs: dict[int, list[Trial]] = {}
    for trial in run.history.scored:
        if finite(origin(trial).get("one_shot_score")) is not None:
            pairs.setdefault(int(origin(trial).get("search") or 0), []).append(trial)
    return {number: _correlation(found, number) for number, found in pairs.items() if len(found) >= LEAST}


def scored_alone(run: Structure) -> int:
    """Trials that have a score in a supernet and one of their own."""
    return sum(finite(origin(trial).get("one_shot_score")) is not None for trial in run.history.scored)


def _correlation(trials: list[Trial], search: int) -> Correlation:
    inherited = {str(trial.id): float(origin(trial)["one_shot_score"]) for trial in trials}
    alone = {str(trial.id): trial.fitness for trial in trials if trial.fitness is not None}
    name = f"{INHERITED}, search {search}" if search else INHERITED
    return Correlation(Evaluation(name, inherited, (0, 0.0, name)), Evaluation(ALONE, alone, (1, 0.0, ALONE)))
