"""What strategies and cached trials see of a trial's event, by hand."""

from typing import Any

from nas_cli.search.trials import cached_event, outcome
from nas_cli.spaces.architecture import Architecture, node
from nas_cli.strategies.contract import Proposal

NETWORK = Architecture((node("input", shape=(3,)), node("dense", (0,), units=2)))
TIMED = {"train_seconds": 3.0, "relevance_seconds": 2.5, "cpu_seconds": 5.0, "images_per_second": 70.0}


def event() -> dict[str, Any]:
    known = {"event": "trial", "id": 4, "generation": 1, "fitness": 0.75, "seed": 9, "seconds": 6.0, "origin": {}}
    metrics = {"valid_accuracy": 0.75, **TIMED}
    return known | {"metrics": metrics, "cost": {"flops": 12}, "architecture": NETWORK.to_json()}


def test_a_strategy_learns_no_times() -> None:
    assert outcome(event()).metrics == {"flops": 12, "valid_accuracy": 0.75}


def test_a_score_taken_over_took_no_time() -> None:
    cached = cached_event(Proposal(7, 2, NETWORK), event(), seed=11)
    assert (cached["id"], cached["cached_from"], cached["seed"], cached["seconds"]) == (7, 4, 11, 0.0)
    times = {"train_seconds": 0.0, "relevance_seconds": 0.0, "cpu_seconds": 0.0}
    assert cached["metrics"] == {"valid_accuracy": 0.75, **times}
