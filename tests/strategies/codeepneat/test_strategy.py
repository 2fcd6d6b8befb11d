import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas_cli.errors import ConfigError
from nas_cli.schema import validate
from nas_cli.spaces.architecture import Architecture
from nas_cli.strategies.codeepneat.strategy import CoDeepNEAT
from nas_cli.strategies.contract import Outcome
from nas_cli.strategies.random import RandomSearch, RandomSettings
from tests.spaces.configured import space, values
from tests.strategies.codeepneat.configured import make
from tests.strategies.contract import Make, StrategyContract, anything, cheap, kernels, run

FEW = {"generations": 3, "population": 5, "modules": {"population": 8}, "blueprints": {"population": 4}}


class TestCoDeepNEAT(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        return lambda **given: make(**{**FEW, "attempts": 200, **given})


class TestCoDeepNEATWithMaximum(StrategyContract):
    @pytest.fixture
    def make(self) -> Make:
        stagnant = {"population": 6, "stagnation": 1, "elitism": 0, "interspecies": 0.5}
        return lambda **given: make(
            **{**FEW, "fitness": "max", "attempts": 200, "modules": stagnant, "blueprints": stagnant, **given}
        )


def generations(strategy: CoDeepNEAT) -> list[tuple[Any, Any]]:
    """(proposals, description after their outcomes) of each generation."""
    made = []
    while batch := strategy.ask():
        strategy.tell([Outcome(p.trial, kernels(p.architecture)) for p in batch])
        made.append((batch, strategy.describe()))
    return made


def test_default_settings_run_four_generations_of_eight() -> None:
    assert [len(batch) for batch, _ in generations(make())] == [8] * 4


def test_description_follows_both_populations() -> None:
    for index, (_, description) in enumerate(generations(make())):
        assert description["generation"] == index
        for kind, size in (("module", 16), ("blueprint", 8)):
            sizes = description["species"][kind]
            assert sum(sizes.values()) == size
            assert sizes.keys() == description["mean_fitness"][kind].keys()
            for key, mean in description["mean_fitness"][kind].items():
                best = description["best_fitness"][kind][key]
                assert mean is best is None or mean <= best + 1e-9
            assert description["threshold"][kind] > 0


def test_one_module_per_species_and_every_blueprint_once() -> None:
    for batch, _ in generations(make()):
        assert sorted(p.origin["blueprint"] for p in batch) == sorted({p.origin["blueprint"] for p in batch})
        for proposal in batch:
            genotype = proposal.origin["genotype"]
            named = {str(value) for _, value in genotype["blueprint"]["graph"]["nodes"]}
            assert named == set(proposal.origin["modules"]) == set(genotype["modules"])


def test_networks_of_a_generation_differ() -> None:
    for batch, _ in generations(make(population=20)):
        assert len({p.architecture.digest() for p in batch}) == 20


def test_new_individuals_name_parents_of_the_generation_before() -> None:
    made = generations(make())
    fresh = [p for p in made[1][0] if p.origin["blueprint"] >= 8]
    assert fresh and all(p.origin["blueprint_parents"] for p in fresh)
    assert all(parent < 8 for p in fresh for parent in p.origin["blueprint_parents"])


def test_search_goes_on_where_few_networks_are_admissible() -> None:
    tight: dict[str, Any] = {"modules": {"population": 4}, "blueprints": {"population": 3}}
    for seed in range(4):
        strategy = make(seed, lambda a: sum(n.op == "max_pool" for n in a.nodes) >= 4, attempts=60, **tight)
        assert len(run(strategy, lambda a: 1.0 / len(a.nodes))[0]) == 32


def test_new_networks_come_in_where_the_populations_hold_no_admissible_one() -> None:
    def picky(architecture: Architecture) -> bool:
        return len({n["filters"] % 5 for n in architecture.nodes if n.op == "conv2d"}) >= 3

    tiny: dict[str, Any] = {"modules": {"population": 2}, "blueprints": {"population": 2}, "attempts": 100}
    proposals, outcomes = run(make(0, picky, **tiny))
    assert len(proposals) == 32 and all(picky(p.architecture) for p in proposals)
    assert any(p.generation > 0 and not p.origin["blueprint_parents"] for p in proposals)
    assert run(make(0, picky, **tiny)) == (proposals, outcomes)


class Gate:
    """Admits every network but the next `refused` ones."""

    refused = 0

    def __call__(self, architecture: Architecture) -> bool:
        self.refused = max(0, self.refused - 1)
        return not self.refused


def rescued_start(attempts: int = 50, **changes: Any) -> CoDeepNEAT:
    """A search whose first network is an immigrant, because every draw for it was refused."""
    gate = Gate()
    strategy = make(admissible=gate, attempts=attempts, **changes)
    gate.refused = attempts + 1
    strategy.ask()
    return strategy


def test_who_made_room_for_an_immigrant_is_in_no_later_network() -> None:
    start = rescued_start(population=20).population_json()
    members = {
        kind: {m["id"] for s in start[kind]["species"] for m in s["members"]} for kind in ("modules", "blueprints")
    }
    assert {network["blueprint"] for network in start["networks"]} == members["blueprints"]
    assert {module for n in start["networks"] for module in n["modules"].values()} <= members["modules"]


@pytest.mark.parametrize(("modules", "blueprints"), [(16, 8), (4, 4), (3, 1), (1, 1)])
def test_saved_population_with_an_immigrant_gives_another_search_the_same_start(
    tmp_path: Path, modules: int, blueprints: int
) -> None:
    sizes: dict[str, Any] = {"modules": {"population": modules}, "blueprints": {"population": blueprints}}
    first = rescued_start(**sizes)
    saved = first.population_json()
    drawn = {module for network in saved["networks"] for module in network["modules"].values()}
    assert len([m for s in saved["modules"]["species"] for m in s["members"]]) == max(modules, len(drawn))
    path = tmp_path / "population.json"
    path.write_text(json.dumps(saved), encoding="utf-8")
    second = make(seed=2, initial_population=str(path), **sizes)
    assert [p.architecture for p in second.ask()] == [p.architecture for p in first.ask()]
    assert second.population_json() == saved
    assert len(run(second)[0]) == 32


def test_populations_return_to_their_size_where_the_networks_needed_more() -> None:
    tiny: dict[str, Any] = {"modules": {"population": 1}, "blueprints": {"population": 1}}
    strategy = rescued_start(**tiny)
    strategy.tell([Outcome(p.trial, kernels(p.architecture)) for p in strategy.ask()])
    strategy.tell([Outcome(p.trial, kernels(p.architecture)) for p in strategy.ask()])
    assert {kind: sum(sizes.values()) for kind, sizes in strategy.describe()["species"].items()} == {
        "module": 1,
        "blueprint": 1,
    }


def test_saved_population_gives_another_search_the_same_start(tmp_path: Path) -> None:
    first = make(seed=1)
    begun = first.ask()
    path = tmp_path / "population.json"
    path.write_text(json.dumps(first.population_json()), encoding="utf-8")
    second = make(seed=2, initial_population=str(path))
    assert [p.architecture for p in second.ask()] == [p.architecture for p in begun]
    assert second.population_json() == first.population_json()
    assert second.describe()["threshold"] == first.describe()["threshold"] != make(seed=2).describe()["threshold"]
    assert run(second) == run(make(seed=2, initial_population=str(path)))
    assert second.population_json() == first.population_json()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"population": 9}, "strategy.population is 9"),
        ({"modules": {"population": 17}}, "strategy.modules.population is 17"),
        ({"space": space("thesis_large")}, "space.dense_layers is 2"),
    ],
)
def test_saved_population_of_another_size_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = tmp_path / "population.json"
    path.write_text(json.dumps(make().population_json()), encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        make(initial_population=str(path), **change)


def test_saved_population_over_the_limits_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "population.json"
    path.write_text(json.dumps(make().population_json()), encoding="utf-8")
    with pytest.raises(ConfigError, match="exceeds the limits"):
        make(initial_population=str(path), admissible=lambda architecture: False).ask()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 1}', '{"version": 2}', '{"version": 2, "modules": 3}'])
def test_damaged_saved_population_is_one_clear_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "population.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="initial_population"):
        make(initial_population=str(path))
    with pytest.raises(ConfigError, match="initial_population"):
        make(initial_population=str(tmp_path / "missing.json"))


@pytest.mark.parametrize("threshold", [0, -1, float("nan"), float("inf"), None])
def test_saved_threshold_without_a_meaning_is_refused(tmp_path: Path, threshold: float | None) -> None:
    saved = json.loads(json.dumps(make().population_json()))
    saved["blueprints"]["threshold"] = threshold
    path = tmp_path / "population.json"
    path.write_text(json.dumps(saved), encoding="utf-8")
    with pytest.raises(ConfigError, match="no saved population"):
        make(initial_population=str(path))


def test_operators_all_switched_off_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least one frequency"):
        make(modules={"mutation": 0.0, "crossover": 0.0})


def test_finds_better_networks_than_random_search_on_average() -> None:
    def count(architecture: Architecture) -> float:
        return float(sum(n["kernel"] == 3 for n in architecture.nodes if n.op == "conv2d"))

    evolved: list[float] = []
    drawn: list[float] = []
    for seed in range(8):
        small = space(max_blueprint_nodes=8)
        settings = validate(
            RandomSettings, {**values("strategy", "random"), "generations": 10, "population": 10, "attempts": 100}
        )
        told = run(make(seed, generations=10, population=10, space=small), count)[1]
        evolved.append(max(outcome.fitness or 0 for outcome in told))
        told = run(RandomSearch(settings, small, seed, anything), count)[1]
        drawn.append(max(outcome.fitness or 0 for outcome in told))
    assert np.mean(evolved) > np.mean(drawn) + 1


def test_limits_hold_while_fitness_pulls_against_them() -> None:
    proposals, _ = run(make(admissible=cheap), lambda a: float(len(a.nodes)))
    assert len(proposals) == 32 and all(cheap(p.architecture) for p in proposals)
