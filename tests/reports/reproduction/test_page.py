"""The page of all claims: complete without any result, and filled from tables that the experiments' builders wrote."""

from pathlib import Path

import pandas as pd
import pytest

from nas_cli.reports.experiments.codeepneat import build_codeepneat
from nas_cli.reports.experiments.darts import build_darts
from nas_cli.reports.experiments.distillation import build_distillation
from nas_cli.reports.experiments.morphnet import build_morphnet
from nas_cli.reports.experiments.optimizers import build_optimizers
from nas_cli.reports.experiments.planted import build_planted
from nas_cli.reports.experiments.pruning import build_pruning
from nas_cli.reports.experiments.random_against_grid import build_random_against_grid
from nas_cli.reports.experiments.relevance import build_relevance
from nas_cli.reports.reproduction.page import claims, rows, write_page
from nas_cli.reports.reproduction.row import (
    ALONE,
    DIRECTION,
    IMPOSSIBLE,
    NOT,
    NOT_RUN,
    REPRODUCED,
    SMOKE,
    Row,
)
from tests.reports import optimizer_runs, test_darts_tables, test_optimizers, test_planted, test_random_against_grid
from tests.reports import test_codeepneat_tables as codeepneat
from tests.reports import test_distillation_tables as distillation
from tests.reports import test_morphnet_tables as morphnet
from tests.reports import test_pruning_tables as pruning
from tests.reports import test_relevance_tables as relevance
from tests.reports.journals import write_run

table = test_darts_tables.table
SCRIPTS = Path(__file__).parents[3] / "scripts"


def found(results: Path, item: str, scale: str = "reduced") -> Row:
    (row,) = [row for row in rows(results, scale) if row.item == item]
    return row


def test_without_results_every_row_says_how_to_run_it(tmp_path: Path) -> None:
    made = rows(tmp_path)
    assert {row.verdict for row in made} == {NOT_RUN, IMPOSSIBLE}
    assert len({(row.document, row.item) for row in made}) == len(made)
    assert all(row.command.startswith(("`python scripts/", "`nas ")) for row in made)
    assert len({row.document for row in made}) == 5


def test_every_table_and_figure_of_the_documents_has_a_row() -> None:
    text = "\n".join(claim.item for claim in claims())
    for number in (*range(1, 4),):
        assert f"Table {number}" in text
    for number in (1, *range(2, 15), 8, 9, *range(12, 17)):
        assert f"Figure {number}:" in text


def test_the_commands_are_scripts_and_options_that_are_there() -> None:
    for claim in claims():
        words = claim.command.split()
        if words[0] == "python":
            script = (SCRIPTS.parent / words[1]).read_text(encoding="utf-8")
            assert all(f'"{word}"' in script for word in words[2:] if word.startswith("--")), claim.command


def test_the_thesis_is_read_from_its_table(tmp_path: Path) -> None:
    """600 s and 250 s: 2.4 by wall time; 10 and 4 processor seconds a trial: 2.5; the thesis: 1.48. 90 - 84 points."""
    runs, out = tmp_path / "runs", tmp_path / "codeepneat"
    codeepneat._run(runs / "mnist" / "plain-0", 600.0, 0.9)
    codeepneat._run(runs / "mnist" / "b-0", 250.0, 0.84, ratio=4.0)
    build_codeepneat(runs, out, "the command")
    speed = found(tmp_path, "Table 3, MNIST: speed-up")
    assert (speed.ours, speed.verdict) == ("2.50 by processor time, 2.40 by wall time", DIRECTION)
    assert (speed.paper, speed.scale, speed.hardware) == ("1.48", "reduced", "Example CPU @ 2.0 GHz, 2 cores, 25 GB")
    assert speed.time == "14 min 10 s, 2 runs" and "here 9000 training examples, 4 epochs" in speed.reduced
    assert found(tmp_path, "Table 3, MNIST: degradation of accuracy").verdict == NOT
    assert found(tmp_path, "Table 3, CIFAR-10: speed-up").verdict == NOT_RUN
    assert found(tmp_path, "mean speed-up over the four data sets").verdict == NOT_RUN
    smoke = found(tmp_path, "Table 3, MNIST: speed-up", "smoke")
    assert (smoke.ours, smoke.scale, smoke.verdict) == (speed.ours, "smoke", SMOKE)


def test_results_of_the_documents_size_come_first(tmp_path: Path) -> None:
    for ending, seconds in (("", 300.0), ("_paper", 390.0)):
        runs = tmp_path / f"runs{ending}"
        codeepneat._run(runs / "mnist" / "plain-0", 600.0, 0.99)
        codeepneat._run(runs / "mnist" / "b-0", seconds, 0.98, ratio=1.5)
        build_codeepneat(runs, tmp_path / f"codeepneat{ending}", "the command")
    row = found(tmp_path, "Table 1, MNIST")
    # 99 % is within two points of 98.95 %.
    assert (row.scale, row.reduced, row.verdict) == ("paper", "nothing", REPRODUCED)
    assert "1.54 by wall time" in found(tmp_path, "Table 3, MNIST: speed-up").ours


def test_the_first_documents_claims(tmp_path: Path) -> None:
    """Half the FLOPs without loss against 8 %, and 10 points better than the width multiplier at 4 MFLOPs."""
    base = tmp_path / "runs" / "inception_v2"
    morphnet._run(base / "width-1-0", 0.6, 8_000_000, morph=False)
    morphnet._run(base / "width-0.7-0", 0.5, 4_000_000, morph=False)
    morphnet._run(base / "morphnet-0.5-0", 0.6, 8_000_000, morph=True)
    build_morphnet(tmp_path / "runs", tmp_path / "morphnet", "the command")
    cut = found(tmp_path, "FLOPs without loss of accuracy, MorphNet, one process")
    assert (cut.ours, cut.verdict) == ("-50.0 %", REPRODUCED)
    jft = found(tmp_path, "accuracy of the Horovod implementation, JFT")
    assert (jft.ours, jft.verdict) == ("stand-in not run yet", IMPOSSIBLE)
    morphnet._run(base / "horovod-0.5-0", 0.45, 8_000_000, morph=True)
    build_morphnet(tmp_path / "runs", tmp_path / "morphnet", "the command")
    jft = found(tmp_path, "accuracy of the Horovod implementation, JFT")
    assert (jft.ours, jft.verdict) == ("-5.0 points on CIFAR-10, against widths at equal FLOPs", IMPOSSIBLE)
    assert found(tmp_path, "Figure 1: accuracy against FLOPs of three families").verdict == DIRECTION


def test_the_optimizers_of_the_document_reproduce_it(tmp_path: Path) -> None:
    study = optimizer_runs.as_in_the_document()
    test_optimizers.written(tmp_path / "runs" / "shared", study)
    build_optimizers(tmp_path / "runs", tmp_path / "optimizers", "the command")
    adam = found(tmp_path, "Figure 3: Adam")
    assert adam.verdict == REPRODUCED and adam.ours.startswith("82.0 % test")
    assert found(tmp_path, "statement: RMSProp comes to about 80 %").verdict == REPRODUCED
    assert found(tmp_path, "statement: A training of 150 epochs takes 1.5 hours on average").verdict == ALONE
    own = "own and shared learning rate: is the shared one the reason of the differences?"
    assert found(tmp_path, own).verdict == NOT_RUN


def test_darts_is_read_from_its_tables(tmp_path: Path, table: test_darts_tables.Table) -> None:
    runs = tmp_path / "runs"
    write_run(runs / "nasbench201" / "first-0", test_darts_tables.bench_events(3, 6), strategy="darts")
    write_run(runs / "cell" / "first-0", test_darts_tables.structures.structure_events("cell", 2, 4), strategy="darts")
    build_darts(runs, table, tmp_path / "darts", "the command")
    row = found(tmp_path, "DARTS: first order, NAS-Bench-201")
    assert (row.verdict, row.ours[:7]) == (REPRODUCED, "54.30 %")
    assert "first order 71.00 %" in found(tmp_path, "NAS spaces: derived cells against random ones").ours
    assert found(tmp_path, "DARTS: cost against random search").verdict == NOT_RUN
    (tmp_path / "nasbench201").mkdir()
    (tmp_path / "nasbench201" / "nasbench201.csv").write_text(
        "arm,simulated_seconds,test,test_low,test_high\nrandom,1200,93,92,94\n"
    )
    cost = found(tmp_path, "DARTS: cost against random search")
    # Six epochs of 10 s.
    assert (cost.verdict, cost.ours[:9]) == (DIRECTION, "20.0 time")


def test_pruning_and_distillation(tmp_path: Path) -> None:
    build_pruning(pruning.made(tmp_path / "runs"), tmp_path / "pruning", "the command")
    half = found(tmp_path, "pruning: half of the FLOPs, filters against the random criterion")
    assert half.verdict == REPRODUCED and "+6.00 points" in half.ours
    assert found(tmp_path, "pruning: lottery-ticket hypothesis, LeNet-300-100 on MNIST").verdict == REPRODUCED
    for place, errors in (("teacher", 67), ("student_plain", 146), ("student_T20", 100)):
        distillation.run(tmp_path / "taught", f"mnist/{place}-0", errors)
    for loss, errors in (("cross_entropy", 3000), ("bootstrap_soft", 3100), ("label_smoothing", 2900)):
        for seed in range(2):
            distillation.run(tmp_path / "taught", f"label_noise/{loss}_40-{seed}", errors)
    build_distillation(tmp_path / "taught", tmp_path / "distillation", "the command")
    # 100/146 is 0.68, farther than 20 % from 0.51.
    assert found(tmp_path, "distillation: 2x800 student of MNIST, T = 20").verdict == DIRECTION
    assert found(tmp_path, "robust losses: 40 % wrong labels").verdict == DIRECTION


def test_one_loss_of_five_or_one_seed_is_not_all_of_them(tmp_path: Path) -> None:
    for loss, errors in (("cross_entropy", 3000), ("label_smoothing", 2900)):
        distillation.run(tmp_path / "runs", f"label_noise/{loss}_40-0", errors)
    build_distillation(tmp_path / "runs", tmp_path / "distillation", "the command")
    row = found(tmp_path, "robust losses: 40 % wrong labels")
    assert (row.ours, row.verdict) == ("fewer test errors than cross entropy: label smoothing 100", NOT)


def test_temperatures_that_are_all_good_have_no_best(tmp_path: Path) -> None:
    for arm, errors in (("T2.5", 300), ("T4", 310)):
        distillation.run(tmp_path / "runs", f"mnist/small_{arm}-0", errors)
    build_distillation(tmp_path / "runs", tmp_path / "distillation", "the command")
    item = "distillation: 2x30 student of MNIST, by temperature"
    assert found(tmp_path, item).verdict == NOT_RUN
    distillation.run(tmp_path / "runs", "mnist/small_T8-0", 320)
    build_distillation(tmp_path / "runs", tmp_path / "distillation", "the command")
    assert found(tmp_path, item).verdict == REPRODUCED


def test_a_data_set_alone_has_no_place_among_others(tmp_path: Path) -> None:
    """90 and 60 %: the thesis has MNIST ahead too."""
    codeepneat._run(tmp_path / "runs" / "mnist" / "plain-0", 600.0, 0.9)
    build_codeepneat(tmp_path / "runs", tmp_path / "codeepneat", "the command")
    assert found(tmp_path, "Table 1, MNIST").verdict == ALONE
    codeepneat._run(tmp_path / "runs" / "cifar10" / "plain-0", 600.0, 0.6)
    build_codeepneat(tmp_path / "runs", tmp_path / "codeepneat", "the command")
    assert {found(tmp_path, f"Table 1, {name}").verdict for name in ("MNIST", "CIFAR-10")} == {DIRECTION}


def test_searches_of_which_none_has_solved_exclusive_or_reproduce_nothing(tmp_path: Path) -> None:
    (tmp_path / "neat").mkdir()
    (tmp_path / "neat" / "xor.csv").write_text("seed,solved,networks\n0,False,22500\n1,False,22500\n")
    row = found(tmp_path, "NEAT: exclusive or")
    assert (row.ours, row.verdict) == ("0 of 2 solved", NOT)


def test_relevance_and_planted_structure(tmp_path: Path) -> None:
    for number, (plain, ard) in enumerate(((0.90, 0.89), (0.91, 0.91), (0.92, 0.93))):
        relevance.write_search(tmp_path / "runs" / "mnist" / f"first-{number}", plain)
        relevance.write_search(tmp_path / "runs" / "mnist" / f"first_ard-{number}", ard, nonzero=250)
    build_relevance(tmp_path / "runs", tmp_path / "relevance", "the command")
    build_planted(test_planted.STRUCTURES, test_planted.INPUTS, tmp_path / "relevance", "the command", "")
    assert found(tmp_path, "accuracy, MNIST").ours == "first 91, first ard 91"
    assert found(tmp_path, "stability under input noise, MNIST").verdict == NOT_RUN
    assert "times smaller" in found(tmp_path, "removal by ARD, MNIST").ours
    assert found(tmp_path, "planted irrelevant inputs removed").ours.startswith("90 % of irrelevant")


def test_random_search_is_compared_with_grid(tmp_path: Path) -> None:
    out = tmp_path / "random_against_grid"
    build_random_against_grid(test_random_against_grid.COURSES, out, "the command", 30.0)
    row = found(tmp_path, "hyper-parameters: random against grid search where one of four matters")
    # 0.6 and 0.4, each ± 0.25.
    assert (row.verdict, row.time) == (DIRECTION, "30.0 s, 12 runs")


@pytest.mark.parametrize("scale", ["reduced", "smoke"])
def test_the_page_and_its_table_hold_every_row(tmp_path: Path, scale: str) -> None:
    page, csv = write_page(tmp_path / "results", scale)
    text, written = page.read_text(encoding="utf-8"), pd.read_csv(csv)
    assert len(written) == len(claims()) and not written.isna().any().any()
    assert all(item.replace("|", "\\|") in text for item in written["item"])
    assert ("Smoke" in text) == (scale == "smoke")
    assert text.count("| `codeepneat/` |") == 1
