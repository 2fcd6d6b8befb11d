"""Reports of a search that compressed its networks speak of those that were trained."""

from pathlib import Path

from nas_cli.reports.page.headline import headline
from nas_cli.reports.source import load
from tests.reports import journals


def test_cost_and_drawing_are_those_of_the_trained_network(tmp_path: Path) -> None:
    events = journals.search_events(3, trials=6)
    trials = [event for event in events if event["event"] == "trial"]
    best = max(trials, key=lambda event: (event["fitness"] or 0, -event["id"]))
    other = next(event for event in trials if event["architecture"] != best["architecture"])
    best["trained"] = {"architecture": other["architecture"], "cost": {**best["cost"], "flops": 5e5, "params": 77}}
    source = load(journals.write_run(tmp_path / "run", events))
    assert (source.flops, source.params) == (5e5, 77)
    assert source.architecture is not None
    assert source.architecture.to_json() == other["architecture"]
    assert "FLOPs before compression" in headline(source)
    del best["trained"]
    plain = load(journals.write_run(tmp_path / "plain", events))
    assert plain.flops == best["cost"]["flops"]
    assert "before compression" not in headline(plain)
