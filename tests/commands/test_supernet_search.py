"""`nas search` with strategies that train a supernet, from the outside."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from nas_cli.build import NO_DATA, make_space, make_strategy, planned_randoms, planned_trials
from nas_cli.config import load_config
from nas_cli.errors import ConfigError

NAS = [sys.executable, "-m", "nas_cli"]
TINY = [
    "--space", "nasbench201", "space.channels=2", "space.cells=1",
    "dataset.train_size=64", "dataset.valid_size=32", "dataset.test_size=32", "training.epochs=1",
    "strategy.epochs=3", "strategy.searches=1", "strategy.batch_size=16", "strategy.random=1", "resources.workers=1",
    "deterministic=true",
]  # fmt: skip
DARTS = ["search", "--strategy", "darts", *TINY]


def nas(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*NAS, *arguments], capture_output=True, text=True, check=False)


def events(run: Path) -> list[dict[str, Any]]:
    journal = run / "journal.jsonl"
    if not journal.exists():
        return []
    return [json.loads(line) for line in journal.read_text().splitlines() if line.endswith("}")]


def found(run: Path) -> Any:
    """What a search has computed, without times."""
    structures = [[e["gamma"], e["genotype"], e["valid_loss"]] for e in events(run) if e["event"] == "structure"]
    trials = [[e["origin"], e["fitness"]] for e in events(run) if e["event"] == "trial"]
    return structures, trials, [e["metrics"]["test_accuracy"] for e in events(run) if e["event"] == "test"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    run = tmp_path_factory.mktemp("darts") / "run"
    done = nas(*DARTS, "--out", str(run))
    assert done.returncode == 0, done.stderr
    return run, done


def test_the_derived_network_is_trained_beside_a_random_one(
    whole: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    run, done = whole
    start = events(run)[0]
    assert start["supernet"]["edges"] == [[0, 1], [0, 2], [1, 2], [0, 3], [1, 3], [2, 3]]
    assert [event["epoch"] for event in events(run) if event["event"] == "structure"] == [1, 2, 3]
    assert [event["origin"]["kind"] for event in events(run) if event["event"] == "trial"] == ["derived", "random"]
    summary = json.loads((run / "summary.json").read_text())
    assert summary["status"] == "completed"
    assert summary["structure"]["random"] == 1
    assert len(summary["structure"]["searches"]) == 1
    assert "supernet 0 epoch 3/3" in done.stderr
    assert "an epoch of the supernet takes" in done.stderr
    assert not (run / "checkpoints").exists()


def test_interrupted_while_the_supernet_trains_it_goes_on_to_the_same_end(
    tmp_path: Path, whole: tuple[Path, subprocess.CompletedProcess[str]]
) -> None:
    run = tmp_path / "run"
    process = subprocess.Popen([*NAS, *DARTS, "--out", str(run)], stderr=subprocess.PIPE, text=True)
    limit = time.monotonic() + 300
    while not any(event["event"] == "structure" for event in events(run)):
        assert process.poll() is None and time.monotonic() < limit
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    stderr = process.communicate(timeout=120)[1]
    assert process.returncode == 130
    assert f"nas search --resume {run}" in stderr
    again = nas("search", "--resume", str(run))
    assert again.returncode == 0, again.stderr
    assert found(run) == found(whole[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--space", "chain"], "needs a space with a supernet (cell, nasbench201, dag), got space=chain"),
        (["--space", "cell", "strategy.relevance.name=ard"], "needs space=dag"),
        (["--space", "cell", "strategy.batch_size=100000"], "take a batch of at most"),
        (["--space", "cell", "strategy.order=2", "strategy.weights.optimizer=adam"], "weights.optimizer=momentum"),
        (["--space", "dag", "strategy.path_dropout=0.1"], "space dag has none"),
        (["--space", "dag", "space.image_operations=[identity,conv_1x1]"], "set strategy.incoming=null"),
        (["--space", "cell", "--scheduler", "hyperband"], "use --scheduler none"),
    ],
)
def test_wrong_combinations_get_one_line_before_anything_starts(arguments: list[str], message: str) -> None:
    done = nas("search", "--strategy", "darts", *arguments, "--dry-run")
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "given",
    ["estimator.reuse=true", "estimator.stop_early=true", "estimator.filter.proxy=synflow", "estimator=inherit"],
)
def test_what_goes_by_an_earlier_generation_is_refused_where_there_is_none(given: str) -> None:
    config = load_config("search", ["strategy=one_shot", "space=nasbench201", given])
    with pytest.raises(ConfigError, match="goes by networks of an earlier generation, strategy=one_shot trains all"):
        make_strategy(config, make_space(config, *NO_DATA))


def test_a_dry_run_tells_size_memory_and_what_as_much_computation_would_train() -> None:
    done = nas(*DARTS, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "supernet: " in done.stderr + done.stdout
    assert "as much computation as" in done.stderr + done.stdout
    assert planned_trials(load_config("search", ["strategy=darts", "space=nasbench201", "strategy.random=3"])) == 5


def test_random_networks_cost_what_they_compute_beside_a_supernet() -> None:
    """Fewer trainings are paid for where one takes longer: several folds; more where it sees fewer examples."""
    words = ["strategy=darts", "space=nasbench201", "strategy.generations=100"]
    once, folds, fewer = (
        planned_randoms(load_config("search", [*words, *more]))
        for more in ([], ["estimator=cross_validation", "estimator.folds=3"], ["estimator.train_size=1500"])
    )
    assert folds == pytest.approx(once / 3, abs=1)
    assert fewer == pytest.approx(4 * once, abs=4)


@pytest.mark.slow
@pytest.mark.horovod
def test_two_processes_train_the_supernet_together(tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = nas(
        *(word for word in DARTS if word != "strategy.random=1"), "strategy.random=3", "-np", "2", "--out", str(run)
    )
    assert done.returncode == 0, done.stderr
    assert len([event for event in events(run) if event["event"] == "structure"]) == 3
    trials = [event for event in events(run) if event["event"] == "trial"]
    assert len(trials) == 4 and all(event["status"] == "ok" for event in trials)
    assert {event["worker"] for event in trials} <= {0, 1}
