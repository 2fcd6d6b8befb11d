"""The pages of every kind of run, of comparisons and folders: whole, self-contained, nothing missing, all escaped."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nas_cli import reports
from tests.reports import journals, optimizer_runs, prunings, shrinkings, structures
from tests.reports.test_quantized import EVENTS as QUANTIZED
from tests.reports.test_report import Page

Events = list[dict[str, Any]]
EVIL = '<img src=http://evil.example/x onerror="alert(1)">'


def distillation() -> Events:
    events = journals.training_events(epochs=3)
    settings = {"lambda_hard": 0.3, "lambda_soft": 0.7, "temperature": 4.0, "temperature_squared": True,
                "soften_student": True, "hints": [], "attention": []}  # fmt: skip
    teacher = {"name": EVIL, "flops": 9, "params": 9, "valid_accuracy": 0.8}
    block = {"settings": settings, "teachers": [teacher], "cached": True}
    return [events[0] | {"command": "distill", "distill": block, "model": EVIL}, *events[1:]]


def bench(mode: str) -> Events:
    kind = "measured" if mode == "ring-allreduce" else "rows"
    rows = [
        {"kind": "measured" if kind == "measured" else "projected", "cluster": EVIL, "mode": "ring-allreduce",
         "model": EVIL, "processes": number, "servers": 0, "batch": 8, "images_per_second": 10.0 * number,
         "uncertainty": 1.0, "jitter": 1.0, "efficiency": 1.0}
        for number in (1, 2)
    ]  # fmt: skip
    start = {"event": "start", "command": "bench", "mode": mode, "seed": 0, "time": 1.0}
    return [start, {"event": kind, "rows": rows, "time": 2.0}, {"event": "end", "time": 3.0, "wall_seconds": 2.0}]


def optimizers() -> Events:
    return list(optimizer_runs.study({"sgd": [0.3, 0.31], "adam": [0.8, 0.8]}).events)


def searched() -> Events:
    events = journals.search_events(3, trials=12, failure_rate=0.2)
    failed = next(event for event in events if event.get("status") == "failed")
    failed["reason"] = EVIL
    return events


KINDS: dict[str, tuple[Callable[[], Events], str]] = {
    "search": (searched, "progress front species architecture trials repeat"),
    "points": (lambda: journals.point_events(trials=25), "progress decisions architecture trials repeat"),
    "neurons": (journals.neural_events, "progress architecture trials repeat"),
    "darts": (structures.structure_events, "progress structure architecture trials repeat"),
    "train": (journals.training_events, "progress architecture repeat"),
    "distill": (distillation, "progress teacher architecture repeat"),
    "morph": (shrinkings.morph_events, "before-after layers phases repeat"),
    "prune": (lambda: prunings.journal(random=True), "before-after rounds layers phases repeat"),
    "quantize": (lambda: QUANTIZED, "repeat"),
    "bench measured": (lambda: bench("ring-allreduce"), "scaling rows repeat"),
    "bench projected": (lambda: bench("project"), "scaling rows repeat"),
    "bench optimizers": (optimizers, "summary statements together each repeat"),
}


def run_folder(folder: Path, kind: str) -> Path:
    """A run whose configuration, environment and journal hold text that would be dangerous if it were not escaped."""
    events = KINDS[kind][0]()
    if events[0].get("dataset"):
        events[0] = events[0] | {"dataset": {**events[0]["dataset"], "name": EVIL}}
    strategy = "random" if kind == "points" else "codeepneat"
    run = journals.write_run(folder, events, strategy, argv=("nas", events[0]["command"], EVIL))
    config = (run / "config.yaml").read_text(encoding="utf-8")
    (run / "config.yaml").write_text(f"{config}note: '{EVIL}'\nbench: {{iterations: 5, warmup: 2}}\n")
    environment = json.loads((run / "environment.json").read_text(encoding="utf-8"))
    (run / "environment.json").write_text(json.dumps(environment | {"cpu": EVIL}))
    return run


def check(text: str, sections: str) -> Page:
    """Pass if the page is whole, fetches nothing, shows every section, and holds no text of a user as markup."""
    page = Page(text)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert re.findall(r"<title>([^<]+)</title>", text.split("<body>")[0]) != []
    assert len(re.findall(r"<h1>", text)) == 1
    fetched = re.findall(r'<[a-z]+ [^>]*?\b(?:src|srcset|poster|data)="([^"]*)"|<link [^>]*href="([^"]*)"', text)
    assert all("".join(address).startswith("data:") for address in fetched)
    assert not re.search(r"@import|url\((?!#)", text)
    assert [name for name in sections.split() if f'<section id="{name}">' not in text] == []
    assert "<img src=http" not in text
    assert "prefers-color-scheme: dark" in text
    return page


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_of_a_run(kind: str, tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run", kind)
    reports.build(run)
    page = check((run / "report.html").read_text(encoding="utf-8"), KINDS[kind][1])
    for fact in ("Seed", "Budget" if kind != "bench projected" else "Data", "Intervals", "Hardware", "Commit"):
        assert fact in page.text, fact
    assert not re.search(r"\b(nan|Traceback)\b", page.text)


def test_the_page_of_a_comparison(tmp_path: Path) -> None:
    runs = [run_folder(tmp_path / kind, kind) for kind in ("search", "points")]
    file = reports.compare(runs, tmp_path / "out")[-1]
    check(file.read_text(encoding="utf-8"), "figures fronts runs settings")


def test_what_is_not_verified_is_said(tmp_path: Path) -> None:
    own = {"name": "image_folder", "provenance": {"status": "unverified", "note": None}}
    for name, data in (("own", own), ("other", journals.DATASET)):
        journals.write_run(tmp_path / name, journals.search_events(1, trials=3, dataset=data))
    reports.build(tmp_path / "own")
    text = (tmp_path / "own" / "report.html").read_text(encoding="utf-8")
    assert "The data are files of image_folder that no published checksum covers: compare" in text
    page = reports.compare([tmp_path / "own", tmp_path / "other"], tmp_path / "both")[-1].read_text(encoding="utf-8")
    assert "an unverified subset of cifar10 or files of image_folder that no published checksum covers" in page


def test_settings_of_one_strategy_alone_are_folded_away(tmp_path: Path) -> None:
    runs = [journals.write_run(tmp_path / name, journals.search_events(1, trials=4)) for name in "ab"]
    file = runs[1] / "config.yaml"
    file.write_text(file.read_text().replace("epochs: 4", "epochs: 9") + "own: 7\n")
    text = reports.compare(runs, tmp_path / "out")[-1].read_text(encoding="utf-8")
    before, _, after = text.partition("1 settings that only some of the runs have")
    assert "training.epochs" in before.split('id="settings"')[1]
    assert ">own<" in after and ">own<" not in before


def test_a_large_network_is_folded_and_a_small_one_is_not(tmp_path: Path) -> None:
    reports.build(run_folder(tmp_path / "small", "train"))
    assert "The whole drawing" not in (tmp_path / "small" / "report.html").read_text(encoding="utf-8")
    events = journals.training_events(epochs=2)
    events[0]["architecture"] = _deep()
    reports.build(journals.write_run(tmp_path / "large", events))
    text = (tmp_path / "large" / "report.html").read_text(encoding="utf-8")
    assert 'class="outline"' in text and "The whole drawing" in text
    check(text, "progress architecture repeat")


def _deep() -> Any:
    import numpy as np

    return journals.architecture(np.random.default_rng(4), stages=12).to_json()
