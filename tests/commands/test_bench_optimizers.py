"""`nas bench --mode optimizers` from the outside."""

import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner

from nas_cli.cli import cli
from nas_cli.config import load_config


def dry(*arguments: str) -> Any:
    return CliRunner().invoke(cli, ["bench", "--mode", "optimizers", "--dry-run", *arguments], prog_name="nas")


def test_a_dry_run_says_what_would_be_trained_and_loads_no_tensorflow() -> None:
    code = (
        "import sys; from nas_cli.cli import cli\n"
        "try: cli(['bench', '--mode', 'optimizers', '--dry-run', 'bench.seeds=3'], prog_name='nas')\n"
        "except SystemExit as end: assert not end.code\n"
        "assert not {'tensorflow', 'keras', 'horovod'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # 7 optimizers: 3 seeds in 2 protocols, 5 rates each.
    assert "77 trainings, estimated time" in done.stdout
    assert "adam 0.0001 0.0003 0.001 0.003 0.01" in done.stdout


def test_the_model_of_this_mode_is_the_one_that_is_trained() -> None:
    done = dry("--model", "lenet_300_100", "bench.protocol=shared")
    assert done.exit_code == 0, done.output
    assert "lenet_300_100: 0.5 MFLOPs" in done.output and "tuned" not in done.output


@pytest.mark.parametrize(("arguments", "said"), [
    (["bench.optimizers=[adam,adma]"], "bench.optimizers[1] must be one of"),
    (["bench.optimizers=[]"], "bench.optimizers is empty"),
    (["bench.protocol=each"], "bench.protocol must be one of"),
    (["bench.seeds=0"], "bench.seeds must be in [1, 1000], got 0."),
    (["bench.batch_sizes=[100000]"], "batch size 100000 is more than the 8,000 training examples"),
    (["bench.initializers=[zero]"], "bench.initializers[0] must be one of"),
    (["bench.initializers=[he_normal]", "bench.vary=lion"], "bench.vary=lion must be one of bench.optimizers"),
    (["--model", "papr3_cnn"], "Did you mean 'paper3_cnn'?"),
    (["--dataset", "boston"], "has no classes"),
])  # fmt: skip
def test_wrong_input_is_told_in_one_line(arguments: list[str], said: str) -> None:
    done = dry(*arguments)
    assert done.exit_code == 2, done.output
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("Error: ") and said in line


@pytest.mark.parametrize("name", ["shared", "tuned"])
def test_the_reduced_experiments_are_of_the_size_that_is_asked_for(name: str) -> None:
    config = load_config("bench", [f"experiment=bench_optimizers_{name}"])
    assert (config.mode, config.bench.protocol, config.dataset.name) == ("optimizers", name, "cifar10")
    assert config.dataset.train_size >= 10_000 and config.training.epochs >= 20 and config.bench.seeds >= 2
    assert {"sgd", "momentum", "nesterov", "rmsprop", "adam", "adagrad", "nadam"} <= set(config.bench.optimizers)
