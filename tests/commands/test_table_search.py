"""`nas search` over a table, from the outside: no TensorFlow, no data set, no worker processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from nas_cli.build import NO_DATA, make_space, make_strategy
from nas_cli.config import load_config
from nas_cli.errors import ConfigError

WITHOUT_TENSORFLOW = """
import sys
from nas_cli.__main__ import main
try:
    main()
except SystemExit as done:
    loaded = {"tensorflow", "keras", "tf_keras"} & set(sys.modules)
    sys.exit(f"loaded {loaded}" if loaded else done.code)
"""
DESCRIPTION = """\
file: scores.csv
decisions: [width, depth]
costs: {flops: flops, params: params}
epochs: 1
objectives:
  top1: {fitness: {1: early, 9: late}, test: test, seconds: {9: seconds}}
"""


@pytest.fixture
def description(tmp_path: Path) -> Path:
    rows = ["width,depth,early,late,test,seconds,flops,params"]
    rows += [f"{w},{d},{20 + w + d},{50 + w * d},{40 + w * d},{10 * d},{w * w * d},{w * d}"
             for w in (8, 9, 10) for d in (1, 2, 3)]  # fmt: skip
    (tmp_path / "scores.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "scores.yaml").write_text(DESCRIPTION)
    return tmp_path / "scores.yaml"


def nas(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    # An empty folder of data sets: nothing may be looked for there.
    environment = {**os.environ, "NAS_DATA_DIR": str(folder / "no data")}
    command = [sys.executable, "-c", WITHOUT_TENSORFLOW, "search", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def table(description: Path, *more: str) -> list[str]:
    return ["--space", "table", f"space.description={description}", "--estimator", "table", *more]


def test_a_table_is_searched_without_tensorflow_data_or_processes(tmp_path: Path, description: Path) -> None:
    run = tmp_path / "run"
    done = nas(tmp_path, *table(description, "--strategy", "local_search", "--out", str(run), "--json"))
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["best"]["architecture"] == {"point": {"width": 10, "depth": 3}}
    assert (summary["best"]["valid_accuracy"], summary["best"]["test_accuracy"]) == pytest.approx((0.33, 0.7))
    assert (summary["best"]["flops"], summary["best"]["params"]) == (300, 30)
    names = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert {"trials.csv", "report.html", "best/architecture.json"} <= names
    assert not any(name.startswith(("data/", "models/", "log.txt", "best/model")) for name in names)
    again = nas(tmp_path, "--resume", str(run), "--json")
    assert json.loads(again.stdout) == summary


def test_an_error_to_minimise_is_shown_by_its_name_and_a_cost_against_it(tmp_path: Path) -> None:
    rows = [f"{w},{d},{30 - w - d},{31 - w - d},{w * d / 2}" for w in (8, 9, 10) for d in (1, 2, 3)]
    (tmp_path / "mine.csv").write_text("\n".join(["width,depth,err,final,kW", *rows]) + "\n")
    text = "file: mine.csv\nfitness: err\ndirection: min\nmeasure: top1_error\ntest: final\ncosts: {energy: kW}\n"
    (tmp_path / "mine.yaml").write_text(text)
    run, options = tmp_path / "run", ["--strategy", "nsga2", "strategy.objectives=[fitness,-energy]"]
    done = nas(tmp_path, *table(tmp_path / "mine.yaml", *options, "--out", str(run)))
    assert done.returncode == 0, done.stderr
    assert "validation top1 error 17.0000, test top1 error 18.0000, width=10, depth=3" in done.stderr
    trials = pd.read_csv(run / "trials.csv")
    assert (trials.valid_top1_error == -trials.fitness).all() and trials.energy.max() == 15
    assert {"fronts.png", "hypervolume.png"} <= {path.name for path in (run / "plots").iterdir()}


def test_hyperband_ends_with_a_trial_of_the_largest_budget(tmp_path: Path, description: Path) -> None:
    run = tmp_path / "run"
    options = ["--strategy", "random", "--scheduler", "hyperband", "scheduler.min_budget=1", "scheduler.max_budget=9"]
    done = nas(tmp_path, *table(description, *options, "--out", str(run), "--json"))
    assert done.returncode == 0, done.stderr
    best = json.loads(done.stdout)["best"]
    assert best["budget"] == 9 and best["valid_accuracy"] > 0.5
    assert len(pd.read_csv(run / "trials.csv")) == json.loads(done.stdout)["trials"]


def test_no_budget_of_a_scheduler_is_below_the_smallest_of_the_table(description: Path) -> None:
    description.write_text(DESCRIPTION.replace("{1: early, 9: late}", "{3: early, 9: late}"))
    given = ["space=table", f"space.description={description}", "estimator=table", "strategy=random"]
    config = load_config("search", [*given, "scheduler=hyperband"])
    strategy = make_strategy(config, make_space(config, *NO_DATA))
    assert {proposal.budget for proposal in strategy.ask()} == {3}
    lower = load_config("search", [*given, "scheduler=hyperband", "scheduler.budgets=[1,9]"])
    with pytest.raises(ConfigError, match=r"scheduler.budgets=\[1, 9\] begins below 3"):
        make_strategy(lower, make_space(lower, *NO_DATA))


def test_a_dry_run_says_how_many_candidates_there_are(tmp_path: Path, description: Path) -> None:
    done = nas(tmp_path, *table(description, "--strategy", "random", "--dry-run"))
    assert done.stdout == "space table: 32 trials, 9 candidates, without worker processes\n"


def test_a_limit_that_no_row_meets_is_one_line(tmp_path: Path, description: Path) -> None:
    done = nas(tmp_path, *table(description, "space.max_flops=63", "--out", str(tmp_path / "run")))
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert "space.max_flops=63" in line and "the cheapest has 64 FLOPs" in line
    assert not (tmp_path / "run").exists()


def test_an_objective_that_the_table_lacks_is_found_by_a_dry_run(tmp_path: Path, description: Path) -> None:
    done = nas(tmp_path, *table(description, "estimator.objective=top5", "--dry-run"))
    assert done.returncode == 2
    assert "top5" in done.stderr and "top1" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (["--space", "dense", "--dataset", "boston"], "add --estimator forward"),
        (["--estimator", "forward"], "add --space dense"),
        (["--model", "resnet20"], "--space hyperparameters"),
    ],
)
def test_choices_that_do_not_fit_say_what_does(tmp_path: Path, arguments: list[str], advice: str) -> None:
    done = nas(tmp_path, *arguments, "--dry-run")
    assert done.returncode == 2
    assert [line for line in done.stderr.splitlines() if advice in line and line.startswith("Error: ")], done.stderr
