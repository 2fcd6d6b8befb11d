"""report.html and its files, for every kind of run."""

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from nas_cli import reports
from nas_cli.errors import RunError
from nas_cli.reports.history import History
from nas_cli.reports.plots.curves import training_curves
from tests.reports import journals

SEARCH = journals.search_events(3, trials=20, failure_rate=0.2)
CASES: dict[str, list[dict[str, Any]]] = {
    "normal": SEARCH,
    "interrupted": journals.interrupted(SEARCH),
    "all failed": journals.search_events(1, trials=4, failure_rate=1.0),
    "one trial": journals.search_events(2, trials=1, epochs=1),
    "only started": SEARCH[:1],
    "empty": [],
    "single training": journals.training_events(),
    "points": journals.point_events(trials=25, budgets=(4, 12)),
    "neurons": journals.neural_events(),
}
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """Checks that every element is closed, and collects what a page refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.links += [found[name] or "" for name in ("href", "src", "xlink:href") if name in found]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def report(folder: Path, events: list[dict[str, Any]], **more: Any) -> str:
    run = journals.write_run(folder, events, **more)
    assert reports.build(run)[-1] == run / "report.html"
    return (run / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_page_is_whole_and_needs_no_network(case: str, tmp_path: Path) -> None:
    text = report(tmp_path / "run", CASES[case])
    page = Page(text)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    inside = [link for link in page.links if link.startswith("#")]
    assert {link[1:] for link in inside} <= set(page.ids)
    assert all(link.startswith(("#", "data:")) for link in page.links)
    assert not re.search(r"@import|url\((?!#)", text)
    for svg in re.findall(r"<svg.*?</svg>", text, flags=re.S):
        ElementTree.fromstring(svg)
    for broken in ("nan", "None", "Traceback"):
        assert not re.search(rf"\b{broken}\b", page.text)


def test_files_of_a_search(tmp_path: Path) -> None:
    written = reports.build(journals.write_run(tmp_path / "run", SEARCH))
    names = [str(path.relative_to(tmp_path / "run")) for path in written]
    figures = (
        "best_so_far",
        "generations",
        "pareto",
        "learning_curves",
        "species_module",
        "species_blueprint",
        "architecture",
    )
    assert names == ["trials.csv", *(f"plots/{figure}.png" for figure in figures), "report.html"]
    assert all(path.stat().st_size > 0 for path in written)


def test_figures_a_reader_looks_for(tmp_path: Path) -> None:
    text = Page(report(tmp_path / "run", SEARCH)).text
    best = max((e for e in SEARCH if e.get("fitness") is not None), key=lambda e: e["fitness"])
    test = next(e for e in SEARCH if e["event"] == "test")
    assert f"{best['fitness'] * 100:.2f} %" in text
    assert f"{test['metrics']['test_accuracy'] * 100:.2f} %" in text
    assert "nas search --dataset cifar10 dataset.train_size=10000 strategy.population=8" in text
    assert "test split touched once, for the chosen network" in text
    assert "unverified subset" in text
    assert "9f2c41d07b" in text
    failed = sum(e.get("status") == "failed" for e in SEARCH)
    assert f"{failed} of 20 trials failed:" in text
    assert "4.3 %of the worker time" in text and "2.99 GiB" in text


def test_marks_of_the_front_tell_their_trial_and_lead_to_its_row(tmp_path: Path) -> None:
    text = report(tmp_path / "run", SEARCH)
    best = max((e for e in SEARCH if e.get("fitness") is not None), key=lambda e: e["fitness"])
    marks = re.findall(r'<a href="(#trial-\d+)"[^>]*data-tip="(Trial \d+, generation \d+\n[^"]+)"', text)
    tips = [tip for target, tip in marks if target == f"#trial-{best['id']}" and "FLOPs" in tip]
    assert tips and f"{best['fitness'] * 100:.2f} % accuracy" in tips[0]


def test_the_command_to_repeat_leaves_out_the_folder_that_is_taken(tmp_path: Path) -> None:
    words = ("/opt/venv/bin/nas", "search", "--out", "runs/a b", "--out=c", "--dataset", "cifar10", "note='x y'")
    text = Page(report(tmp_path / "run", SEARCH[:1], argv=words)).text
    assert """nas search --dataset cifar10 'note='"'"'x y'"'"''""" in text
    assert "runs/a b" not in text


def test_unfinished_runs_say_so(tmp_path: Path) -> None:
    stopped = Page(report(tmp_path / "stopped", CASES["interrupted"])).text
    assert "interrupted by the user" in stopped
    assert "test split not touched so far" in stopped
    killed = [event for event in CASES["interrupted"] if event["event"] != "stop"]
    assert "The run has not ended" in Page(report(tmp_path / "killed", killed)).text
    assert "nothing has been run" in Page(report(tmp_path / "empty", [])).text


def test_a_run_of_failures_shows_the_reasons(tmp_path: Path) -> None:
    text = Page(report(tmp_path / "run", CASES["all failed"])).text
    assert "Every trial failed" in text
    assert "failed: " in text


def test_a_single_training_shows_its_curves_and_network(tmp_path: Path) -> None:
    text = report(tmp_path / "run", CASES["single training"])
    assert 'aria-label="Training: accuracy"' in text
    assert 'aria-label="Network"' in text
    assert "Trials" not in Page(text).text
    assert "77.13 %" in text
    assert "Validation accuracy78.24 %of the network tested" in Page(text).text


def test_one_box_where_the_tested_network_is_the_best_one(tmp_path: Path) -> None:
    events = journals.training_events(epochs=3)
    best = max(event["valid_accuracy"] for event in events if event["event"] == "epoch")
    tested = [event | {"valid": {"valid_accuracy": best}} if event["event"] == "test" else event for event in events]
    text = Page(report(tmp_path / "run", tested)).text
    assert "Best validation accuracy" in text
    assert "of the network tested" not in text


def test_the_losses_of_a_distillation_are_on_axes_of_their_own() -> None:
    events = journals.training_events(epochs=3)
    for start, axes in ((events[0], 1), (events[0] | {"distill": {}}, 2)):
        figure = Figure()
        training_curves(History([start, *events[1:]]))[1].draw(figure)
        assert len(figure.axes) == axes


@pytest.mark.parametrize("kind", ["search", "train"])
def test_the_arithmetic_that_was_used_is_shown(kind: str, tmp_path: Path) -> None:
    events = journals.training_events(epochs=2) if kind == "train" else journals.search_events(1, trials=3)
    assert "Precisionfloat32" in Page(report(tmp_path / "asked", events)).text
    told = {"precision": "mixed_bfloat16"}
    events = [e | told if kind == "train" else e | {"extra": told} for e in events]
    assert "Precisionmixed_bfloat16" in Page(report(tmp_path / "used", events)).text


def test_text_from_a_run_is_escaped(tmp_path: Path) -> None:
    events = journals.search_events(1, trials=3)
    evil = '<script>alert("x")</script>'
    events[1] |= {"status": "failed", "fitness": None, "reason": evil}
    events[0]["dataset"]["name"] = evil
    text = report(tmp_path / "run", events, strategy=evil, argv=("nas", "search", evil))
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_rebuilding_gives_the_same_bytes_and_removes_stale_figures(tmp_path: Path) -> None:
    run = journals.write_run(tmp_path / "run", SEARCH)
    before = {path: path.read_bytes() for path in reports.build(run)}
    (run / "plots" / "old.png").write_bytes(b"")
    assert {path: path.read_bytes() for path in reports.build(run)} == before
    assert not (run / "plots" / "old.png").exists()


def test_two_hundred_trials_make_a_page_of_reasonable_size(tmp_path: Path) -> None:
    text = report(tmp_path / "run", journals.search_events(5, trials=200, population=12))
    assert text.count('<tr class="" id="trial-') == 199
    assert len(text) < 1_500_000


def test_not_a_run_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="not a run"):
        reports.build(tmp_path)
