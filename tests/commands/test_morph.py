"""`nas morph` from the outside."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import keras
import pytest
from click.testing import CliRunner

from nas_cli.cli import cli
from nas_cli.costs.keras_cost import model_cost
from nas_cli.reports.measure import finite

NAS = [sys.executable, "-m", "nas_cli"]
TINY = ["dataset.train_size=200", "dataset.valid_size=50", "dataset.test_size=50", "training.epochs=1",
        "morph.epochs=1", "deterministic=true"]  # fmt: skip
layers = keras.layers


def nas(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*NAS, "morph", *arguments], capture_output=True, text=True, check=False)


def dry(*arguments: str) -> Any:
    """A dry run in this process: composes, checks and examines the model as a run does before its first event."""
    return CliRunner().invoke(cli, ["morph", "--dry-run", *TINY, *arguments], prog_name="nas")


@pytest.fixture(scope="module")
def shrunk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("morph") / "run"
    done = nas("--model", "paper3_cnn", "morph.reduction=0.5", *TINY, "--out", str(run), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads((run / "summary.json").read_text())
    return run


def test_a_run_leaves_a_smaller_network_a_table_of_layers_and_a_report(shrunk: Path) -> None:
    summary = json.loads((shrunk / "summary.json").read_text())
    before, after = summary["morph"]["before"], summary["morph"]["after"]
    model = keras.saving.load_model(shrunk / "best" / "model.keras", compile=False)
    assert model_cost(model).flops == after["flops"] <= 0.5 * before["flops"]
    architecture = json.loads((shrunk / "best" / "architecture.json").read_text())
    assert architecture == summary["best"]["architecture"]
    assert all(finite(side["ms_per_image"]["batch_1"]) for side in (before, after))
    assert (shrunk / "layers.csv").read_text().startswith("name,kind,channels_before,channels_after,")
    assert "paper3_cnn" in (shrunk / "report.html").read_text(encoding="utf-8")


def test_the_smaller_network_can_be_shrunk_again_with_its_weights(shrunk: Path, tmp_path: Path) -> None:
    run = tmp_path / "again"
    done = nas("--model", str(shrunk), "morph.reduction=0.2", "morph.target=latency", "loop.retrain=none", *TINY,
               "--out", str(run))  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, again = (json.loads((path / "summary.json").read_text()) for path in (shrunk, run))
    assert again["morph"]["before"]["flops"] == first["morph"]["after"]["flops"]
    assert again["morph"]["before"]["weights"] == "given"
    device = json.loads((run / "journal.jsonl").read_text().splitlines()[0])["device"]
    assert device["name"] == "this_machine" and device["peak_flops"] > 0 and device["bandwidth"] > 0
    assert again["morph"]["before"]["valid_accuracy"] == first["best"]["valid_accuracy"]


def test_ctrl_c_ends_with_130_and_the_run_goes_on_with_resume(tmp_path: Path) -> None:
    run, said = tmp_path / "run", tmp_path / "said.txt"
    command = [*NAS, "morph", "--model", "lenet_300_100", "morph.reduction=0.5", *TINY[:3], "deterministic=true",
               "morph.epochs=1", "training.epochs=100", "--out", str(run)]  # fmt: skip
    with said.open("w") as file, subprocess.Popen(command, stderr=file) as process:
        journal = run / "journal.jsonl"
        while process.poll() is None and not (journal.exists() and '"epoch"' in journal.read_text()):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
    assert process.returncode == 130, said.read_text()
    assert f"nas morph --resume {run}" in said.read_text()
    assert json.loads((run / "summary.json").read_text())["status"] == "interrupted"
    done = nas("--resume", str(run))
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in journal.read_text().splitlines()]
    epochs = [event["epoch"] for event in events if event["event"] == "epoch" and event["name"] == "retrain"]
    assert epochs == [float(number) for number in range(1, 101)]


def test_a_dry_run_says_cost_time_and_what_can_be_removed() -> None:
    done = dry("--model", "lenet_300_100", "loop.train_first=2")
    assert done.exit_code == 0, done.output
    assert "estimated time" in done.output
    assert "train 2, shrink-1 1, retrain 1 epochs" in done.output
    assert "400 channels in 2 groups can be removed" in done.output


def save(model: keras.Model, file: Path) -> str:
    model.save(file)
    return str(file)


def chain(*middle: Any, classes: int = 10, shape: tuple[int, ...] = (28, 28, 1)) -> keras.Model:
    return keras.Sequential([layers.Input(shape), *middle, layers.Flatten(), layers.Dense(classes, dtype="float32")])


class Subclassed(keras.Model):
    """A model whose layers only its own code knows."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.flat, self.dense = layers.Flatten(), layers.Dense(10)

    def call(self, x: Any) -> Any:
        return self.dense(self.flat(x))


def subclassed(file: Path) -> str:
    model = Subclassed()
    model(keras.ops.zeros((1, 28, 28, 1)))
    return save(model, file)


MODELS = {
    "no channels": (lambda file: save(chain(), file), "has no channels to remove (model input; model output)"),
    "unknown layer": (
        lambda file: save(chain(layers.Reshape((28, 28)), layers.LSTM(4, name="memory")), file),
        "memory",
    ),
    "other shape": (lambda file: save(chain(layers.Conv2D(4, 3), shape=(8, 8, 1)), file), "the data set needs"),
    "other classes": (lambda file: save(chain(layers.Conv2D(4, 3), classes=3), file), "the data set needs"),
    "subclassed": (subclassed, "a class that is not part of Keras"),
    "not keras": (lambda file: str(file) if file.write_text("text") else "", "not a Keras model"),
}


@pytest.mark.parametrize("kind", MODELS)
def test_a_model_that_cannot_be_shrunk_is_one_line(kind: str, tmp_path: Path) -> None:
    make, message = MODELS[kind]
    done = dry("--model", make(tmp_path / "my.keras"))
    errors = [line for line in done.output.splitlines() if line.startswith("Error: ")]
    assert done.exit_code in (1, 2), done.output
    assert len(errors) == 1, done.output
    assert message in errors[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["morph.reduction=1.5"], "morph.reduction must be in (0, 1), got 1.5"),
        (["morph.reduction=0"], "morph.reduction must be in (0, 1), got 0"),
        (["--model", "paper3_cnn", "morph.reduction=0.999", "morph.round_to=16"], "morph.round_to=16 at most 9"),
        (["morph.target=flop"], "Did you mean 'flops'?"),
        (["morph.target=latency", "morph.device=tpu9"], "unknown device 'tpu9'"),
        (["loop.retrain=again"], "must be one of scratch, surviving, none"),
        (["--model", "resnet21"], "Did you mean 'resnet20'?"),
        (["--model", "paper3_cnn", "model.keep_weights=true"], "no weights to keep"),
    ],
)
def test_a_wrong_value_is_one_line_with_exit_code_2(arguments: list[str], message: str) -> None:
    done = dry(*arguments)
    assert done.exit_code == 2, done.output
    (error,) = [line for line in done.output.splitlines() if line.startswith("Error: ")]
    assert message in error
