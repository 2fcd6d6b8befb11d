"""The report of a morph run, finished or not."""

from pathlib import Path

import pytest

from nas_cli import reports
from nas_cli.reports.history import History
from nas_cli.reports.shrinking import Shrinking
from nas_cli.reports.source import load
from tests.reports import journals
from tests.reports.journals import Event
from tests.reports.shrinkings import AFTER, BEFORE, cost, morph_events
from tests.reports.test_report import Page

FULL = morph_events(warning="the cost moved by 0.4 %")


def report(folder: Path, events: list[Event]) -> str:
    return reports.build(journals.write_run(folder, events))[-1].read_text(encoding="utf-8")


@pytest.mark.parametrize("length", range(1, len(FULL) + 1))
def test_a_run_killed_after_any_event_has_a_whole_page(length: int, tmp_path: Path) -> None:
    page = Page(report(tmp_path / "run", FULL[:length]))
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    for broken in ("nan", "None", "Traceback"):
        assert f" {broken} " not in page.text
    assert ("The run has not ended" in page.text) is (length < len(FULL))


def test_the_headline_sets_the_smaller_network_beside_the_original(tmp_path: Path) -> None:
    text = Page(report(tmp_path / "run", FULL)).text
    assert "Test accuracy67.11 %before 68.22 %: the original network, trained as long" in text
    assert "Time per image, batch 12.11 msbefore 4.21 ms, −49.9 %" in text
    assert "Test accuracy68.22 %67.11 %−1.11 points" in text
    assert "the cost moved by 0.4 %" in text
    assert "for the chosen network, and once for the baseline" in text
    assert "2 threads" in text


def test_without_a_baseline_the_test_accuracy_has_its_interval_and_no_rival(tmp_path: Path) -> None:
    text = Page(report(tmp_path / "run", morph_events(baseline=False))).text
    assert "95 % interval" in text
    assert "Validation accuracy68.00 %before 46.00 %: after the first training" in text
    assert "for the baseline" not in text


def test_a_removed_layer_is_named_as_removed_in_table_and_csv(tmp_path: Path) -> None:
    text = Page(report(tmp_path / "run", FULL)).text
    assert "block_5/convConv2D32 → 00 %" in text
    rows = (tmp_path / "run" / "layers.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == (
        "name,kind,channels_before,channels_after,macs_before,macs_after,params_before,params_after,output_after"
    )
    assert rows[2] == "block_2/conv,Conv2D,16,9,2359296,1327104,2304,1296,32x32x9"
    assert rows[5] == "block_5/conv,Conv2D,32,0,9437184,0,9216,0,"


def test_before_the_first_shrinking_layers_are_as_they_were() -> None:
    run = Shrinking(History(FULL[:3]))
    assert [row.number("after", "channels") for row in run.layers] == [row["channels"] for row in BEFORE]
    assert run.channels is None
    assert run.changes[0].after is None


def test_a_baseline_ends_where_the_smaller_networks_training_ends() -> None:
    stages = {stage.name: (stage.begin, len(stage.epochs)) for stage in Shrinking(History(FULL)).stages}
    assert stages == {"train": (0, 2), "shrink-1": (2, 2), "retrain": (4, 6), "baseline": (0, 10)}


def test_a_comparison_shows_what_the_run_ended_with(tmp_path: Path) -> None:
    source = load(journals.write_run(tmp_path / "run", FULL))
    assert (source.flops, source.params) == (cost(AFTER)["flops"], cost(AFTER)["params"])
    assert source.best_valid == 0.68


def test_figures_of_a_run(tmp_path: Path) -> None:
    run = journals.write_run(tmp_path / "run", FULL)
    names = [str(path.relative_to(run)) for path in reports.build(run)]
    assert names == ["layers.csv", "plots/course.png", "plots/remains.png", "plots/channels.png", "report.html"]
