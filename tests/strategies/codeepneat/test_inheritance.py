"""Strategy A of the thesis: Algorithm 2 by hand, and a search that inherits."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from nas_cli.errors import ConfigError
from nas_cli.spaces.architecture import Architecture
from nas_cli.spaces.genotype import Blueprint, Module
from nas_cli.spaces.graph import INPUT, OUTPUT, Link, NodeGene, make_graph
from nas_cli.spaces.innovations import Innovations
from nas_cli.spaces.layer import Layer
from nas_cli.strategies.codeepneat.assembly import network_of
from nas_cli.strategies.codeepneat.inheritance import Inheritance, Scored, inherit
from nas_cli.strategies.contract import Outcome, Proposal
from nas_cli.strategies.speciation.individual import Individual
from tests.spaces.configured import space
from tests.strategies.codeepneat.configured import make
from tests.strategies.contract import Make, StrategyContract, kernels, run


def chain(values: Sequence[Any]) -> Any:
    """A chain with nodes 3, 5, 7, … of these values."""
    marks = [3 + 2 * i for i in range(len(values))]
    ends = zip([INPUT, *marks], [*marks, OUTPUT], strict=True)
    links = [Link(100 + i, source, target) for i, (source, target) in enumerate(ends)]
    return make_graph([NodeGene(mark, value) for mark, value in zip(marks, values, strict=True)], links)


def module(number: int, *widths: int) -> Individual[Module]:
    return Individual(number, chain([Layer(width, 3, "none") for width in widths]))


def blueprint(number: int, *species: int) -> Individual[Blueprint]:
    return Individual(number, Blueprint(chain(species), (32,)))


def widths(found: Inheritance, number: int) -> list[int]:
    return [layer.filters for layer in found.modules[number].values()]


def scored(
    trial: int,
    fitness: float | None,
    plan: Individual[Blueprint],
    modules: Mapping[int, Individual[Module]],
    counts: Sequence[int] | None,
    sizes: Sequence[int] | None = None,
    flops: Sequence[int] | None = None,
) -> Scored:
    """`counts`, `sizes` and `flops` of the network's convolutions in order; sizes are at least 1 if not given."""
    network = network_of(space(), plan, modules)
    places = space().places(network.genotype)
    names = [place.layer for place in places]
    told = Outcome(trial, fitness)
    if counts is not None:
        wide = sizes or [max(1, count) for count in counts]
        parts = (counts, wide, flops or wide)
        told = Outcome(trial, fitness, {}, *(dict(zip(names, part, strict=True)) for part in parts))
    return Scored(network, places, told)


ONE, TWO, THREE = module(1, 40, 50), module(2, 30), module(3, 20)


def test_the_fittest_network_with_a_module_says_what_becomes_of_it() -> None:
    """Trial 1 is fittest and decides modules 1 and 2; trial 0 has module 2 too, but only 3 is left to it."""
    first = scored(0, 0.5, blueprint(8, 1, 2), {1: TWO, 2: THREE}, [11, 12])
    second = scored(1, 0.9, blueprint(9, 1, 2), {1: ONE, 2: TWO}, [21, 22, 23])
    found = inherit([first, second], Innovations())
    assert [widths(found, number) for number in (1, 2, 3)] == [[21, 22], [23], [12]]
    assert found.blueprints == {}


def test_of_equally_fit_networks_the_earlier_one_decides() -> None:
    found = inherit(
        [scored(i, 0.5, blueprint(8, 1), {1: TWO}, [count]) for i, count in ((1, 7), (0, 9))], Innovations()
    )
    assert widths(found, 2) == [9]


def test_of_several_versions_in_one_network_the_one_with_most_flops_is_taken() -> None:
    """The narrower version is costlier where it stands: on larger maps."""
    one = scored(0, 0.5, blueprint(8, 1, 2, 1), {1: ONE, 2: TWO}, [5, 6, 9, 7, 8], flops=[50, 60, 1, 20, 89])
    assert widths(inherit([one], Innovations()), 1) == [5, 6]


def test_failed_and_uncompressed_networks_leave_nothing() -> None:
    failed = scored(0, None, blueprint(8, 1), {1: TWO}, [7])
    uncompressed = scored(1, 0.9, blueprint(8, 1), {1: TWO}, None)
    assert inherit([failed, uncompressed], Innovations()) == Inheritance()


def test_everything_but_the_widths_of_a_module_stays() -> None:
    one = inherit([scored(0, 0.5, blueprint(8, 1), {1: ONE}, [4, 0])], Innovations()).modules[1]
    assert one.links == ONE.genome.links
    assert [layer.to_json() for layer in one.values()] == [[4, 3, "none", 0.0], [1, 3, "none", 0.0]]


def test_blueprint_nodes_with_no_channel_alive_leave_it() -> None:
    """Module 1 is dead at its first place; its other version is inherited, though it costs less."""
    one = scored(0, 0.5, blueprint(8, 1, 2, 1), {1: ONE, 2: TWO}, [0, 0, 9, 7, 8], flops=[500, 600, 1, 1, 1])
    found = inherit([one], Innovations.after([blueprint(8, 1, 2, 1).genome.graph]))
    assert found.blueprints[8].graph.order() == (5, 7)
    assert found.blueprints[8].graph.values() == (2, 1)
    assert found.blueprints[8].head == (32,)
    assert widths(found, 1) == [7, 8]


def test_one_node_is_left_and_a_dead_module_keeps_its_genome() -> None:
    one = scored(0, 0.5, blueprint(8, 1, 2), {1: TWO, 2: THREE}, [0, 0])
    found = inherit(
        [one, scored(1, 0.4, blueprint(9, 1), {1: TWO}, [5])], Innovations.after([one.network.blueprint.genome.graph])
    )
    assert found.blueprints[8].graph.values() == (2,)
    assert found.modules == {}


def test_a_blueprint_follows_the_best_network_that_has_it() -> None:
    worse = scored(0, 0.4, blueprint(8, 1, 2), {1: TWO, 2: THREE}, [0, 3])
    better = scored(1, 0.5, blueprint(8, 1, 2), {1: ONE, 2: THREE}, [3, 3, 3])
    assert inherit([worse, better], Innovations()).blueprints == {}


def half(proposal: Proposal, dead: int = 0) -> Outcome:
    """Half of every layer is alive, every `dead`-th layer not at all."""
    fitness = kernels(proposal.architecture)
    if not proposal.compress:
        return Outcome(proposal.trial, fitness)
    names = list(proposal.parts)
    counts = {name: filters(proposal.architecture, name) // 2 for name in names}
    alive = {name: 0 if dead and i % dead == 0 else counts[name] for i, name in enumerate(names)}
    sizes = {name: max(1, count) for name, count in alive.items()}
    return Outcome(proposal.trial, fitness, {}, alive, sizes, sizes)


def filters(architecture: Architecture, name: str) -> int:
    return int(architecture.nodes[int(name.split("_")[1])]["filters"])


FEW: dict[str, Any] = {"generations": 6, "population": 5, "modules": {"population": 8}, "blueprints": {"population": 4}}


class TestInheritance(StrategyContract):
    """Without compression there is nothing to inherit, and the contract holds as ever."""

    @pytest.fixture
    def make(self) -> Make:
        few = {**FEW, "generations": 3, "attempts": 200, "inheritance": "modules"}
        return lambda **given: make(**{**few, **given})


def inheriting(dead: int = 0, **changes: Any) -> list[list[Proposal]]:
    strategy, batches = make(3, **{**FEW, "inheritance": "modules", **changes}), []
    while batch := strategy.ask():
        strategy.tell([half(proposal, dead) for proposal in batch])
        batches.append(list(batch))
    return batches


@pytest.mark.parametrize("dead", [0, 2, 3])
def test_a_search_that_inherits_goes_to_its_end_and_repeats(dead: int) -> None:
    """Also with widths below the space's range, and nodes that leave blueprints: mutation and crossover cope."""
    batches = inheriting(dead)
    assert [len(batch) for batch in batches] == [5] * 6
    assert batches == inheriting(dead)
    narrowest = min(filters(p.architecture, name) for p in batches[-1] for name in p.parts)
    assert narrowest < space().settings.filters[0]


def test_elites_come_back_as_narrow_as_they_were_left() -> None:
    batches = inheriting()
    part_widths: list[dict[str, int]] = [
        {part: filters(p.architecture, name) for p in batch for name, part in p.parts.items()} for batch in batches
    ]
    again = [(before[part], after[part]) for before, after in zip(part_widths, part_widths[1:], strict=False)
             for part in before.keys() & after.keys()]  # fmt: skip
    assert again and all(after == max(1, before // 2) for before, after in again)


def test_only_every_mth_generation_is_compressed() -> None:
    compressed = [[p.compress for p in batch] for batch in inheriting(compress_every=3)]
    assert compressed == [[i in (0, 3)] * 5 for i in range(6)]
    with pytest.raises(ConfigError, match="needs strategy.inheritance=modules"):
        make(compress_every=2)


def test_parts_name_the_module_and_layer_of_every_convolution() -> None:
    for proposal in make().ask():
        numbers = set(proposal.origin["modules"].values())
        convolutions = {f"conv2d_{i}" for i, n in enumerate(proposal.architecture.nodes) if n.op == "conv2d"}
        assert set(proposal.parts) == convolutions
        assert {int(part.split()[1]) for part in proposal.parts.values()} == numbers


def test_strategy_b_takes_nothing_over() -> None:
    plain, told = make(3, **FEW), make(3, **FEW)
    while batch := told.ask():
        assert batch == plain.ask()
        told.tell([half(proposal) for proposal in batch])
        plain.tell([Outcome(p.trial, kernels(p.architecture)) for p in batch])


def test_saved_populations_are_the_same_with_and_without_inheritance(tmp_path: Path) -> None:
    assert make(3, inheritance="modules").population_json() == make(3).population_json()
    assert run(make(3, inheritance="modules")) == run(make(3))
