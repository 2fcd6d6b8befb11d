"""A search whose networks were compressed: its page shows their FLOPs before and after."""

from pathlib import Path
from typing import Any

from nas_cli import reports
from tests.reports import journals
from tests.reports.test_report import Page


def events() -> list[dict[str, Any]]:
    """A search in which the best network was trained at 12.3 of its 45.6 MFLOPs."""
    made = journals.search_events(2, trials=3)
    best = max((event for event in made if event.get("fitness")), key=lambda event: event["fitness"])
    best["trained"] = {"architecture": best["architecture"], "cost": {**best["cost"], "flops": 12_300_000}}
    best["cost"]["flops"] = 45_600_000
    return made


def test_trials_and_headline_show_flops_before_and_after_compression(tmp_path: Path) -> None:
    run = journals.write_run(tmp_path / "run", events())
    reports.build(run)
    text = Page((run / "report.html").read_text(encoding="utf-8")).text
    assert "FLOPs beforeFLOPs" in text
    assert "45.6 M12.3 M" in text
    assert "45.6 M FLOPs before compression" in text


def test_a_search_without_compression_has_no_such_column(tmp_path: Path) -> None:
    run = journals.write_run(tmp_path / "run", journals.search_events(2, trials=3))
    reports.build(run)
    assert "FLOPs before" not in (run / "report.html").read_text(encoding="utf-8")
