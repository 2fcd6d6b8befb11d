"""The summary of a search, computed from its journal and nothing else."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from nas_cli.search.accounting import Times, times
from nas_cli.search.compression import compression_summary
from nas_cli.search.structure import structure_summary
from nas_cli.search.trials import best_trial, better, trained_network

VERSION = 1

Event = Mapping[str, Any]


def summarise(events: Sequence[Event]) -> dict[str, Any]:
    """The content of summary.json; a contract, version 1.

    Keys:
        version, command, seed: as started. status: "completed"; "failed", then with `reason`; or "interrupted"
            (stopped or killed: `nas search --resume RUN` continues).
        wall_seconds: over all sessions, without the pauses between them. trials, failed: numbers of trials.
        best: null, or {id, generation, fitness, valid_accuracy, test_accuracy, flops, params, architecture,
            full_flops, point, valid, test}. flops, params and architecture are those of the network that was trained,
            full_flops those of the network that was proposed: more, if it was compressed first. For a regression
            valid_rmse and test_rmse stand in place of the accuracies. `test_…` is null until the end of the run: the
            test set is used once. `valid` and `test` hold all metrics. `budget` is there where the search sets them.
            `point`: the values of a point's decisions by name, such as hyper-parameters; null for a network.
            What is not known is null: flops and params of a point whose network is never built.
        search: {generations, outside_fraction, train_seconds, evaluation_seconds, compile_seconds,
            compress_seconds, worker_seconds, cpu_seconds, images_per_second, peak_memory_bytes,
            generation_memory_bytes, dataset, best_so_far, failures, cached, stopped_early, compression}.
            outside_fraction: part of the worker time outside compression, training (of supernets too) and evaluation,
            see `accounting.Times`. cpu_seconds: processor time of the trials. cached, stopped_early: numbers of trials
            that took over an earlier score, or whose training ended early. compression: null, or see
            `compression.compression_summary`.
            compile_seconds: sum over the trials of the time to compile them, contained in train_seconds,
            evaluation_seconds and compress_seconds.
            peak_memory_bytes: largest sum of the resident memory of all processes; generation_memory_bytes: the
            same for each generation. best_so_far: the fitness of the best of trials 0 to 0, 1, …, null before the
            first; of several budgets that of the largest so far, so that it may fall when a larger one begins.
            failures: number of trials by reason.
        structure: only of a search that trains supernets, see `structure.structure_summary`.
    """
    start: Event = next((event for event in events if event["event"] == "start"), {})
    trials = sorted((event for event in events if event["event"] == "trial"), key=lambda event: int(event["id"]))
    status, reason = _status(events)
    spent = times(events)
    summary = {
        "version": VERSION,
        "command": start.get("command"),
        "status": status,
        "seed": start.get("seed"),
        "wall_seconds": spent.wall_seconds,
        "trials": len(trials),
        "failed": sum(event["status"] == "failed" for event in trials),
        "best": _best(events),
        "search": _search(events, trials, spent) | {"dataset": start.get("dataset")},
    }
    structure = structure_summary(events)
    return summary | ({"structure": structure} if structure else {}) | ({"reason": reason} if reason else {})


def is_complete(events: Sequence[Event]) -> bool:
    """True if the run has reached its end and a resume has nothing left to do."""
    return any(event["event"] == "end" for event in events)


def _status(events: Sequence[Event]) -> tuple[str, str | None]:
    if is_complete(events):
        return "completed", None
    last = next((event for event in reversed(events) if event["event"] in ("stop", "start", "resume")), None)
    if last is None or last["event"] != "stop":
        return "interrupted", None
    return last.get("status", "interrupted"), last["reason"]


def _best(events: Sequence[Event]) -> dict[str, Any] | None:
    best = best_trial(events)
    if best is None:
        return None
    test: Mapping[str, Any] = next((event["metrics"] for event in events if event["event"] == "test"), {})
    architecture, cost = trained_network(best)
    measure = "rmse" if "valid_rmse" in best["metrics"] else "accuracy"
    return {
        "id": best["id"],
        "generation": best["generation"],
        "fitness": best["fitness"],
        f"valid_{measure}": best["metrics"].get(f"valid_{measure}"),
        f"test_{measure}": test.get(f"test_{measure}"),
        "flops": cost.get("flops"),
        "params": cost.get("params"),
        "full_flops": best["cost"].get("flops"),
        "architecture": architecture,
        "point": best["architecture"].get("point"),
        "valid": best["metrics"],
        "test": test,
    } | ({"budget": best["budget"]} if "budget" in best else {})


def _search(events: Sequence[Event], trials: Sequence[Event], spent: Times) -> dict[str, Any]:
    generations = [event for event in events if event["event"] == "generation"]
    peaks = [event["peak_memory_bytes"] for event in events if "peak_memory_bytes" in event]
    return {
        "generations": len(generations),
        "outside_fraction": spent.outside_fraction,
        "train_seconds": spent.train_seconds,
        "evaluation_seconds": spent.evaluation_seconds,
        "compile_seconds": spent.compile_seconds,
        "compress_seconds": spent.compress_seconds,
        "worker_seconds": spent.worker_seconds,
        "cpu_seconds": sum(event["metrics"].get("cpu_seconds") or 0.0 for event in trials),
        "images_per_second": _images_per_second(trials),
        "peak_memory_bytes": max(peaks, default=None),
        "generation_memory_bytes": [event.get("peak_memory_bytes") for event in generations],
        "best_so_far": _best_so_far(trials),
        "failures": dict(Counter(event["reason"] for event in trials if event["status"] == "failed")),
        "cached": sum("cached_from" in event for event in trials),
        "stopped_early": sum("stopped_early" in event.get("extra", {}) for event in trials),
        "compression": compression_summary(trials),
    }


def _best_so_far(trials: Sequence[Event]) -> list[float | None]:
    best: Event | None = None
    steps: list[float | None] = []
    for event in trials:
        best = better(best, event)
        steps.append(None if best is None else best["fitness"])
    return steps


def _images_per_second(trials: Sequence[Event]) -> float | None:
    """Training throughput of one worker, each trial weighted with its training time."""
    pairs = [(event["metrics"].get("images_per_second"), event["metrics"].get("train_seconds")) for event in trials]
    known = [(speed, seconds) for speed, seconds in pairs if speed is not None and seconds]
    weight = sum(seconds for _, seconds in known)
    return sum(speed * seconds for speed, seconds in known) / weight if weight else None
