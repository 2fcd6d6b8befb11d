"""What a report says of a comparison of optimizers."""

import json
import math
from pathlib import Path

import pytest
import yaml

from nas_cli.errors import RunError
from nas_cli.reports.experiments.optimizers import build_optimizers
from nas_cli.reports.learning_rates import hypothesis_sentence, rank_correlation, rate_hypothesis
from nas_cli.reports.optimizer_statements import RULES, judge, statements
from nas_cli.reports.optimizer_study import Study
from nas_cli.reports.optimizer_summary import CURVE_COLUMNS, csv_files, summarise, table_lines
from nas_cli.reports.run_report import build_report
from tests.reports.optimizer_runs import LEVELS, as_in_the_document, study, training

OWN = {name: (0.001 * 10**i, [0.8, 0.8, 0.8]) for i, name in enumerate(LEVELS)}
"""The shared rate is farther from the own one the farther back an optimizer is."""


def verdicts(found: Study) -> dict[str, str]:
    return {s.text: judge(s, found, "shared").verdict for s in statements()}


def test_every_statement_has_a_rule_and_a_source() -> None:
    assert {s.rule for s in statements()} == set(RULES)
    assert all(s.source.startswith("Polishchuk et al. 2019") for s in statements())


def test_the_documents_own_numbers_reproduce_its_statements() -> None:
    found = verdicts(as_in_the_document())
    assert found.pop("A training of 150 epochs takes 1.5 hours on average") == "not tested"
    assert set(found.values()) == {"reproduced"}, found


def test_another_order_does_not() -> None:
    levels = {name: 0.8 - level for name, level in LEVELS.items()}
    found = verdicts(study({name: [level, level + 0.001, level + 0.002] for name, level in levels.items()}))
    assert found["Adam has the best test accuracy"] == "not reproduced"
    assert found["Plain SGD stays behind Adagrad and momentum"] == "not reproduced"
    assert found["RMSProp comes to about 80 %"] == "not reproduced"


def test_a_lead_that_the_seeds_do_not_agree_on_is_not_told_from_chance() -> None:
    found = study({**{name: [0.1] * 3 for name in LEVELS}, "adam": [0.5, 0.6, 0.7], "nadam": [0.6, 0.5, 0.65]})
    assert verdicts(found)["Adam has the best test accuracy"] == "not told from chance"


def test_a_single_seed_decides_by_its_sign() -> None:
    found = verdicts(study({name: [level] for name, level in LEVELS.items()}))
    assert found["Adam has the best test accuracy"] == "reproduced"


def test_an_optimizer_that_is_missing_or_diverged_leaves_a_statement_untested() -> None:
    found = verdicts(study({**{name: [level] for name, level in LEVELS.items()}, "nesterov": [None]}))
    assert found["SGD with Nesterov's momentum stays behind plain SGD"] == "not tested"
    assert found["Plain SGD stays behind Adagrad and momentum"] == "reproduced"


def test_rows_have_means_intervals_times_and_the_epoch_of_convergence() -> None:
    row = next(row for row in as_in_the_document().rows() if row["optimizer"] == "sgd")
    assert row["test_accuracy"] == pytest.approx(0.3)
    # t = 4.303 for three seeds, deviation 0.001.
    assert row["test_accuracy_high"] - row["test_accuracy"] == pytest.approx(4.303 * 0.001 / math.sqrt(3), rel=1e-3)
    assert (row["epoch_seconds"], row["converged_epoch"], row["diverged"]) == (2.0, 4, 0)


def test_a_row_whose_trainings_diverged_has_no_values() -> None:
    found = study({"sgd": [None, None], "adam": [0.5, None]})
    rows = {row["optimizer"]: row for row in found.rows()}
    assert (rows["sgd"]["test_accuracy"], rows["sgd"]["diverged"], rows["sgd"]["converged_epoch"]) == (None, 2, None)
    assert (rows["adam"]["test_accuracy"], rows["adam"]["diverged"]) == (0.5, 1)
    assert any("2 of 2 diverged" in line for line in table_lines(summarise(found.events)["optimizers"]))


def test_the_hypothesis_is_supported_where_the_order_follows_the_distance() -> None:
    shared = {name: [level] * 3 for name, level in LEVELS.items()}
    found = rate_hypothesis(study(shared, OWN))
    assert found is not None
    assert found["correlation"] == pytest.approx(-1.0)
    assert found["p_value"] == pytest.approx(1 / math.factorial(7))
    assert found["supported"] and found["spread_tuned"] == pytest.approx(0)
    assert "is supported" in hypothesis_sentence(found)
    backwards = {name: [0.9 - level] * 3 for name, level in LEVELS.items()}
    other = rate_hypothesis(study(backwards, OWN))
    assert other is not None and not other["supported"]


def test_the_hypothesis_needs_both_protocols_and_differences() -> None:
    assert rate_hypothesis(as_in_the_document()) is None
    same = rate_hypothesis(study({name: [0.5] for name in LEVELS}, OWN))
    assert same is not None and same["correlation"] is None and not same["supported"]
    json.dumps(same, allow_nan=False)


def test_rank_correlation_against_hand_computed_values() -> None:
    # Ranks 1 2 3 4 and 2 1 4 3: 1 − 6·4/(4·15) = 0.6; 4 of 24 orders reach it.
    assert rank_correlation([1, 2, 3, 4], [20, 10, 40, 30]) == pytest.approx((0.6, 5 / 24))
    assert rank_correlation(range(10), range(10))[0] == pytest.approx(1.0)


def written(path: Path, found: Study) -> Path:
    path.mkdir(parents=True)
    lines = [json.dumps(event) for event in found.events]
    (path / "journal.jsonl").write_text("\n".join(lines) + "\n")
    (path / "config.yaml").write_text(yaml.safe_dump({"mode": "optimizers"}))
    return path


def test_a_run_gets_a_figure_per_optimizer_tables_and_a_page(tmp_path: Path) -> None:
    found = study({"sgd": [0.3, 0.31], "adam": [0.8, 0.8]}, {"adam": (0.001, [0.8, 0.8])})
    further = training("shared", "adam", 0, 0.5, batch_size=512)
    run = written(tmp_path / "run", Study([*found.events[:-1], *further, found.events[-1]]))
    build_report(run)
    plots = {file.stem for file in (run / "plots").iterdir()}
    assert plots == {"shared_sgd", "shared_adam", "shared_all", "tuned_all", "tuned_adam", "rates"}
    page = (run / "report.html").read_text()
    assert "as Figure 3: Adam at the shared learning rate 0.001" in page
    assert "SGD comes to 30 %: reproduced (30.5 %)." in page
    assert "Adam, batch 512" in page and "nothing is chosen by them" in page
    head, *curves = (run / "curves.csv").read_text().splitlines()
    assert head == ",".join(CURVE_COLUMNS)
    assert len(curves) == 4 * (2 * 2 + 2 + 1)
    assert (run / "rates.csv").read_text().splitlines()[1:] == ["adam,0.001,0.5,True", "adam,0.01,,False"]


def test_the_study_of_two_runs_tests_the_hypothesis(tmp_path: Path) -> None:
    few = ("adam", "nadam", "rmsprop", "adagrad")
    both = study({name: [LEVELS[name]] * 2 for name in few}, {name: OWN[name] for name in few})
    for protocol, other in (("shared", "tuned"), ("tuned", "shared")):
        mine = [
            e for e in both.events if e.get("protocol") != other and (e["event"] != "chosen" or protocol == "tuned")
        ]
        written(tmp_path / "runs" / protocol, Study([e for e in mine if not str(e.get("training")).startswith(other)]))
    build_optimizers(tmp_path / "runs", tmp_path / "out", "the command")
    text = (tmp_path / "out" / "README.md").read_text()
    assert "Reduced: 9,000 of 50,000 training images, 4 of 150 epochs, 500 of 10,000 test images." in text
    assert "is supported" in text and "distances.png" in text
    assert (tmp_path / "out" / "shared_adagrad.png").exists()
    assert csv_files(both)["optimizers.csv"] == (tmp_path / "out" / "optimizers.csv").read_text()


def test_without_complete_runs_there_are_no_tables(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no complete runs"):
        build_optimizers(tmp_path, tmp_path / "out", "the command")
