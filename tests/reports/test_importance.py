"""Which decisions matter."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeRegressor

from nas_cli.reports.importance import Importance, encoded, importance, varying
from nas_cli.reports.leaf_boxes import leaves, main_effects
from nas_cli.reports.trial import Trial
from tests.reports import journals

CORNERS = np.array(list(itertools.product([0.25, 0.75], repeat=2)))


def tree(values: list[float]) -> object:
    return DecisionTreeRegressor(random_state=0).fit(CORNERS, values).tree_


def test_main_effects_by_hand() -> None:
    # f = 3·[x > ½] + [y > ½]: variances 9/4 and 1/4 of 10/4 in all.
    assert main_effects(tree([0, 1, 3, 4])) == pytest.approx([0.9, 0.1])


def test_a_pure_interaction_has_no_main_effect() -> None:
    assert main_effects(tree([0, 1, 1, 0])) == pytest.approx([0.0, 0.0])
    assert main_effects(tree([2, 2, 2, 2])) is None


@given(st.lists(st.integers(0, 9), min_size=20, max_size=20), st.integers(0, 99))
def test_boxes_fill_the_cube_and_effects_are_shares(values: list[int], seed: int) -> None:
    points = np.random.default_rng(seed).random((20, 3))
    fitted = DecisionTreeRegressor(random_state=0).fit(points, values).tree_
    low, high, _ = leaves(fitted)
    assert np.prod(high - low, axis=1).sum() == pytest.approx(1.0)
    effects = main_effects(fitted)
    if effects is not None:
        assert effects.min() >= -1e-9
        assert effects.sum() <= 1 + 1e-9


def test_the_decision_that_matters_comes_first() -> None:
    found = importance([Trial(event) for event in journals.point_events(0, trials=60) if event["event"] == "trial"])
    assert isinstance(found, Importance)
    first = found.effects[0]
    assert first.name == "operation"
    assert first.low <= first.share <= first.high
    assert first.share > 0.9
    assert found.explained > 0.9
    assert sum(effect.share for effect in found.effects) + found.rest == pytest.approx(1.0)


def test_too_little_is_said_in_words() -> None:
    few = [Trial(journals.point_trial(i, {"operation": "conv", "width": 16})) for i in range(5)]
    assert importance(few) == "Too few trials to say which decisions matter: 5, at least 20 are needed."
    same = [Trial(journals.point_trial(i, {"operation": "conv", "width": 16})) for i in range(25)]
    assert importance(same) == "No decision varies over the trials."


def test_values_become_places_between_0_and_1() -> None:
    assert encoded(["b", "a", "b"]).tolist() == [0.75, 0.25, 0.75]
    assert encoded([8, 16, 8]).tolist() == [0.25, 0.75, 0.25]
    wide = encoded([10.0**-i for i in range(13)])
    assert wide == pytest.approx(np.linspace(1, 0, 13))


def test_decisions_that_some_trials_lack_are_left_out() -> None:
    assert varying([{"a": 1, "b": 1}, {"a": 2}]) == ["a"]
    assert varying([]) == []
