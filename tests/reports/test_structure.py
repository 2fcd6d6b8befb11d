"""What a report says of the search of a structure."""

import csv
from pathlib import Path
from typing import Any

import pytest

from nas_cli import reports
from nas_cli.reports.cells import OUTPUT, LabelledEdge, cell_graphs
from nas_cli.reports.history import History
from nas_cli.reports.intervals import difference_interval
from nas_cli.reports.plots.structure import structure_plots
from nas_cli.reports.structure import Structure
from nas_cli.reports.structure_csv import structure_csv
from nas_cli.reports.structure_scores import score_correlations
from nas_cli.reports.structure_verdict import against_random, collapses, structure_verdicts
from tests.reports import structures
from tests.reports.journals import search_events, write_run
from tests.reports.test_report import Page


def run_of(events: list[dict[str, Any]]) -> Structure:
    return Structure(History(events))


def rows_of(run: Structure) -> list[dict[str, str]]:
    return list(csv.DictReader(structure_csv(run).decode("utf-8").splitlines()))


def test_the_table_has_a_row_for_every_search_and_epoch() -> None:
    rows = rows_of(run_of(structures.structure_events(searches=2, epochs=3)))
    assert [(row["search"], row["epoch"]) for row in rows] == [(s, e) for s in "01" for e in "123"]
    second = rows[1]
    assert (second["train_loss"], second["valid_accuracy"], second["temperature"]) == ("1.5", "0.5", "1.0")
    assert (second["skips_normal"], second["skips_reduction"]) == ("2", "2")
    assert (second["entropy_normal"], second["expected_flops"]) == ("0.5", "2500000.0")
    assert (second["flops"], second["params"], second["seconds"]) == ("2000000", "2000", "10.0")


def test_of_an_epoch_repeated_after_a_resume_the_last_counts() -> None:
    events = structures.structure_events(searches=1, epochs=2)
    repeated = dict(next(event for event in events if event["event"] == "structure"), train_loss=0.125)
    assert [row["train_loss"] for row in rows_of(run_of([*events, repeated]))] == ["0.125", "1.5"]


def test_a_one_shot_search_has_no_signs() -> None:
    rows = rows_of(run_of(structures.one_shot_events([(0.5, 0.6)])))
    assert rows[0]["valid_accuracy"] == "0.19"
    assert (rows[0]["skips_cell"], rows[0]["flops"]) == ("", "")


def test_design_time_is_that_of_the_search_or_of_its_epochs_so_far() -> None:
    events = structures.structure_events(searches=1, epochs=4)
    assert run_of(events).searches[0].seconds == 42.0
    assert run_of([event for event in events if event["event"] != "derived"]).searches[0].seconds == 40.0


def test_cells_of_darts_are_two_inputs_sums_and_a_concatenation() -> None:
    normal, reduction = cell_graphs(structures.genotype("cell", 3), [])
    assert (normal.kind, reduction.kind) == ("normal", "reduction")
    assert normal.nodes == ("c_{k-2}", "c_{k-1}", "0", "1", "2", "3", OUTPUT)
    assert normal.edges[:3] == (
        LabelledEdge(0, 2, "skip_connect"),
        LabelledEdge(1, 2, "skip_connect"),
        LabelledEdge(0, 3, "skip_connect"),
    )
    assert normal.edges[-1] == LabelledEdge(5, 6, "")
    assert (len(normal.chosen), normal.skips, len(normal.live)) == (8, 3, 12)


def test_edges_without_a_way_to_the_output_are_told_apart() -> None:
    edges = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]
    names = ("nor_conv_1x1", "none", "none", "none", "identity", "nor_conv_3x3")
    genotype = {f"edge_{i}_{j}": name for (i, j), name in zip(edges, names, strict=True)}
    (graph,) = cell_graphs(genotype, edges)
    assert [edge.operation for edge in graph.edges] == ["nor_conv_1x1", "identity", "nor_conv_3x3"]
    assert {(edge.source, edge.target) for edge in graph.live} == {(0, 1), (1, 3)}
    assert graph.skips == 1


def test_a_genotype_of_another_form_is_not_drawn() -> None:
    assert cell_graphs({"filters": 32}, [(0, 1)]) == []
    assert cell_graphs(None, [(0, 1)]) == []


def test_the_difference_of_two_means_has_welchs_interval() -> None:
    # Variances 1 and 1, 3 numbers each: standard error √(2/3), 4 degrees of freedom, t = 2.7764.
    found = difference_interval([1.0, 2.0, 3.0], [0.0, 1.0, 2.0])
    assert found.mean == pytest.approx(1.0)
    assert (found.high - found.mean) == pytest.approx(2.77645 * (2 / 3) ** 0.5, rel=1e-5)
    # Unequal variances 4 and 0.25: degrees (4.25/3)² / ((4/3)²/2 + (0.25/3)²/2) = 2.249.
    uneven = difference_interval([0.0, 2.0, 4.0], [0.0, 0.5, 1.0])
    assert (uneven.high - uneven.mean) / (4.25 / 3) ** 0.5 == pytest.approx(3.871, abs=0.01)
    assert difference_interval([1.0], [0.0, 2.0]).count == 0


@pytest.mark.parametrize(
    ("derived", "random", "said"),
    [
        ((0.70, 0.71), (0.72, 0.73), "The derived networks are not better than random ones"),
        ((0.70, 0.80), (0.69, 0.78), "holds zero: chance explains it"),
        ((0.90, 0.91, 0.92), (0.70, 0.71, 0.72), "The derived networks are better than random ones"),
        ((0.90,), (0.70, 0.71), "of so few nothing can be concluded"),
        ((0.90,), (), "No random network was evaluated"),
    ],
)
def test_the_comparison_with_random_networks_is_honest(
    derived: tuple[float, ...], random: tuple[float, ...], said: str
) -> None:
    run = run_of(structures.structure_events("nasbench201", derived=derived, random=random))
    assert said in against_random(run)


def test_of_errors_lower_ones_are_better() -> None:
    events = structures.structure_events(derived=(3.0, 3.1, 3.2), random=(4.0, 4.1, 4.2), measure="rmse")
    assert "are better than random ones" in against_random(run_of(events))
    events = structures.structure_events(derived=(4.0, 4.1, 4.2), random=(3.0, 3.1, 3.2), measure="rmse")
    assert "are not better" in against_random(run_of(events))


def test_failed_networks_are_left_out_of_the_comparison() -> None:
    events = structures.structure_events(derived=(0.7, 0.8), random=(0.6, 0.7))
    failed = structures.structure_trial(9, None, {"kind": "random", "genotype": {}})
    assert run_of([*events, failed]).values("random") == [0.6, 0.7]


def test_a_collapse_to_skip_connections_is_said() -> None:
    few = run_of(structures.structure_events("nasbench201", searches=1, epochs=2))
    assert collapses(few, few.searches[0]) == []
    many = run_of(structures.structure_events("nasbench201", searches=1, epochs=6))
    assert collapses(many, many.searches[0]) == [
        "Search 0 collapsed to skip connections: 6 of 6 operations of the cell that was derived."
    ]


def test_a_cell_that_nothing_leads_through_is_said() -> None:
    events = structures.structure_events("nasbench201", searches=1)
    dead = {name: "none" for name in structures.genotype("nasbench201", 0)}
    events = [dict(event, genotype=dead) if event["event"] == "derived" else event for event in events]
    assert "Search 0: no way leads through the cell" in structure_verdicts(run_of(events))[1]


def test_scores_in_the_supernet_are_ranked_against_those_alone() -> None:
    pairs = [(0.30, 0.50), (0.35, 0.60), (0.40, 0.55), (0.45, 0.70), (0.50, 0.80)]
    found = score_correlations(run_of(structures.one_shot_events(pairs)))
    # One of ten pairs is in the wrong order: tau = (9 - 1) / 10; rho = 1 - 6·2 / (5·24).
    assert found[0].kendall.value == pytest.approx(0.8)
    assert found[0].spearman.value == pytest.approx(0.9)
    assert score_correlations(run_of(structures.one_shot_events(pairs[:4]))) == {}


def test_figures_of_a_search() -> None:
    names = [plot.name for plot in structure_plots(run_of(structures.structure_events(searches=2)))]
    assert names == [
        "structure_loss", "structure_accuracy", "structure_entropy", "structure_skips", "structure_gamma_normal",
        "structure_gamma_reduction", "structure_cell_0_normal", "structure_cell_0_reduction", "structure_cell_1_normal",
        "structure_cell_1_reduction",
    ]  # fmt: skip
    assert structure_plots(run_of(search_events(trials=2))) == []


def test_the_page_of_a_run_has_the_section_with_all_it_needs(tmp_path: Path) -> None:
    events = structures.structure_events("nasbench201", searches=1, epochs=6, derived=(0.70,), random=(0.72, 0.71))
    folder = write_run(tmp_path / "run", events, strategy="darts")
    written = [path.name for path in reports.build(folder)]
    assert {"structure.csv", "structure_cell_0_cell.png", "structure_gamma_cell.png"} <= set(written)
    page = Page((folder / "report.html").read_text(encoding="utf-8"))
    assert page.open == []
    for said in ("Structure search", "collapsed to skip connections", "not better than random ones",
                 "2.50 times the 4.0 s of an ordinary network of equal MACs", "256 MiB, predicted",
                 "mean of 2 random", "1 min 03 s"):  # fmt: skip
        assert said in page.text, said


def test_a_one_shot_runs_page_has_the_rank_correlation(tmp_path: Path) -> None:
    events = structures.one_shot_events([(0.3, 0.5), (0.35, 0.6), (0.4, 0.55), (0.45, 0.7), (0.5, 0.8)])
    folder = write_run(tmp_path / "run", events, strategy="one_shot")
    assert "structure_scores_0.png" in [path.name for path in reports.build(folder)]
    text = Page((folder / "report.html").read_text(encoding="utf-8")).text
    assert "supernet's weights" in text and "0.90 (" in text


def test_an_unfinished_search_can_be_reported(tmp_path: Path) -> None:
    events = structures.structure_events(searches=1, epochs=1)[:2]
    folder = write_run(tmp_path / "run", events, strategy="darts")
    reports.build(folder)
    assert "not complete" in Page((folder / "report.html").read_text(encoding="utf-8")).text


def test_a_run_of_another_strategy_has_no_such_file(tmp_path: Path) -> None:
    written = reports.build(write_run(tmp_path / "run", search_events(trials=2)))
    assert not any("structure" in path.name for path in written)
