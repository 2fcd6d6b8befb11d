"""Hints: what a generation leaves to the next ones, by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from nas_cli.estimators.contract import Donor
from nas_cli.search.economies import NONE, Economies
from nas_cli.search.model_store import ModelStore
from nas_cli.search.past import Past
from nas_cli.spaces.architecture import Architecture, node
from nas_cli.spaces.morphism import Morphism
from nas_cli.strategies.contract import Proposal


def network(*filters: int) -> Architecture:
    convolutions = [node("conv2d", (i,), filters=width, kernel=3) for i, width in enumerate(filters)]
    rest = [node("flatten", (len(filters),)), node("dense", (len(filters) + 1,), units=2)]
    return Architecture((node("input", shape=(4, 4, 1)), *convolutions, *rest))


def trial(
    number: int,
    fitness: float | None,
    parts: dict[str, str] | None = None,
    filters: tuple[int, ...] = (8, 9),
    ratio: float | None = None,
    **more: Any,
) -> tuple[Proposal, dict[str, Any]]:
    architecture = network(*filters)
    event = {"event": "trial", "id": number, "fitness": fitness, "architecture": architecture.to_json(), "cost": {}}
    event["metrics"] = {}
    if ratio is not None:
        event["extra"] = {"compression": {"skipped": False, "ratio": ratio}}
    return Proposal(number, 0, architecture, parts=parts or {}), event | more


def told(economies: Economies, *generations: list[tuple[Proposal, dict[str, Any]]]) -> Past:
    past = Past(economies, ModelStore(Path("models"), []))
    for generation in generations:
        past.tell([proposal for proposal, _ in generation], {p.trial: event for p, event in generation})
    return past


A, B = "module 1 layer 3", "module 2 layer 3"
REUSE = Economies(reuse=True)


def donors(past: Past, parts: dict[str, str]) -> list[tuple[int, dict[str, str]]]:
    return [(donor.trial, dict(donor.layers)) for donor in past.hints(Proposal(9, 2, network(1), parts=parts)).donors]


def test_the_bar_is_the_median_of_the_scored_trials_of_the_last_generation() -> None:
    first = [trial(0, 0.1), trial(1, 0.2)]
    second = [trial(2, 0.5), trial(3, None), trial(4, 0.9), trial(5, 0.6)]
    past = told(Economies(stop_early=True), first, second)
    assert past.hints(trial(6, None)[0]).bar == 0.6
    assert told(NONE, first, second).hints(trial(6, None)[0]).bar is None


def test_the_ratio_is_the_mean_over_all_compressions_so_far() -> None:
    skipped = {"extra": {"compression": {"skipped": True, "ratio": 1.0}}}
    first = [trial(0, 0.1, ratio=2.0), trial(1, 0.2, ratio=3.0)]
    second = [trial(2, 0.5, **skipped), trial(3, 0.5, ratio=4.0), trial(4, 0.1, ratio=9.0, cached_from=0)]
    past = told(NONE, first, second)
    assert [past.hints(trial(number, None)[0]).ratio for number in (5, 6)] == [None, 3.0]
    assert told(NONE).hints(trial(6, None)[0]).ratio is None


def test_one_compression_of_every_generation_is_tried_whatever_the_ratio() -> None:
    """Else a ratio that was bad once would be for ever: where nothing is compressed it does not change."""
    past = told(Economies(cache=True), [trial(0, 0.1, ratio=1.1)])
    asked = [
        trial(1, None)[0],  # equal to trial 0
        Proposal(2, 1, network(5), compress=False),
        Proposal(3, 1, network(5)),
        Proposal(4, 1, network(6)),
    ]
    assert [past.hints(proposal).ratio for proposal in asked] == [1.1, 1.1, None, 1.1]
    assert past.hints(asked[2]).ratio is None
    past.tell([asked[3]], {4: trial(4, 0.2, filters=(6,), ratio=1.3)[1]})
    assert [past.hints(Proposal(number, 2, network(number))).ratio for number in (7, 8)] == [None, 1.2000000000000002]


def test_each_part_comes_from_the_best_network_that_has_it() -> None:
    past = told(
        REUSE,
        [trial(0, 0.9, {"conv2d_1": A}), trial(1, 0.95, {"conv2d_1": B, "conv2d_2": "x"})],
        [trial(2, 0.5, {"conv2d_1": A, "conv2d_2": B})],
    )
    assert donors(past, {"conv2d_1": A, "conv2d_2": B, "conv2d_3": "new"}) == [
        (0, {"conv2d_1": "conv2d_1"}), (1, {"conv2d_2": "conv2d_1"})
    ]  # fmt: skip
    hints = past.hints(Proposal(9, 2, network(1), parts={"conv2d_1": A}))
    assert hints.donors == (Donor(0, Path("models/0.keras"), {"conv2d_1": "conv2d_1"}),)


def test_several_places_of_a_part_are_paired_in_order() -> None:
    past = told(REUSE, [trial(0, 0.9, {"conv2d_1": A, "conv2d_2": A})])
    assert donors(past, {"conv2d_1": A, "conv2d_3": A, "conv2d_4": A}) == [
        (0, {"conv2d_1": "conv2d_1", "conv2d_3": "conv2d_2", "conv2d_4": "conv2d_2"})
    ]


def test_a_cached_trial_gives_the_network_of_its_source() -> None:
    past = told(REUSE, [trial(0, 0.9, {"conv2d_1": "old"})], [trial(1, 0.9, {"conv2d_1": A}, cached_from=0)])
    assert donors(past, {"conv2d_1": A}) == [(0, {"conv2d_1": "conv2d_1"})]


def test_a_network_from_which_layers_were_removed_gives_nothing() -> None:
    """Its layers are numbered anew: 'conv2d_1' of the smaller network is not the one that the part was."""
    smaller = {"trained": {"architecture": network(8).to_json(), "cost": {}}}
    narrower = {"trained": {"architecture": network(2, 3).to_json(), "cost": {}}}
    assert donors(told(REUSE, [trial(0, 0.9, {"conv2d_1": A}, **smaller)]), {"conv2d_1": A}) == []
    assert len(donors(told(REUSE, [trial(0, 0.9, {"conv2d_1": A}, **narrower)]), {"conv2d_1": A})) == 1


def test_equal_networks_are_found_only_with_a_cache_and_scored_the_same_way() -> None:
    proposal, event = trial(0, 0.9)
    past = told(Economies(cache=True), [(proposal, event), trial(1, 0.3), trial(2, None, filters=(5,))])
    assert past.equal(Proposal(7, 1, network(8, 9))) is event
    assert past.equal(Proposal(7, 1, network(8, 9), compress=False)) is None
    assert past.equal(Proposal(7, 1, network(5))) is None
    assert told(NONE, [(proposal, event)]).equal(Proposal(7, 1, network(8, 9))) is None


INHERIT = Economies(inherit=True)


def parent_of(past: Past, architecture: Architecture, **more: Any) -> int | None:
    hints = past.hints(Proposal(9, 2, architecture, **more))
    return None if hints.parent is None else hints.parent.trial


def test_a_parent_is_the_proposals_own_then_that_of_its_origin_then_the_nearest_network() -> None:
    past = told(INHERIT, [trial(0, 0.1, filters=(8,)), trial(1, 0.2, filters=(8, 9, 10)), trial(2, None)])
    near = network(8, 9, 11)
    assert parent_of(past, near, parent=0, origin={"parents": [1]}) == 0
    assert parent_of(past, near, origin={"parents": [0]}) == 0
    assert parent_of(past, near) == 1
    # A failed trial has no network: the nearest that has one stands in.
    assert parent_of(past, near, parent=2) == 1
    assert parent_of(told(NONE, [trial(0, 0.1)]), near, parent=0) is None
    assert parent_of(told(INHERIT, [trial(0, None)]), near) is None


def test_morphisms_belong_to_the_parent_that_they_were_made_for() -> None:
    past = told(INHERIT, [trial(0, 0.1), trial(1, None)])
    change = (Morphism("widen", 1, width=12),)
    assert past.hints(Proposal(2, 1, network(12, 9), parent=0, morphisms=change)).morphisms == change
    assert past.hints(Proposal(2, 1, network(12, 9), parent=1, morphisms=change)).morphisms == ()


def test_a_larger_budget_goes_on_from_the_smaller_one() -> None:
    proposal, event = trial(0, 0.1)
    past = told(Economies(continues=True), [(replace(proposal, budget=3), event), trial(1, None)])
    hints = past.hints(Proposal(2, 1, network(8, 9), budget=9, continues=0))
    assert (hints.epochs, hints.trained_epochs) == (9, 3)
    assert hints.continues is not None and hints.continues.file == Path("models/0.keras")
    failed = past.hints(Proposal(2, 1, network(8, 9), budget=9, continues=1))
    assert (failed.epochs, failed.trained_epochs, failed.continues) == (9, 0, None)


def test_a_score_of_another_budget_is_not_taken_over() -> None:
    proposal, event = trial(0, 0.1)
    past = told(Economies(cache=True), [(replace(proposal, budget=3), event)])
    assert past.equal(replace(proposal, trial=5, budget=3)) is event
    assert past.equal(replace(proposal, trial=5, budget=9)) is None


def test_the_bar_of_the_filter_counts_failed_trials_too() -> None:
    generation = [trial(i, None if i % 2 else 0.5, metrics={"synflow": float(i)}) for i in range(10)]
    past = told(Economies(proxy="synflow", keep=0.3), generation)
    assert past.hints(trial(10, None)[0]).filter_bar == 7.0
    assert told(Economies(proxy="synflow", keep=0.3), generation[:3]).hints(trial(3, None)[0]).filter_bar is None
    assert told(NONE, generation).hints(trial(10, None)[0]).filter_bar is None
