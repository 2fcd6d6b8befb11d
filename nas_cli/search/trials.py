"""Trials as the journal keeps them and as a strategy is told of them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from nas_cli.search.evaluator import Finished
from nas_cli.search.plain_json import plain_json
from nas_cli.spaces.candidate import Candidate
from nas_cli.strategies.contract import Outcome, Proposal

E = TypeVar("E", bound=Mapping[str, Any])

CostOf = Callable[[Candidate], Mapping[str, Any]]
"""The cost of a candidate for the journal: {"macs": …, "flops": …, "params": …} of a network, else what is known."""

TIMES = frozenset(
    {
        "train_seconds", "evaluation_seconds", "compile_seconds", "compress_seconds", "relevance_seconds",
        "cpu_seconds", "images_per_second",
    }
)  # fmt: skip
"""Metrics that differ between two runs of the same trial."""


def trial_event(proposal: Proposal, finished: Finished, cost_of: CostOf) -> dict[str, Any]:
    """The journal's event of a finished trial, without its time.

    `architecture` and `cost` are the proposal's; `trained` holds those of the network that was really trained, where it
    is another one. `budget` is there where the proposal has one.
    """
    score = finished.score
    event: dict[str, Any] = {
        "event": "trial",
        "id": proposal.trial,
        "generation": proposal.generation,
        "status": "failed" if score.failure is not None else "ok",
        "reason": score.failure,
        "fitness": score.fitness,
        "metrics": score.metrics,
        "curve": score.curve,
        "cost": cost_of(proposal.architecture) if score.cost is None else score.cost,
        "architecture": proposal.architecture.to_json(),
        "origin": proposal.origin,
        "seed": finished.job.seed,
        "seconds": finished.seconds,
        "worker": finished.worker,
    }
    if proposal.budget is not None:
        event["budget"] = proposal.budget
    if score.trained is not None and score.trained != proposal.architecture:
        event["trained"] = {"architecture": score.trained.to_json(), "cost": cost_of(score.trained)}
    if score.extra:
        event["extra"] = score.extra
    plain: dict[str, Any] = plain_json(event)
    return plain


def cached_event(proposal: Proposal, source: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The journal's event of a trial that takes over the score of an earlier, equal one; it took no time."""
    metrics = {key: 0.0 if key in TIMES else value for key, value in source["metrics"].items()}
    metrics.pop("images_per_second", None)
    own = {
        "id": proposal.trial,
        "generation": proposal.generation,
        "origin": plain_json(proposal.origin),
        "seed": seed,
        "metrics": metrics,
        "seconds": 0.0,
        "cached_from": scored_by(source),
    }
    return {key: value for key, value in source.items() if key != "time"} | own


def scored_by(event: Mapping[str, Any]) -> int:
    """The trial whose training gave the score of a trial: its own number, unless it took over another's."""
    number: int = event["cached_from"] if "cached_from" in event else event["id"]
    return number


def trained_network(event: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """(architecture, cost), as JSON, of the network that a trial trained."""
    trained = event.get("trained", event)
    return trained["architecture"], trained["cost"]


def compression(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a trial event says of its network's compression; None if there was none."""
    block = event.get("extra", {}).get("compression")
    return None if block is None or block["skipped"] else block


def outcome(event: Mapping[str, Any]) -> Outcome:
    """What a strategy learns of a trial event: fitness, budget, metrics, costs of the trained network, but no times.

    A strategy that saw times would propose other networks on another day.
    """
    known = {**trained_network(event)[1], **event["metrics"]}
    if "budget" in event:
        known["budget"] = event["budget"]
    metrics = {key: value for key, value in known.items() if key not in TIMES and isinstance(value, int | float)}
    block = compression(event) or {}
    return Outcome(
        trial=event["id"],
        fitness=event["fitness"],
        metrics=metrics,
        alive=block.get("alive"),
        sizes=block.get("sizes"),
        layer_flops=block.get("layer_flops"),
    )


def best_trial(events: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The trial event of the highest rank; None if no trial has a fitness."""
    scored = [event for event in events if event["event"] == "trial" and event["fitness"] is not None]
    return max(scored, key=rank, default=None)


def better(best: E | None, event: E) -> E | None:
    """The one of two trial events that is the best so far, `best` being None before the first with a fitness."""
    if event["fitness"] is None or (best is not None and rank(best) >= rank(event)):
        return best
    return event


def rank(event: Mapping[str, Any]) -> tuple[int, float, int]:
    """A sort key of scored trials that rises with quality and does not depend on the order of completion.

    A score of a larger budget counts for more than any of a smaller one; of equal fitness the first trial is the best.
    """
    return (event.get("budget") or 0, event["fitness"], -event["id"])
