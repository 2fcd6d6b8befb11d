"""The command line as a user meets it: help without heavy imports, one-line errors, exit codes."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nas_cli.cli import COMMANDS, cli

HEAVY = ("tensorflow", "keras", "hydra", "numpy", "pandas", "matplotlib")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), prog_name="nas")


def imported_by(*arguments: str) -> list[str]:
    code = (
        "import sys\n"
        "from nas_cli.cli import cli\n"
        f"try: cli({list(arguments)!r}, prog_name='nas')\n"
        "except SystemExit as stop: code = stop.code\n"
        f"print('HEAVY', code, *[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    code_and_names = done.stdout.splitlines()[-1].split()[1:]
    assert code_and_names[0] == "0", done.stdout + done.stderr
    return code_and_names[1:]


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], *[[name, "--help"] for name in COMMANDS]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    assert imported_by(*arguments) == []


def test_dry_run_needs_no_tensorflow() -> None:
    assert not {"tensorflow", "keras"} & set(imported_by("search", "--dry-run", "--scale", "smoke"))


def test_print_config_needs_no_tensorflow() -> None:
    assert not {"tensorflow", "keras"} & set(imported_by("search", "--print-config"))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert f"nas {name}" in result.output.split("Options:")[1] or f"nas {name}" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["search", "strategy.populatoin=3"], "unknown key 'strategy.populatoin'. Did you mean 'strategy.population'?"),
        (["search", "strategy.population=many"], "strategy.population must be a whole number, got 'many'"),
        (["search", "strategy.population=0"], "strategy.population must be in [1"),
        (["search", "training.batch_size=-3"], "training.batch_size must be in [1, inf), got -3"),
        (["search", "dataset=cifar11"], "unknown dataset 'cifar11'. Did you mean 'cifar10'?"),
        (["search", "training.loss=entropy"], "unknown training.loss 'entropy'."),
        (["search", "verbose"], "'verbose' is not an override; write key=value"),
        (["search", "seed=[1"], "cannot read 'seed=[1'"),
        (["search", "space.max_flops=10", "--dry-run"], "respects space.max_flops=10"),
        (["search", "--sweep", "seed=1"], "--sweep needs a key with several values"),
        (["search", "--sweep", "strategy=glob(*)"], "an override cannot be read"),
        (["search", "estimator.train_size=5", "--dry-run"], "estimator.train_size is 5, must be at least 10"),
        (["search", "seed=5000000000"], "seed must be in [0, 4.29497e+09]"),
        (["search", "strategy.initial_population=/does/not/exist", "--dry-run"], "/does/not/exist"),
        (["search", "--dataset", "boston", "--dry-run"], "images"),
        (["search", "seed=0,1"], "add --sweep to run each"),
        (["search", "strategy={a:1}"], "is a group: choose one by name"),
        (["search", "+x=1"], "only known keys can be set"),
    ],
)
def test_a_wrong_configuration_is_one_line_and_exit_2(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    lines = result.stderr.strip().splitlines()
    assert result.exit_code == 2, result.output
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("Error: ")
    assert message in lines[0]


def test_a_group_given_both_ways_is_refused() -> None:
    result = run("search", "--dataset", "cifar10", "dataset=mnist")
    assert result.exit_code == 2
    assert "--dataset cifar10 and dataset=mnist name the same group" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["search", "--dataset", "cifar11"], "Did you mean 'cifar10'? Known: boston"),
        (["search", "--epochs", "3"], "No such option"),
        (["serach"], "No such command 'serach'. Did you mean 'search'?; see `nas --help`"),
        (["search", "seed=1", "seed=2"], "seed is given twice"),
        (["search", "--resume", "x", "--dry-run"], "--resume and --dry-run exclude each other"),
        (["data", "fetch", "cifar11"], "cifar10"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr


def test_the_help_fits_a_narrow_terminal() -> None:
    page = CliRunner().invoke(cli, ["--help"], terminal_width=80).output
    assert [line for line in page.splitlines() if len(line) > 80] == []


def test_a_system_error_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise PermissionError(13, "Permission denied", "/data")

    monkeypatch.setattr("nas_cli.data.inventory.list_datasets", refuse)
    result = run("data", "list")
    assert result.exit_code == 1
    assert result.stderr == "Error: Permission denied: /data\n"


@pytest.mark.parametrize("what", ["missing", "empty"])
def test_resuming_what_is_no_run_is_one_line(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "run"
    if what == "empty":
        folder.mkdir()
    result = run("search", "--resume", str(folder))
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["nas", "search", "--debug"])
    result = run("search", "dataset=cifar11", "--debug")
    assert result.exception is not None
    assert not isinstance(result.exception, SystemExit)
