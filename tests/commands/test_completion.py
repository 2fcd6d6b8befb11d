"""What the shell offers after Tab."""

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from nas_cli.cli import cli
from tests.reports import journals


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("search-1", "train-2"):
        journals.write_run(tmp_path / "results" / "runs" / name, [])
    journals.write_run(tmp_path / "other" / "run", [])


def offered(*words: str) -> list[str]:
    complete = ShellComplete(cli, {}, "nas", "_NAS_COMPLETE")
    return [item.value for item in complete.get_completions(list(words[:-1]), words[-1])]


def test_commands_and_their_subcommands() -> None:
    assert offered("re") == ["report"]
    assert offered("runs", "") == ["compare", "list", "remove"]


def test_choices_of_group_options() -> None:
    assert offered("search", "--dataset", "cifar") == ["cifar10", "cifar100"]
    assert offered("bench", "--mode", "ps") == ["ps-sync", "ps-async"]


@pytest.mark.parametrize(
    "words",
    [("report", ""), ("search", "--resume", ""), ("runs", "remove", "res"), ("distill", "--teacher", "results/")],
)
def test_run_folders(words: tuple[str, ...]) -> None:
    assert offered(*words) == ["results/runs/search-1", "results/runs/train-2"]


def test_run_folders_elsewhere_and_networks_of_the_zoo() -> None:
    assert offered("report", "other/") == ["other/run"]
    assert offered("train", "--model", "resnet5")[0] == "resnet56"
    assert offered("train", "--model", "results/runs/t") == ["results/runs/train-2"]


def test_a_path_that_leads_to_no_run_is_left_to_the_shell() -> None:
    complete = ShellComplete(cli, {}, "nas", "_NAS_COMPLETE")
    (item,) = complete.get_completions(["report"], "nowhere/x")
    assert (item.value, item.type) == ("nowhere/x", "dir")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_help_page_names_a_line_that_gives_the_script(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert f"_NAS_COMPLETE={shell}_source nas" in CliRunner().invoke(cli, ["--help"]).output
    # Only bash is asked for its version first, which a machine may not have.
    monkeypatch.setattr("click.shell_completion.BashComplete._check_version", staticmethod(lambda: None))
    done = CliRunner().invoke(cli, [], prog_name="nas", env={"_NAS_COMPLETE": f"{shell}_source"})
    assert "_NAS_COMPLETE" in done.output


def test_the_version_comes_with_those_of_the_libraries() -> None:
    first, second = CliRunner().invoke(cli, ["--version"], prog_name="nas").output.splitlines()
    assert first.startswith("nas ")
    for name in ("Python", "TensorFlow", "Keras", "Horovod"):
        assert f"{name} " in second
