"""`nas train` from the outside."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

NAS = [sys.executable, "-m", "nas_cli"]
TINY = ["dataset.train_size=200", "dataset.valid_size=50", "dataset.test_size=50", "training.epochs=2",
        "deterministic=true"]  # fmt: skip


def nas(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*NAS, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("train") / "run"
    done = nas("train", "--model", "lenet_300_100", *TINY, "--out", str(run))
    assert done.returncode == 0, done.stderr
    return run


def test_a_training_leaves_model_curves_and_report(trained: Path) -> None:
    summary = json.loads((trained / "summary.json").read_text())
    assert summary["status"] == "completed"
    assert summary["training"]["epochs"] == 2
    assert 0 <= summary["best"]["test_accuracy"] <= 1
    assert (trained / "best" / "model.keras").exists()
    start = json.loads((trained / "journal.jsonl").read_text().splitlines()[0])
    assert start["precision"] == "float32"
    assert "lenet_300_100" in (trained / "report.html").read_text(encoding="utf-8")


def test_training_continues_from_the_weights_of_a_run(trained: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = nas("train", "--model", str(trained), "model.keep_weights=true", *TINY, "--out", str(run), "--json")
    assert done.returncode == 0, done.stderr
    first = json.loads((trained / "journal.jsonl").read_text().splitlines()[1])
    again = json.loads((run / "journal.jsonl").read_text().splitlines()[1])
    assert first["event"] == again["event"] == "epoch"
    assert again["train_loss"] < first["train_loss"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "resnet21"], "Did you mean 'resnet20'?"),
        (["--model", "missing.keras"], "missing.keras"),
        (["--model", "lenet_300_100", "model.keep_weights=true"], "no weights to keep"),
    ],
)
def test_a_wrong_model_is_one_line(tmp_path: Path, arguments: list[str], message: str) -> None:
    run = tmp_path / "run"
    done = nas("train", *arguments, *TINY, "--out", str(run))
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert done.returncode in (1, 2), done.stderr
    assert len(errors) == 1
    assert message in errors[0]
    assert "Traceback" not in done.stderr
    assert not run.exists()
