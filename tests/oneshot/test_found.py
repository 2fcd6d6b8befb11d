import pytest

from nas_cli.errors import ConfigError
from nas_cli.oneshot.found import DERIVED, RANDOM, Found, FoundNetworks, random_networks
from nas_cli.strategies.contract import Outcome
from tests.oneshot.supernet_settings import darts
from tests.spaces.configured import registered

SPACE = registered("nasbench201", (8, 8, 1), 3, channels=2, cells=1)
ALL_SKIP = ("skip_connect",) * 6


def test_found_and_random_networks_are_one_batch() -> None:
    found = [Found(ALL_SKIP, DERIVED, 0), Found(("none",) * 6, RANDOM, None, 0.25)]
    strategy = FoundNetworks(SPACE, lambda candidate: True, lambda: found)
    proposals = strategy.ask()
    assert strategy.ask() == proposals
    assert [one.origin["kind"] for one in proposals] == ["derived", "random"]
    assert proposals[0].architecture == SPACE.architecture(ALL_SKIP)
    assert proposals[0].origin["search"] == 0
    assert proposals[1].origin["one_shot_score"] == 0.25
    strategy.tell([Outcome(0, None), Outcome(1, 0.5)])
    assert strategy.ask() == []
    assert strategy.describe() == {"derived": 1, "random": 1}


def test_a_result_beyond_the_limits_is_trained_and_marked() -> None:
    strategy = FoundNetworks(SPACE, lambda candidate: False, lambda: [Found(ALL_SKIP, DERIVED, 0)])
    assert strategy.ask()[0].origin["over_limits"] is True


def test_random_networks_depend_on_seed_and_number_and_respect_the_limits() -> None:
    first = random_networks(SPACE, lambda candidate: True, darts(), 3, 4)
    assert first[:2] == random_networks(SPACE, lambda candidate: True, darts(), 3, 2)
    assert first != random_networks(SPACE, lambda candidate: True, darts(), 4, 4)
    with pytest.raises(ConfigError, match="respects the limits"):
        random_networks(SPACE, lambda candidate: False, darts(attempts=3), 0, 1)
