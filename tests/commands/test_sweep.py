"""--sweep: combinations, failures that do not stop the rest, and going on where it was."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.exceptions import Exit

from nas_cli.commands.request import Actions, Request
from nas_cli.commands.sweep import expand, sweep
from nas_cli.errors import ConfigError, RunError


def request(out: Path) -> Request:
    return Request(
        command="search",
        overrides=("seed=0,1,2", "training.epochs=1"),
        print_config=False,
        dry_run=False,
        out=out,
        resume=None,
        sweep=True,
        as_json=True,
    )


class Runs:
    """Counts what is executed; the run with the seed in `failing` fails after its first event."""

    def __init__(self, failing: int | None = None, measure: str = "accuracy") -> None:
        self.failing, self.measure = failing, measure
        self.seeds: list[int] = []

    def execute(self, config: Any, run: Any) -> dict[str, Any]:
        self.seeds.append(config.seed)
        with run.journal() as journal:
            journal.append({"event": "start", "command": "search"})
        if config.seed == self.failing:
            raise RunError("all trials failed")
        return {"status": "completed", "best": {f"valid_{self.measure}": 0.5}, "wall_seconds": 1.0}

    @property
    def actions(self) -> Actions:
        return Actions(predict=lambda config: [], execute=self.execute)


def test_every_combination_with_the_last_varying_fastest() -> None:
    assert expand(("a=1,2", "b=[1,2]", "c=x,y")) == [
        ("a=1", "b=[1,2]", "c=x"), ("a=1", "b=[1,2]", "c=y"), ("a=2", "b=[1,2]", "c=x"), ("a=2", "b=[1,2]", "c=y"),
    ]  # fmt: skip


def test_one_combination_is_no_sweep() -> None:
    with pytest.raises(ConfigError, match="--sweep needs a key with several values"):
        expand(("seed=1",))


def test_a_failed_run_does_not_stop_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = Runs(failing=1)
    with pytest.raises(Exit) as stop:
        sweep(request(tmp_path / "sweep"), runs.actions)
    assert stop.value.exit_code == 1
    assert runs.seeds == [0, 1, 2]
    said = capsys.readouterr()
    assert [row["status"] for row in json.loads(said.out)] == ["completed", "failed", "completed"]
    assert "Error: all trials failed" in said.err
    assert (tmp_path / "sweep" / "sweep.csv").read_text().count("\n") == 4


def test_the_table_of_a_regression_has_its_errors(tmp_path: Path) -> None:
    sweep(request(tmp_path / "sweep"), Runs(measure="rmse").actions)
    head, first, *_ = (tmp_path / "sweep" / "sweep.csv").read_text().splitlines()
    assert dict(zip(head.split(","), first.split(","), strict=True))["valid_rmse"] == "0.5"


def test_the_same_sweep_again_takes_up_its_runs(tmp_path: Path) -> None:
    first, again = Runs(), Runs()
    sweep(request(tmp_path / "sweep"), first.actions)
    before = (tmp_path / "sweep" / "00" / "config.yaml").read_bytes()
    sweep(request(tmp_path / "sweep"), again.actions)
    assert again.seeds == first.seeds
    assert (tmp_path / "sweep" / "00" / "config.yaml").read_bytes() == before
