"""The runs that the scripts of the experiments begin are valid ones."""

import importlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nas_cli.config import load_config
from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.reports.experiments.relevance_runs import ARD, ARMS, HANDMADE
from nas_cli.spaces.architecture import from_json
from nas_cli.spaces.chain import ChainSpace
from nas_cli.strategies.contract import Outcome
from nas_cli.strategies.grid import Grid

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module


def composed(run: Any) -> Any:
    words = [word for word in run.command[1:] if "=" in word]
    keys_given = [word.partition("=")[0] for word in words]
    assert len(set(keys_given)) == len(keys_given), "the command line refuses a key that is given twice"
    keys = {"--experiment": "experiment", "--model": "model.name", "--prune": "prune", "--estimator": "estimator"}
    named = {name: run.command[run.command.index(name) + 1] for name in keys if name in run.command}
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


@pytest.mark.parametrize("name", ["weights", "filters", "latency", "half_resnet20", "half_vgg16", "lottery"])
def test_runs_of_the_pruning_experiments(script: Any, name: str) -> None:
    module = script("reproduce_pruning")
    runs = list(module.EXPERIMENTS[name](3))
    assert all(composed(run).seed == 3 for run in runs)
    pruned = [run for run in runs if run.command[0] == "prune"]
    if name == "latency":
        assert len({composed(run).prune.rounds for run in pruned}) == 1, "all are trained for as long"
        assert len({composed(run).prune.fine_tune for run in pruned}) == 1
        assert len({composed(run).prune.last_fine_tune for run in pruned}) == 1
        narrow = [composed(run).model.width for run in runs if run.command[0] == "train"]
        assert narrow == [None, None, 0.7, 0.55]
    if name.startswith("half"):
        assert composed(pruned[0]).loop.random and composed(pruned[0]).prune.reduction == 0.5


def test_pruned_networks_are_compared_with_morphnets_at_equal_data_epochs_and_flops(script: Any) -> None:
    module = script("reproduce_morphnet")
    runs = {f"{run.path.parent.name}/{run.path.name}": run for run in [*module.equal_flops(0), *module.pruned(0)]}
    morph, cut = composed(runs["equal_flops/morphnet-0.5-0"]), composed(runs["fine_tuned/taylor-0.5-0"])
    again = composed(runs["equal_flops/taylor-0.5-0"])
    assert morph.dataset == cut.dataset == again.dataset
    assert morph.training.epochs == again.training.epochs
    assert (morph.morph.target, morph.morph.reduction) == (cut.prune.target, cut.prune.reduction) == ("flops", 0.5)
    assert (morph.morph.round_to, morph.morph.min_channels) == (cut.prune.round_to, cut.prune.min_channels) == (1, 1)
    assert not again.model.keep_weights


def test_of_a_seed_of_distillation_what_is_compared_comes_first(script: Any, tmp_path: Path) -> None:
    module = script("reproduce_distillation")

    def places(*words: str) -> list[str]:
        return [one.place for one in module.planned(module.parse(["--seeds", "1", *words]), tmp_path)]

    compared = ["teacher-100", "student_plain-0", "student_T20-0", "small_plain-0"]
    assert places("--parts", "mnist")[:5] == [f"mnist/{arm}" for arm in (*compared, "small_T4-0")]
    few = places("--parts", "mnist", "--temperatures", "20")
    assert few == [f"mnist/{arm}" for arm in (*compared, "small_T20-0")]


def test_a_pruned_network_with_and_without_itself_as_teacher_differs_in_nothing_else(
    script: Any, tmp_path: Path
) -> None:
    module = script("reproduce_distillation")
    planned = module.planned(module.parse(["--parts", "self", "--seeds", "1"]), tmp_path)
    whole, plain, taught = (composed(module.Run(tmp_path / one.place, one.words)) for one in planned)
    assert (plain.training.teacher, taught.training.teacher) == (None, "self")
    assert replace(taught, training=replace(taught.training, teacher=None)) == plain
    assert (whole.dataset, whole.seed, plain.prune.reduction) == (plain.dataset, plain.seed, 0.5)


@pytest.mark.parametrize("scale", ["reduced", "paper"])
def test_both_protocols_of_the_optimizer_study_differ_in_nothing_that_is_compared(
    script: Any, tmp_path: Path, scale: str
) -> None:
    shared, tuned = (composed(run) for run in script("reproduce_optimizers").runs(scale, ("shared", "tuned"), tmp_path))
    assert (shared.mode, shared.bench.protocol, tuned.bench.protocol) == ("optimizers", "shared", "tuned")
    assert (shared.dataset, shared.model, shared.training) == (tuned.dataset, tuned.model, tuned.training)
    if scale == "paper":
        assert (shared.dataset.train_size, shared.training.epochs) == (None, 150)


def test_networks_whose_connections_regrow_or_not_are_trained_for_as_long(script: Any, tmp_path: Path) -> None:
    runs = [composed(run) for run in script("reproduce_pruning").EXPERIMENTS["regrowth"](3, tmp_path)]
    assert {run.prune.train_first + run.prune.rounds * run.prune.fine_tune for run in runs} == {10}
    assert {run.training.epochs for run in runs} == {10} and {run.prune.spread for run in runs} == {"erk"}
    assert [(run.prune.regrow, run.prune.sparsity) for run in runs] == [
        (regrow, sparsity) for sparsity in (0.9, 0.98) for regrow in ("rigl", "set", "none", "none")
    ]
    assert [run.loop.baseline for run in runs] == [*[False] * 3, True, *[False] * 4]


def test_estimators_score_the_same_networks(script: Any, tmp_path: Path) -> None:
    module = script("reproduce_estimators")
    runs = [composed(run) for run in module.every_run(module.parse(["--seeds", "2", "--runs", str(tmp_path)]))]
    assert [run.estimator.name for run in runs] == ["train", "extrapolate", "inherit", "zero_cost"] * 2
    assert all((run.space, run.strategy, run.training) == (runs[0].space, runs[0].strategy, runs[0].training)
               for run in runs)  # fmt: skip
    space = ChainSpace(runs[0].space, (28, 28, 1), 10)

    def proposed(seed: int) -> list[str]:
        grid, found = Grid(runs[0].strategy, space, seed, lambda _: True), []
        while batch := grid.ask():
            found += [proposal.architecture.digest() for proposal in batch]
            grid.tell([Outcome(proposal.trial, 0.5) for proposal in batch])
        return found

    assert len(set(proposed(0))) == 20
    assert proposed(0) == proposed(7)


def test_architectures_differ_in_nothing_but_the_network(script: Any, tmp_path: Path) -> None:
    module = script("reproduce_architectures")
    module.write_chains(tmp_path)
    runs = [composed(run) for run in module.planned(0, tmp_path)]
    assert len(runs) == 8
    assert all(replace(run, model=runs[0].model) == runs[0] for run in runs)
    whole, separable = (from_json(json.loads(Path(run.model.name).read_text(encoding="utf-8"))) for run in runs[-2:])
    assert sum(node.op == "depthwise_conv2d" for node in separable.nodes) == 5
    assert whole.nodes[-1] == replace(separable.nodes[-1], inputs=whole.nodes[-1].inputs)
    assert architecture_cost(whole).macs > 5 * architecture_cost(separable).macs


def test_a_repeated_search_has_no_more_trials_than_one_in_one_go(script: Any) -> None:
    module = script("search_again")
    for name in (*module.REPEATED, *module.REPEATED.values()):
        found = module.searched(name, "outer quarters", 4, 3, 1)
        assert 16 < found.made <= found.trials == 81
        assert 0 < found.best <= 1


def test_a_plan_needs_no_tensorflow(tmp_path: Path) -> None:
    code = (
        "import sys, reproduce_tables\n"
        f"reproduce_tables.main(['--dry-run', '--out', {str(tmp_path)!r}])\n"
        "sys.exit(', '.join({'tensorflow', 'keras'} & set(sys.modules)) or None)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, check=True)
