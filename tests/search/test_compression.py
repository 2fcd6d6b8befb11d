"""The summary's account of compression, by hand."""

from typing import Any

import pytest

from nas_cli.search.accounting import times
from nas_cli.search.compression import compression_summary
from nas_cli.search.summary import summarise


def trial(number: int, before: int, after: int, **more: Any) -> dict[str, Any]:
    """Two seconds of training and half a second of evaluation for each 100 FLOPs, over 4 epochs."""
    metrics = {"epochs": 4.0, "train_seconds": after / 50, "evaluation_seconds": after / 200, "compress_seconds": 3.0,
               "cpu_seconds": 5.0}  # fmt: skip
    block = {"skipped": False, "flops_before": before, "flops_after": after, "ratio": before / after, "seconds": 3.0,
             "epochs": 1.0, "dead": ["conv2d_1"] * number}  # fmt: skip
    event = {
        "event": "trial", "id": number, "generation": 0, "status": "ok", "reason": None, "fitness": 0.1 * number,
        "metrics": metrics, "cost": {"flops": before, "params": 9}, "architecture": {"nodes": [1]}, "seconds": 9.0,
        "time": 10.0, "trained": {"architecture": {"nodes": []}, "cost": {"flops": after, "params": 4}},
        "extra": {"compression": block},
    }  # fmt: skip
    return event | more


SKIPPED = {"extra": {"compression": {"skipped": True}}}


def test_by_hand() -> None:
    """a = 600/300; d/c = (1/200)/(1/50/4) = 1, so S = (4 + 1)/(1 + 5/2)."""
    cached = trial(4, 900, 1, cached_from=2)
    block = compression_summary([trial(1, 400, 100), trial(2, 200, 200), trial(3, 50, 50) | SKIPPED, cached])
    assert block is not None
    assert (block["compressed"], block["skipped"], block["dead_groups"]) == (2, 1, 3)
    assert (block["mean_ratio"], block["ratio"], block["mean_seconds"]) == (2.5, 2.0, 3.0)
    assert (block["epochs"], block["compression_epochs"]) == (4.0, 1.0)
    assert block["train_seconds_per_flop"] == pytest.approx(1 / 200)
    assert block["evaluation_seconds_per_flop"] == pytest.approx(1 / 200)
    assert block["speedup_predicted"] == pytest.approx(5 / 3.5)


def test_two_epochs_of_compression_make_the_ratio_together() -> None:
    """a² = 4, so a = 2: S = 5/(2 + 5/4)."""
    event = trial(1, 400, 100)
    event["extra"]["compression"]["epochs"] = 2.0
    block = compression_summary([event])
    assert block is not None and block["speedup_predicted"] == pytest.approx(5 / 3.25)


def test_an_epoch_that_compression_replaced_counts_on_the_slow_side() -> None:
    """n = 5 of which one is compression, a = 4, d/c = 1: S = 6/(1 + 5/4)."""
    event = trial(1, 400, 100)
    event["extra"]["compression"]["saved_epochs"] = 1
    block = compression_summary([event])
    assert block is not None and block["speedup_predicted"] == pytest.approx(6 / 2.25)


def test_a_search_without_compression_has_no_block() -> None:
    plain = trial(1, 10, 10)
    del plain["extra"], plain["trained"]
    assert compression_summary([plain]) is None
    assert compression_summary([]) is None


def test_the_best_network_is_the_one_that_was_trained() -> None:
    start = {"event": "start", "time": 0.0, "command": "search", "seed": 1}
    summary = summarise([start, trial(1, 400, 100), trial(2, 200, 50)])
    best = summary["best"]
    assert (best["flops"], best["params"], best["full_flops"], best["architecture"]) == (50, 4, 200, {"nodes": []})
    assert (summary["search"]["compress_seconds"], summary["search"]["cpu_seconds"]) == (6.0, 10.0)
    assert (summary["search"]["cached"], summary["search"]["stopped_early"]) == (0, 0)


def test_compression_is_no_time_outside_the_work() -> None:
    found = times([{"event": "start", "time": 0.0, "launched": 0.0}, trial(1, 400, 100)])
    assert found.compress_seconds == 3.0
    assert found.outside_fraction == pytest.approx(1 - (3 + 2 + 0.5) / 10)
