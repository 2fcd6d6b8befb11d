"""`make bench`: the overhead of the search loop, of every strategy that it can have on its own."""

import importlib
from pathlib import Path

import pytest

from nas_cli.config import groups

SCRIPTS = Path(__file__).parents[2] / "scripts"


def test_every_strategy_is_timed_but_those_that_train_a_supernet_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    bench = importlib.import_module("bench_search_loop")
    monkeypatch.setattr(bench, "OTHERS_MS", 1e9)
    monkeypatch.setattr(bench, "BOUNDS_MS", {})
    assert bench.main(["--trials", "20", "--resume", "40"]) == 0
    *timed, resumed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in timed] == [n for n in groups()["strategy"] if n not in ("darts", "one_shot")]
    assert resumed.startswith("journal of 40 trials")
