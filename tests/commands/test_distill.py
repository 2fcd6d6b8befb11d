"""`nas distill` from the outside."""

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
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("distill") / "teacher"
    done = nas("train", "--model", "lenet_300_100", *TINY, "--out", str(run))
    assert done.returncode == 0, done.stderr
    return run


def test_a_distillation_compares_teachers_and_student(teacher: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    both = f"{teacher},{teacher / 'best' / 'model.keras'}"
    words = ["--teacher", both, "--student", "hinton_small_student", *TINY, "distill.weights=[2,1]", "--out", str(run)]
    done = nas("distill", *words, "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["command"] == "distill"
    block = summary["distill"]
    assert [round(row["share"], 3) for row in block["teachers"]] == [0.667, 0.333]
    assert block["cached"] is True
    assert 0 <= block["agreement"]["test"] <= 1
    assert block["teachers"][0]["params"] > summary["best"]["params"]
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Teacher and student" in page and "teachers together" in page
    assert not (run / "checkpoints").exists()


def test_without_soft_targets_it_is_nas_train_bit_for_bit(teacher: Path, tmp_path: Path) -> None:
    from keras.saving import load_model

    plain, taught = tmp_path / "plain", tmp_path / "taught"
    assert nas("train", "--model", "hinton_small_student", *TINY, "--out", str(plain)).returncode == 0
    words = ["--teacher", str(teacher), "--student", "hinton_small_student", "distill.lambda_soft=0"]
    assert nas("distill", *words, *TINY, "--out", str(taught)).returncode == 0
    first, second = (load_model(run / "best" / "model.keras").get_weights() for run in (plain, taught))
    assert all((one == other).all() for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no teacher is given"),
        (["--teacher", "missing.keras"], "no teacher at missing.keras"),
        (["--teacher", "TEACHER", "distill.temperature=0"], "distill.temperature must be in (0, inf)"),
        (["--teacher", "TEACHER", "distill.temperature=-1"], "distill.temperature must be in (0, inf)"),
        (["--teacher", "TEACHER", "distill.weights=[1,2]"], "has 2 numbers, but the number of teachers is 1"),
        (["--teacher", "TEACHER", "--dataset", "synthetic"], "the same classes"),
        (["--teacher", "TEACHER", "dataset.resolution=14"], "takes inputs of shape (28, 28, 1)"),
        (["--student", "self"], "--student self needs --teacher"),
        (["--teacher", "TEACHER", "--dataset", "boston"], "no classes"),
    ],
)
def test_what_cannot_be_is_one_line_before_anything_is_written(
    teacher: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    words = [str(teacher) if word == "TEACHER" else word for word in arguments]
    done = nas("distill", *words, "--dry-run", "--out", str(tmp_path / "run"))
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert done.returncode in (1, 2), done.stderr
    assert len(errors) == 1 and message in errors[0], done.stderr
    assert not (tmp_path / "run").exists()
