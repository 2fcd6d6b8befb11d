"""`nas quantize` from the outside."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nas_cli.cli import cli
from tests.quantize.nets import network

DATA = ["--dataset", "synthetic", "dataset.shape=[8,8,1]", "dataset.examples=400", "dataset.classes=3"]


def nas(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nas_cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def dry(*arguments: str) -> Any:
    return CliRunner().invoke(cli, ["quantize", "--dry-run", *arguments], prog_name="nas")


def test_a_run_of_a_run_has_both_steps_in_its_table_and_report(tmp_path: Path) -> None:
    trained, run = tmp_path / "trained", tmp_path / "run"
    done = nas("train", "--model", "lenet_300_100", *DATA, "training.epochs=1", "--out", str(trained))
    assert done.returncode == 0, done.stderr
    done = nas("quantize", "--model", str(trained), *DATA, "quantize.methods=[float16,int8]", "quantize.repeats=3",
               "--out", str(run), "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary == json.loads((run / "summary.json").read_text())
    steps = summary["quantize"]["chain"]
    assert [row["step"] for row in steps][0] == "nas train" and len(steps) == 2
    before = json.loads((trained / "summary.json").read_text())["best"]
    assert steps[0]["params"] == before["params"]
    assert steps[0]["test_accuracy"] == pytest.approx(before["test_accuracy"], abs=0.05)
    assert "chosen: " in done.stderr and "nas train" in done.stderr
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "float16" in page and "nas quantize: " in page
    table = (run / "methods.csv").read_text().splitlines()
    assert table[0].startswith("name,file,valid,test,agreement") and len(table) == 4
    # TensorFlow's lines about its converter belong to nobody.
    assert not [line for line in done.stderr.splitlines() if "tf_tfl" in line or "XNNPACK" in line]


def test_a_dry_run_says_what_would_be_done() -> None:
    done = dry("--model", "lenet_300_100", "quantize.methods=[int8,qat]")
    assert done.exit_code == 0, done.output
    assert "methods int8, qat" in done.output and "2 epochs of training" in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["quantize.method=int9"], "quantize.method must be one of"),
        (["quantize.methods=[int8,flot16]"], "Did you mean 'float16'?"),
        (["quantize.methods=[]"], "quantize.methods must be null or a list of different methods"),
        (["quantize.methods=[int8,int8]"], "quantize.methods must be null or a list of different methods"),
        (["quantize.calibration=0"], "quantize.calibration must be in [10, inf), got 0"),
        (["quantize.calibration=500", *DATA], "quantize.calibration=500 examples, but the training split has 320"),
        (["--model", "resnet21"], "Did you mean 'resnet20'?"),
        (["--model", "nowhere.keras"], "neither a known network nor a path that exists"),
    ],
)
def test_a_wrong_value_is_one_line_with_exit_code_2(arguments: list[str], message: str) -> None:
    done = dry(*arguments)
    assert done.exit_code == 2, done.output
    (error,) = [line for line in done.output.splitlines() if line.startswith("Error: ")]
    assert message in error


def test_a_network_of_other_inputs_is_one_line(tmp_path: Path) -> None:
    network().save(tmp_path / "my.keras")
    done = CliRunner().invoke(
        cli, ["quantize", "--model", str(tmp_path / "my.keras"), *DATA[:2], "dataset.shape=[9,9,1]", *DATA[3:],
              "--out", str(tmp_path / "run")], prog_name="nas",
    )  # fmt: skip
    assert done.exit_code == 2, done.output
    (error,) = [line for line in done.output.splitlines() if line.startswith("Error: ")]
    assert "takes (8, 8, 1)" in error and "the data set needs (9, 9, 1)" in error
    assert not (tmp_path / "run").exists()
