"""`nas report` on one run and on several."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from nas_cli.cli import cli
from tests.reports import journals


def runs(folder: Path) -> list[str]:
    return [str(journals.write_run(folder / str(seed), journals.point_events(seed, 5), "random")) for seed in (0, 1)]


def test_several_runs_are_compared_without_touching_them(tmp_path: Path) -> None:
    folders = runs(tmp_path)
    done = CliRunner().invoke(cli, ["report", *folders, "--comparison-only", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "comparison.html").exists()
    assert not (Path(folders[0]) / "report.html").exists()


@pytest.mark.parametrize("option", [["--objectives", "fitness,-flops"], ["--comparison-only"], ["--reference", "0,1"]])
def test_options_of_a_comparison_need_several_runs(option: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["report", runs(tmp_path)[0], *option])
    assert done.exit_code == 2
    assert "for comparing several runs" in done.output
