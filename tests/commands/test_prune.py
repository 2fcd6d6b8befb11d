"""`nas prune` from the outside."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from click.testing import CliRunner

from nas_cli.cli import cli
from nas_cli.commands.smaller import say
from nas_cli.costs.keras_cost import model_cost
from nas_cli.runs.folder import RunFolder

NAS = [sys.executable, "-m", "nas_cli"]
TINY = ["dataset.train_size=200", "dataset.valid_size=50", "dataset.test_size=50", "training.epochs=1",
        "prune.fine_tune=1", "deterministic=true"]  # fmt: skip
layers = keras.layers


def nas(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*NAS, "prune", *arguments], capture_output=True, text=True, check=False)


def dry(*arguments: str) -> Any:
    """A dry run in this process: composes, checks and examines the model as a run does before its first event."""
    return CliRunner().invoke(cli, ["prune", "--dry-run", *TINY, *arguments], prog_name="nas")


@pytest.fixture(scope="module")
def pruned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("prune") / "run"
    done = nas("--model", "paper3_cnn", "prune.criterion=taylor", "prune.granularity=filter", "prune.sparsity=0.5",
               "prune.rounds=2", "training.teacher=self", *TINY, "--out", str(run), "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads((run / "summary.json").read_text())
    return run


def test_a_run_leaves_a_smaller_network_tables_and_a_report(pruned: Path) -> None:
    summary = json.loads((pruned / "summary.json").read_text())
    before, after = summary["prune"]["before"], summary["prune"]["after"]
    model = keras.saving.load_model(pruned / "best" / "model.keras", compile=False)
    assert model_cost(model).flops == after["flops"] < before["flops"]
    last = summary["prune"]["rounds"][-1]
    assert last["left"] == last["total"] / 2
    assert (pruned / "rounds.csv").read_text().startswith("arm,round,sparsity,left,total,")
    page = (pruned / "report.html").read_text(encoding="utf-8")
    assert "paper3_cnn" in page and "taught by the trained network before anything was removed" in page
    assert summary["prune"]["teacher"]["temperature"] == 4.0


@pytest.mark.slow
def test_killed_in_a_round_and_resumed_a_run_ends_with_the_same_masks(pruned: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = [*NAS, "prune", "--model", str(pruned), "prune.rounds=2", *TINY, "--out"]
    done = subprocess.run([*command, str(tmp_path / "whole")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with subprocess.Popen([*command, str(run)], stderr=subprocess.DEVNULL) as process:
        journal = run / "journal.jsonl"
        while process.poll() is None and not (journal.exists() and '"pruned"' in journal.read_text()):
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    assert nas("--resume", str(run)).returncode == 0
    found = [json.loads(line) for line in journal.read_text().splitlines()]
    whole = [json.loads(line) for line in (tmp_path / "whole" / "journal.jsonl").read_text().splitlines()]
    digests = [[event["digest"] for event in events if event["event"] == "pruned"] for events in (found, whole)]
    assert digests[0] == digests[1] and len(digests[0]) == 2
    kernels = [keras.saving.load_model(path / "best" / "model.keras", compile=False).get_weights()
               for path in (run, tmp_path / "whole")]  # fmt: skip
    assert all(np.array_equal(one, other) for one, other in zip(*kernels, strict=True))


def test_a_dry_run_says_cost_time_and_what_can_be_removed() -> None:
    done = dry("--model", "lenet_300_100", "prune.rounds=2", "loop.scan=true", "loop.baseline=true")
    assert done.exit_code == 0, done.output
    assert "estimated time" in done.output
    assert "at most train 1, tune-1 1, tune-2 1, baseline 3 epochs and a scan of every layer" in done.output
    assert "266,200 weights in 3 layers can be removed" in done.output


def test_a_dry_run_names_the_teacher() -> None:
    asked = "teacher: the trained network before anything is removed, asked "
    model = ("--model", "lenet_300_100", "training.teacher=self")
    assert asked + "once" in dry(*model).output
    assert asked + "in every step" in dry(*model, "--augmentation", "jitter").output
    assert "this is plain training" in dry(*model, "distill.lambda_soft=0").output
    assert "teacher" not in dry(*model[:2]).output


@pytest.mark.parametrize("group", ["default", "filters", "lottery_ticket", "rigl", "tfmot"])
def test_every_group_of_settings_can_be_run(group: str) -> None:
    model = "paper3_cnn" if group == "filters" else "lenet_300_100"
    done = dry("--model", model, "--prune", group)
    assert done.exit_code == 0, done.output
    assert "can be removed" in done.output


def test_a_network_that_was_deleted_is_not_named_as_if_it_were_there(tmp_path: Path) -> None:
    run, lines = RunFolder(tmp_path), list[str]()
    say([], run, SimpleNamespace(note=lines.append))
    run.best.mkdir()
    (run.best / "model.keras").touch()
    say([], run, SimpleNamespace(note=lines.append))
    assert [line.removeprefix(f"network: {run.best}/") for line in lines[::2]] == [
        "model.keras is gone; only a new run makes it",
        "model.keras",
    ]


def save(model: keras.Model, file: Path) -> str:
    model.save(file)
    return str(file)


def chain(*middle: Any, shape: tuple[int, ...] = (28, 28, 1)) -> keras.Model:
    return keras.Sequential([layers.Input(shape), *middle, layers.Flatten(), layers.Dense(10, dtype="float32")])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["prune.sparsity=1.0"], "prune.sparsity must be in [0, 1), got 1.0"),
        (["prune.sparsity=-0.5"], "prune.sparsity must be in [0, 1), got -0.5"),
        (["prune.include=[dense_9]"], "names 'dense_9', which is no layer that can be pruned"),
        (["prune.target=flops"], "needs prune.reduction"),
        (["prune.criterion=tailor"], "Did you mean 'taylor'?"),
        (["prune.granularity=filter"], "there is nothing to prune with prune.granularity=filter"),
        (["prune.rewind=init", "prune.train_first=0"], "prune.rewind=init needs prune.train_first"),
        (["loop.scan_points=[0.5,0.2]"], "loop.scan_points must be a list of rising shares"),
        (["--prune", "rigl", "loop.random=true"], "loop.random=true with prune.criterion=random would prune by chance"),
        (["prune.rewind=epoch:2"], "prune.rewind=epoch:2 is behind the 1 epoch(s) before the first round"),
        (["--model", "lenet_300"], "is neither a known network nor a path that exists"),
        (["training.teacher=self", "prune.train_first=0"], "training.teacher=self needs a trained network"),
        (["training.teacher=self", "--prune", "tfmot"], "prune.engine=tfmot learns of labels alone"),
        (["training.teacher=self", "distill.inputs=unit"], "distill.inputs=unit with training.teacher=self"),
        (["training.teacher=self", "--dataset", "boston"], "boston has no classes"),
        (["training.teacher=resnet20"], "training.teacher must be one of self, got 'resnet20'"),
    ],
)
def test_wrong_input_is_one_line(arguments: list[str], message: str) -> None:
    model = [] if "--model" in arguments else ["--model", "lenet_300_100"]
    check(dry(*model, *arguments), message)


def test_a_model_of_other_inputs_than_the_data_is_one_line(tmp_path: Path) -> None:
    check(dry("--model", save(chain(shape=(8, 8, 1)), tmp_path / "my.keras")), "the data set needs (28, 28, 1)")


def test_a_layer_that_tfmot_does_not_know_is_named(tmp_path: Path) -> None:
    file = save(chain(layers.Flatten(), layers.RMSNormalization(name="norm")), tmp_path / "my.keras")
    check(dry("--model", file, "--prune", "tfmot"), "layer 'norm' (RMSNormalization) has no counterpart in tf_keras")


def check(done: Any, message: str) -> None:
    errors = [line for line in done.output.splitlines() if line.startswith("Error: ")]
    assert done.exit_code in (1, 2), done.output
    assert len(errors) == 1, done.output
    assert message in errors[0]


def test_tfmot_in_several_processes_is_refused_before_they_are_started(tmp_path: Path) -> None:
    words = ["prune", "--model", "lenet_300_100", "--prune", "tfmot", *TINY, "-np", "2", "--out", str(tmp_path / "run")]
    done = CliRunner().invoke(cli, words, prog_name="nas")
    check(done, "prune.engine=tfmot trains in one process, own in several: leave out -np")
    assert not (tmp_path / "run").exists()
