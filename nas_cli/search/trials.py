"""Trials as the journal keeps them and as a strategy is told of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from nas_cli.search.evaluator import Finished
from nas_cli.search.plain_json import plain_json
from nas_cli.strategies.contract import Outcome, Proposal

TIMES = frozenset({"train_seconds", "evaluation_seconds", "compile_seconds", "images_per_second"})
"""Metrics that differ between two runs of the same trial."""


def trial_event(proposal: Proposal, finished: Finished, cost: Mapping[str, Any]) -> dict[str, Any]:
    """The journal's event of a finished trial, without its time."""
    score = finished.score
    event = {
        "event": "trial",
        "id": proposal.trial,
        "generation": proposal.generation,
        "status": "failed" if score.failure is not None else "ok",
        "reason": score.failure,
        "fitness": score.fitness,
        "metrics": score.metrics,
        "curve": score.curve,
        "cost": cost,
        "architecture": proposal.architecture.to_json(),
        "origin": proposal.origin,
        "seed": finished.job.seed,
        "seconds": finished.seconds,
        "worker": finished.worker,
    }
    if score.extra:
        event["extra"] = score.extra
    plain: dict[str, Any] = plain_json(event)
    return plain


def outcome(event: Mapping[str, Any]) -> Outcome:
    """What a strategy learns of a trial event: fitness, metrics and costs, but no times.

    A strategy that saw times would propose other networks on another day.
    """
    known = {**event["cost"], **event["metrics"]}
    metrics = {key: value for key, value in known.items() if key not in TIMES and isinstance(value, int | float)}
    return Outcome(trial=event["id"], fitness=event["fitness"], metrics=metrics)


def best_trial(events: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The trial event with the highest fitness, of equals the lowest number; None if no trial has a fitness."""
    scored = [event for event in events if event["event"] == "trial" and event["fitness"] is not None]
    return max(scored, key=rank, default=None)


def rank(event: Mapping[str, Any]) -> tuple[float, int]:
    """A sort key of scored trials that rises with quality and does not depend on the order of completion."""
    return (event["fitness"], -event["id"])
