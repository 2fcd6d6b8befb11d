"""The runs that the scripts of the experiments begin are valid ones."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from nas_cli.config import load_config
from nas_cli.reports.experiments.relevance_runs import ARD, ARMS, HANDMADE
from nas_cli.spaces.architecture import from_json

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module


def composed(run: Any) -> Any:
    words = [word for word in run.command[1:] if "=" in word]
    keys_given = [word.partition("=")[0] for word in words]
    assert len(set(keys_given)) == len(keys_given), "the command line refuses a key that is given twice"
    named = {
        name: run.command[run.command.index(name) + 1] for name in ("--experiment", "--model") if name in run.command
    }
    keys = {"--experiment": "experiment", "--model": "model.name"}
    return load_config(run.command[0], [*(f"{keys[name]}={value}" for name, value in named.items()), *words])


@pytest.mark.parametrize("arm", ARMS)
def test_every_arm_of_relevance_is_what_its_name_says(script: Any, tmp_path: Path, arm: str) -> None:
    config = composed(script("reproduce_relevance").runs("boston", arm, 3, tmp_path))
    assert (config.seed, config.dataset.name, config.dataset.split_seed, config.training.epochs) == (3, "boston", 3, 80)
    if arm == HANDMADE:
        return
    assert config.estimator.name == ("relevance" if arm.endswith(ARD) else "train")
    assert config.resources.threads == 1
    if arm.startswith("random"):
        assert config.strategy.name == "random"
        return
    assert (config.strategy.searches, config.strategy.random) == (1, 0)
    assert config.strategy.order == (2 if arm.startswith("second") else 1)
    assert config.strategy.relevance.name == ("ard" if arm.endswith(ARD) else "none")
    prior = arm.removesuffix(ARD)
    assert config.strategy.prior.name == (prior if prior in ("dirichlet", "gumbel_softmax") else "none")


@pytest.mark.parametrize("dataset", ["mnist", "cifar10"])
def test_images_have_their_own_experiment_and_a_graph_chosen_by_hand(script: Any, tmp_path: Path, dataset: str) -> None:
    module = script("reproduce_relevance")
    assert composed(module.runs(dataset, "first_ard", 0, tmp_path)).dataset.split_seed == 0
    assert composed(module.runs(dataset, HANDMADE, 0, tmp_path)).dataset.name == dataset
    network = from_json(json.loads(module.write_handmade(dataset, tmp_path).read_text(encoding="utf-8")))
    assert sum(node.op == "conv2d" for node in network.nodes) == 5
    assert sum(node.op == "merge" for node in network.nodes) == 2


@pytest.mark.parametrize("part", ["nasbench201", "cell"])
def test_both_orders_of_darts_differ_in_nothing_else(script: Any, tmp_path: Path, part: str) -> None:
    runs = script("reproduce_darts").runs((part,), ("first", "second"), tmp_path)
    assert [run.path.relative_to(tmp_path) for run in runs] == [Path(part) / "first-0", Path(part) / "second-0"]
    assert [composed(run).strategy.order for run in runs] == [1, 2]
    assert [run.command[:-1] for run in runs] == [runs[0].command[:-1]] * 2


def test_what_is_given_further_takes_the_place_of_what_the_script_has(script: Any) -> None:
    replaced = script("resumable_runs").replaced
    assert replaced(["search", "--experiment", "a", "seed=1", "x=2"], ["x=3"]) == [
        "search", "--experiment", "a", "seed=1", "x=3",
    ]  # fmt: skip
