"""What every part of the project keeps to: registry = YAML = dataclass; everything has help and documentation."""

import re
from pathlib import Path

import pytest

from nas_cli.cli import COMMANDS
from nas_cli.commands.options import HELP
from nas_cli.config import CONFIGS, conf_dir, groups, load_config
from nas_cli.registry import REGISTRY, load

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("group", REGISTRY)
def test_registry_and_yaml_have_the_same_names(group: str) -> None:
    assert set(REGISTRY[group]) == set(groups()[group])


@pytest.mark.parametrize(("group", "name"), [(group, name) for group in REGISTRY for name in REGISTRY[group]])
def test_registered_code_exists(group: str, name: str) -> None:
    entry = REGISTRY[group][name]
    assert callable(load(entry.settings))
    assert callable(load(entry.target))


SEARCH_GROUPS = ("dataset", "augmentation", "space", "strategy", "scheduler", "estimator", "training/optimizer",
                 "training/loss", "training/schedule", "scale")  # fmt: skip


@pytest.mark.parametrize(("group", "name"), [(g, n) for g in SEARCH_GROUPS for n in groups()[g]])
def test_every_choice_composes_into_a_valid_configuration(group: str, name: str) -> None:
    config = load_config("search", [f"{group}={name}"])
    if group != "scale":
        part = config
        for key in group.split("/"):
            part = getattr(part, key)
        assert part.name == name


@pytest.mark.parametrize("name", groups()["experiment"])
def test_every_experiment_composes_and_its_header_says_what_it_is(name: str) -> None:
    header = (conf_dir() / "experiment" / f"{name}.yaml").read_text(encoding="utf-8")
    for command in re.findall(rf"nas (\w+) --experiment {name}\b", header) or ["search"]:
        assert load_config(command, [f"experiment={name}"])
    assert all(word in header for word in ("Command:", "Scale:", "Expected:")), name


@pytest.mark.parametrize("command", CONFIGS)
def test_the_defaults_are_valid(command: str) -> None:
    assert load_config(command, [])


def test_every_group_has_an_option_help() -> None:
    assert set(groups()) - {"training"} == set(HELP)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme(name: str) -> None:
    assert f"nas {name}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_make_target_has_a_description() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = makefile.split(".PHONY:")[1].splitlines()[0].split()
    assert [target for target in targets if f"\n{target}:" not in makefile] == []
    for target in targets:
        line = next(line for line in makefile.splitlines() if line.startswith(f"{target}:"))
        assert " ## " in line, target
