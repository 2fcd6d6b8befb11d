import weakref
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas_cli.distributed.ring import OneProcess
from nas_cli.errors import ConfigError
from nas_cli.oneshot.phase import SupernetPhase
from nas_cli.oneshot.settings import SupernetSettings
from nas_cli.relevance.settings import RelevanceSettings
from nas_cli.spaces.points import Points
from tests.oneshot.supernet_settings import darts, one_shot
from tests.spaces.configured import registered
from tests.training.examples import PLAIN, images, table, training

SPACE = registered("nasbench201", (8, 8, 1), 3, channels=2, cells=1)
GRAPH = registered("dag", (4,), 1, vertices=3, width=4, vector_operations=("none", "identity", "dense_tanh"))
TWO = darts(searches=2, epochs=2, batch_size=12)
TIMES = ("seconds", "epoch_seconds", "ordinary_epoch_seconds", "ratio")


class Log:
    """A journal in memory that dies before it takes more than `room` events."""

    def __init__(self, events: Sequence[Mapping[str, Any]] = (), room: int = 1000) -> None:
        self.events: list[Any] = list(events)
        self._room = room

    def write(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        if len(self.events) == self._room:
            raise KeyboardInterrupt
        self.events.append(event)
        return event

    def without_times(self) -> list[dict[str, Any]]:
        return [{key: value for key, value in event.items() if key not in TIMES} for event in self.events]


def phase(folder: Path, settings: SupernetSettings = TWO, space: Any = SPACE, data: Any = None) -> SupernetPhase:
    common = (space, data or images(48), PLAIN, training(), settings)
    return SupernetPhase(*common, 0, lambda candidate: True, 2, folder, OneProcess(), lambda event: None)


def test_each_search_leaves_its_epochs_and_what_it_derived(tmp_path: Path) -> None:
    log, one = Log(), phase(tmp_path / "checkpoints")
    one.run(log)
    kinds = [event["event"] for event in log.events]
    assert kinds == ["structure", "structure", "supernet_cost", "derived", "structure", "structure", "derived"]
    epoch = log.events[1]
    assert np.asarray(epoch["gamma"]["cell"]).shape == (6, 5)
    assert epoch["genotype"] == log.events[3]["genotype"]
    assert epoch["flops"] > 0 and epoch["expected_flops"] > 0
    assert 0 <= epoch["valid_accuracy"] <= 1
    assert epoch["signs"]["skips"]["cell"] == list(epoch["genotype"].values()).count("skip_connect")
    assert [found.kind for found in one.found()] == ["derived", "derived", "random", "random"]
    assert not list(tmp_path.iterdir())


def test_a_supernet_is_freed_before_the_next_one_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, alive = SupernetPhase._made, list[Any]()

    def noted(self: SupernetPhase, seed: int) -> Any:
        assert not any(one() for one in alive)
        search = made(self, seed)
        alive.extend([weakref.ref(search.net), weakref.ref(search)])
        return search

    monkeypatch.setattr(SupernetPhase, "_made", noted)
    phase(tmp_path).run(Log())
    assert len(alive) == 4 and not any(one() for one in alive)


def test_a_killed_phase_goes_on_to_the_same_end(tmp_path: Path) -> None:
    whole = Log()
    phase(tmp_path / "whole").run(whole)
    for room in (0, 1, 2, 3, 5):
        log = Log(room=room)
        with pytest.raises(KeyboardInterrupt):
            phase(tmp_path / str(room)).run(log)
        again, one = Log(log.events), phase(tmp_path / str(room))
        one.run(again)
        assert again.without_times() == whole.without_times()
        assert len(one.found()) == 4


def test_the_checkpoint_of_another_search_is_refused(tmp_path: Path) -> None:
    from nas_cli.errors import RunError

    with pytest.raises(KeyboardInterrupt):
        phase(tmp_path).run(Log(room=1))
    with pytest.raises(RunError, match="another"):
        phase(tmp_path, replace(TWO, batch_size=8)).run(Log())


def test_networks_scored_with_inherited_weights(tmp_path: Path) -> None:
    settings = one_shot(epochs=1, batch_size=12, scored=6, top=2, evolution_population=3, evolution_sample=2)
    log, one = Log(), phase(tmp_path, settings)
    one.run(log)
    assert [event["event"] for event in log.events] == ["structure", "supernet_cost", "inherited"]
    scores = log.events[-1]["scores"]
    assert len(scores) == 6
    top = [found for found in one.found() if found.kind == "top"]
    assert [found.score for found in top] == sorted({str(g): s for g, s in scores}.values(), reverse=True)[:2]
    assert [found.score for found in one.found()[2:]] == [score for _, score in log.events[-1]["random"]]


@pytest.mark.parametrize("order", [1, 2])
def test_a_graph_with_gaussian_weights_for_numbers(tmp_path: Path, order: int) -> None:
    update = "closed_form" if order == 1 else "hypergradient"
    ard = RelevanceSettings(name="ard", share="weight", update=update, initial_log_variance=-6.0)
    settings = darts(searches=1, epochs=2, batch_size=16, order=order, relevance=ard, cost_weight=0.1, incoming=1)
    log = Log()
    phase(tmp_path, settings, GRAPH, table(64)).run(log)
    first, second = log.events[0], log.events[1]
    assert np.isfinite([first["valid_rmse"], second["valid_rmse"]]).all()
    assert first["gamma"] != second["gamma"]
    # The validation loss is a likelihood here, the error is still one in raw units.
    assert second["train_rmse"] > 1.0


def test_limits_on_points_hold_for_random_networks_and_for_those_scored(tmp_path: Path) -> None:
    def no_convolution(point: Any) -> bool:
        return not any("conv" in str(value) for value in dict(point.values).values())

    settings = one_shot(epochs=1, batch_size=12, scored=4, top=2, evolution_population=2, evolution_sample=1)
    common = (Points(SPACE), images(48), PLAIN, training(), settings)
    one = SupernetPhase(*common, 0, no_convolution, 2, tmp_path, OneProcess(), lambda event: None)
    one.run(Log())
    assert len(one.found()) == 4
    assert all(no_convolution(SPACE.point(found.values)) for found in one.found())


def test_a_strong_price_of_computation_makes_networks_cheap(tmp_path: Path) -> None:
    costs = []
    for weight in (0.0, 100.0):
        alpha = replace(darts().alpha, learning_rate=0.1)
        log, settings = Log(), darts(searches=1, epochs=4, batch_size=4, cost_weight=weight, alpha=alpha)
        phase(tmp_path / str(weight), settings).run(log)
        costs.append(log.events[3]["expected_flops"])
    assert costs[1] < 0.7 * costs[0]


def test_a_collapse_ends_a_search_early(tmp_path: Path) -> None:
    log = Log()
    phase(tmp_path, darts(searches=1, epochs=3, batch_size=12, max_skips=0)).run(log)
    stopped = log.events[-1]["stopped"]
    epochs = [event for event in log.events if event["event"] == "structure"]
    assert (stopped is None) == (len(epochs) == 3 and epochs[-1]["signs"]["skips"]["cell"] == 0)
    assert stopped is None or "skip connections" in stopped


def test_options_that_a_supernet_does_not_have(tmp_path: Path) -> None:
    ard = RelevanceSettings(name="ard", share="weight", update="closed_form", initial_log_variance=-6.0)
    with pytest.raises(ConfigError, match="space=dag"):
        phase(tmp_path, replace(TWO, relevance=ard)).run(Log())
    with pytest.raises(ConfigError, match="order=2"):
        darts(order=2, weights=replace(darts().weights, optimizer="adam"))
