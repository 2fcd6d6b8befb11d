"""What holds for a search with whichever strategy: killed and resumed, it ends like one that nobody touched."""

import json
from pathlib import Path

import pytest

from nas_cli.config import groups
from nas_cli.registry import REGISTRY, load
from nas_cli.runs.folder import RunFolder
from nas_cli.search.in_process import InProcess
from nas_cli.search.loop import run_search
from tests.search.every_strategy import Known, Watch, configured, economies, fresh_strategy
from tests.search.fakes import START, fresh

# What a supernet has found is known only behind its training: see tests/oneshot/test_phase.py.
ALONE = [name for name, entry in REGISTRY["strategy"].items() if not getattr(load(entry.settings), "supernet", False)]
SEARCHES = [(name, "none") for name in ALONE]
SEARCHES += [(name, scheduler) for scheduler in groups()["scheduler"] if scheduler != "none"
             for name in ("random", "bayesian", "regularized_evolution")]  # fmt: skip
KEPT = ("id", "generation", "status", "reason", "fitness", "architecture", "origin", "seed", "cost", "budget")


def search(run: RunFolder, strategy: str, scheduler: str) -> list[int]:
    """Trials that this session evaluated."""
    config, watch = configured(strategy, scheduler), Watch()
    made = fresh_strategy(config)
    run_search(run, made, InProcess(Known()), lambda candidate: {}, 5, START, watch, economies=economies(config))
    return watch.fresh


def results(run: RunFolder) -> tuple[object, ...]:
    events = run.events()
    trials = sorted((event for event in events if event["event"] == "trial"), key=lambda event: event["id"])
    rows = [[event.get(key) for key in KEPT] for event in trials]
    generations = [[event["trials"], event["strategy"]] for event in events if event["event"] == "generation"]
    tests = [[event["trial"], event["metrics"]] for event in events if event["event"] == "test"]
    return rows, generations, tests, (run.best / "architecture.json").read_text()


@pytest.mark.parametrize(("strategy", "scheduler"), SEARCHES)
def test_cut_after_every_event_and_resumed_it_ends_like_an_uninterrupted_search(
    tmp_path: Path, strategy: str, scheduler: str
) -> None:
    whole = fresh(tmp_path / "whole")
    evaluated = search(whole, strategy, scheduler)
    wanted = results(whole)
    assert evaluated == list(range(len(evaluated)))
    lines = (whole.path / "journal.jsonl").read_bytes().splitlines(keepends=True)
    for cut in range(1, len(lines)):
        run = fresh(tmp_path / str(cut))
        (run.path / "journal.jsonl").write_bytes(b"".join(lines[:cut]))
        before = {event["id"] for event in run.events() if event["event"] == "trial"}
        again = search(run, strategy, scheduler)
        assert results(run) == wanted, f"cut after event {cut}: {json.loads(lines[cut - 1])['event']}"
        assert again == [trial for trial in evaluated if trial not in before]
