"""The report of a pruning run."""

from pathlib import Path

import pandas as pd

from nas_cli.reports.history import History
from nas_cli.reports.pruning import Pruned
from nas_cli.reports.run_report import build_report
from tests.reports.prunings import journal, write_run


def test_the_report_has_tables_figures_and_a_page(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", journal(reinit=True, random=True))
    files = {path.relative_to(run).as_posix() for path in build_report(run)}
    assert {"rounds.csv", "layers.csv", "sensitivity.csv", "report.html"} <= files
    assert {f"plots/{name}.png" for name in ("rounds", "remains", "density", "sensitivity")} <= files
    rounds = pd.read_csv(run / "rounds.csv")
    assert rounds["left"].tolist() == [400, 320, 400, 320]
    assert rounds["valid_reinit"].tolist()[:2] == [0.85, 0.85]
    page = (run / "report.html").read_text(encoding="utf-8")
    assert all(text in page for text in ("nas prune", "random criterion", "320", "dense/kernel", "36.0%"))


def test_an_unfinished_run_is_reported_as_far_as_it_came(tmp_path: Path) -> None:
    for length in (1, 2, 4, 6, 7, 9):
        run = write_run(tmp_path / str(length), journal()[:length])
        assert "The run has not ended" in (build_report(run)[-1]).read_text(encoding="utf-8")


def test_a_round_without_training_has_the_value_right_after_the_removal() -> None:
    events = [event for event in journal() if event.get("phase") != "tune"]
    events = [{**event, "epochs_after": 0} if event["event"] == "pruned" else event for event in events]
    assert [one.value for one in Pruned(History(events)).rounds] == [0.6, 0.6]
    waiting = [event for event in journal() if event.get("phase") != "tune"]
    assert [one.value for one in Pruned(History(waiting)).rounds] == [None, None]
