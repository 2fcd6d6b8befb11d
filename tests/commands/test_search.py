"""`nas search` from the outside: real processes, real training, tiny budgets."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

NAS = [sys.executable, "-m", "nas_cli"]
TINY = [
    "dataset.train_size=100",
    "dataset.valid_size=50",
    "dataset.test_size=50",
    "training.epochs=1",
    "strategy.generations=2",
    "strategy.population=3",
    "space.max_flops=5e6",
    "deterministic=true",
]
TIMES = ["train_seconds", "evaluation_seconds", "compress_seconds", "cpu_seconds", "seconds"]


def nas(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*NAS, *arguments], capture_output=True, text=True, check=False)


def trials(run: Path) -> pd.DataFrame:
    return pd.read_csv(run / "trials.csv").drop(columns=TIMES)


@pytest.fixture(scope="module")
def one_worker(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    run = tmp_path_factory.mktemp("search") / "run"
    done = nas("search", *TINY, "resources.workers=1", "--out", str(run), "--json")
    assert done.returncode == 0, done.stderr
    return run, done


def test_json_is_the_summary_and_nothing_else(one_worker: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    run, done = one_worker
    summary = json.loads(done.stdout)
    assert summary == json.loads((run / "summary.json").read_text())
    assert summary["status"] == "completed"
    assert summary["trials"] == 6
    assert f"(compilation {summary['search']['compile_seconds']:.1f} s counted as training)" in done.stderr
    assert 0 <= summary["best"]["test_accuracy"] <= 1


def test_a_finished_run_holds_what_the_readme_promises(
    one_worker: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    run, _ = one_worker
    names = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    promised = {"config.yaml", "environment.json", "journal.jsonl", "trials.csv", "summary.json", "report.html",
                "log.txt", "population.json", "best/architecture.json", "best/model.keras"}  # fmt: skip
    assert promised <= names
    assert any(name.startswith("plots/") for name in names)
    assert not (run / "data").exists()
    assert not (run / "models").exists()


def test_the_result_does_not_depend_on_the_number_of_workers(
    one_worker: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    run, _ = one_worker
    other = tmp_path / "two"
    assert nas("search", *TINY, "resources.workers=2", "--out", str(other)).returncode == 0
    pd.testing.assert_frame_equal(trials(run), trials(other), check_exact=True)


def test_resuming_a_complete_run_changes_nothing(
    one_worker: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    run, done = one_worker
    journal = (run / "journal.jsonl").read_bytes()
    again = nas("search", "--resume", str(run), "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout) == json.loads(done.stdout)
    assert (run / "journal.jsonl").read_bytes() == journal


def test_resuming_a_complete_run_says_that_its_network_was_deleted(
    one_worker: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    run = shutil.copytree(one_worker[0], tmp_path / "run")
    (run / "best" / "model.keras").unlink()
    again = nas("search", "--resume", str(run))
    assert again.returncode == 0, again.stderr
    assert "its best network is gone from best/; only a new search makes it" in again.stderr


def test_resuming_with_another_configuration_is_refused(
    one_worker: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    refused = nas("search", "--resume", str(one_worker[0]), "training.epochs=2")
    assert refused.returncode == 1
    assert "was made with training.epochs=1, not 2" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_an_existing_run_folder_is_not_touched(one_worker: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    run, _ = one_worker
    before = (run / "journal.jsonl").read_bytes()
    refused = nas("search", *TINY, "--out", str(run))
    assert refused.returncode == 1
    assert "already holds a run" in refused.stderr
    assert (run / "journal.jsonl").read_bytes() == before


def test_ctrl_c_stops_cleanly_and_the_run_resumes(tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = subprocess.Popen(
        [*NAS, "search", *TINY, "--out", str(run)], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    wait_for_trials(run / "journal.jsonl", 1, process)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "nas search --resume" in said
    assert "Traceback" not in said
    assert json.loads((run / "summary.json").read_text())["status"] == "interrupted"
    assert nas("search", "--resume", str(run)).returncode == 0
    assert json.loads((run / "summary.json").read_text())["status"] == "completed"


def wait_for_trials(journal: Path, wanted: int, process: subprocess.Popen[str]) -> None:
    for _ in range(1200):
        if process.poll() is not None:
            pytest.fail("the search ended before it could be interrupted")
        if journal.exists() and journal.read_text().count('"event":"trial"') >= wanted:
            return
        time.sleep(0.1)
    pytest.fail("no trial finished")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["space.max_flops=10"], 2, "space.max_flops=10"),
        (["dataset.train_size=3"], 2, "dataset.train_size is 3"),
        (["--dataset", "image_folder", "dataset.path=/does/not/exist"], 1, "/does/not/exist"),
    ],
)
def test_what_cannot_work_leaves_no_folder(tmp_path: Path, arguments: list[str], code: int, message: str) -> None:
    run = tmp_path / "run"
    done = nas("search", *arguments, "--out", str(run))
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert done.returncode == code, done.stderr
    assert len(errors) == 1
    assert message in errors[0]
    assert "Traceback" not in done.stderr
    assert not run.exists()


@pytest.mark.slow
def test_a_search_that_compresses_and_inherits_does_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    options = ["--estimator", "morph", "strategy.inheritance=modules", "estimator.reuse=true", "estimator.cache=true",
               "estimator.morph.reduction=0.4", "estimator.weights=surviving", "estimator.epochs=2"]  # fmt: skip
    frames = []
    for workers in (1, 2):
        run = tmp_path / str(workers)
        # The second run starts from what the first has saved, which is what it would draw itself.
        start = [f"strategy.initial_population={tmp_path / '1'}"] if workers == 2 else []
        done = nas("search", *TINY, *options, *start, f"resources.workers={workers}", "--out", str(run))
        assert done.returncode == 0, done.stderr
        frames.append(trials(run))
    pd.testing.assert_frame_equal(*frames, check_exact=True)
    assert (frames[0]["flops"] < frames[0]["full_flops"]).any()
    best = json.loads((tmp_path / "2" / "summary.json").read_text())["best"]
    assert json.loads((tmp_path / "2" / "best" / "architecture.json").read_text()) == best["architecture"]
    assert best["flops"] <= best["full_flops"]
