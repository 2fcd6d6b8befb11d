"""The list of experiments: complete, within its limits, and the same as the headers of the configurations say."""

import re
from pathlib import Path

import pytest

from nas_cli.config import conf_dir
from nas_cli.reports.reproduction.catalogue import EXPERIMENTS, FOLDERS, LIMIT, Experiment, state

HEADERS = {file.stem: file.read_text(encoding="utf-8") for file in (conf_dir() / "experiment").glob("*.yaml")}
BUDGET = re.compile(r"^# +Budget: (none; the document's own sizes|(\d+) minutes on 2 cores)\.$", re.MULTILINE)
NOT_REPRODUCED = {"demo"}
"""What `make demo` runs."""


@pytest.mark.parametrize("name", HEADERS)
def test_every_configuration_declares_its_budget(name: str) -> None:
    found = BUDGET.search(HEADERS[name])
    assert found, f"{name}.yaml needs a line '# Budget: N minutes on 2 cores.'"
    assert (found[2] is None) == name.endswith("_paper")


@pytest.mark.parametrize("one", EXPERIMENTS, ids=lambda one: one.name)
def test_an_experiment_keeps_to_the_budget_that_its_configurations_declare(one: Experiment) -> None:
    assert one.minutes <= one.budget <= LIMIT
    for name in one.configs:
        found = BUDGET.search(HEADERS[name])
        assert found and int(found[2]) == one.budget, name


def test_every_configuration_belongs_to_an_experiment() -> None:
    used = {name for one in EXPERIMENTS for name in one.configs} | NOT_REPRODUCED
    assert {name for name in HEADERS if not name.endswith("_paper")} == used


def test_names_are_unique_and_every_scale_has_arguments_or_a_reason() -> None:
    assert len({one.name for one in EXPERIMENTS}) == len(EXPERIMENTS)
    for one in EXPERIMENTS:
        assert one.folder in FOLDERS
        for scale in ("smoke", "paper"):
            assert (one.arguments(scale) is not None) or one.reason(scale), one.name
    assert sum(one.smoke_minutes for one in EXPERIMENTS if one.smoke is not None) <= 15


def test_the_state_of_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "neat"
    folder.mkdir()
    assert state(folder) == "not run yet"
    (folder / "xor.csv").write_text("seed\n0\n")
    assert state(folder) == "without boston, deep"
    (folder / "made.csv").write_text("part,runs\nboston,1\ndeep,15\n")
    assert state(folder) == "complete"
