import math
from typing import Any

import numpy as np
import pytest

from nas_cli.strategies.reinforce.adam import Adam
from nas_cli.strategies.reinforce.controller import Controller, Episodes, objective, pick, softmax
from nas_cli.strategies.reinforce.factorised import FactorisedController
from nas_cli.strategies.reinforce.recurrent import RecurrentController
from nas_cli.strategies.reinforce.vocabulary import Vocabulary
from tests.strategies.points import line, mixed

VOCABULARY = Vocabulary(mixed().decisions, bins=3)


def factorised() -> Controller:
    controller = FactorisedController(VOCABULARY)
    controller.parameters["logits"][...] = np.random.default_rng(1).normal(size=(5, 4))
    return controller


def recurrent() -> Controller:
    controller = RecurrentController(VOCABULARY, 5, np.random.default_rng(1))
    for array in controller.parameters.values():
        array *= 8
    return controller


def episodes(count: int = 6) -> Episodes:
    rng = np.random.default_rng(0)
    actions = np.asarray([[rng.integers(size) for size in VOCABULARY.sizes] for _ in range(count)])
    active = np.asarray([VOCABULARY.active(row) for row in actions], dtype=np.float64)
    return Episodes(actions, active, rng.normal(size=count))


def test_vocabulary_has_choices_and_bins() -> None:
    assert VOCABULARY.sizes == (2, 3, 3, 3, 4)
    assert VOCABULARY.values([1, 0, 1, 2, 3]) == ("adam", pytest.approx(0.15), pytest.approx(0.01), 55, 4)
    assert Vocabulary(line(low=1, high=2, whole=True).decisions, bins=8).sizes == (2,)


def test_decisions_that_do_not_count_are_not_active() -> None:
    assert VOCABULARY.active([0, 0, 0, 0, 0]).tolist() == [True] * 5
    assert VOCABULARY.active([1, 0, 0, 0, 0]).tolist() == [True, False, True, True, True]


def test_softmax_leaves_masked_options_without_probability() -> None:
    shown = softmax(np.array([[0.0, math.log(3.0), 99.0]]), np.array([[True, True, False]]))
    assert shown == pytest.approx(np.array([[0.25, 0.75, 0.0]]))


def test_options_are_picked_as_often_as_their_probabilities_say() -> None:
    rng = np.random.default_rng(0)
    rows = np.tile([[0.2, 0.0, 0.5, 0.3, 0.0]], (20000, 1))
    shares = np.bincount(pick(rows, rng), minlength=5) / 20000
    assert shares == pytest.approx(rows[0], abs=0.015) and shares[1] == shares[4] == 0


def test_objective_by_hand() -> None:
    # One step of two equally likely options, one episode with advantage 2: -2·log ½ - 0.1·log 2.
    one = Episodes(np.array([[0]]), np.array([[1.0]]), np.array([2.0]))
    loss, slope = objective(np.array([[[0.5, 0.5]]]), one, 0.1)
    assert loss == pytest.approx(1.9 * math.log(2))
    assert slope[0, 0] == pytest.approx([-1.0, 1.0])


@pytest.mark.parametrize("make", [factorised, recurrent])
def test_gradients_equal_finite_differences(make: Any) -> None:
    controller, given, rng = make(), episodes(), np.random.default_rng(2)
    _, gradient = controller.gradient(given, 0.3)
    assert set(gradient) == set(controller.parameters)
    for name, array in controller.parameters.items():
        for at in rng.permutation(array.size)[:40]:
            place, value = np.unravel_index(at, array.shape), array.flat[at]
            losses = []
            for moved in (value + 1e-5, value - 1e-5):
                array[place] = moved
                losses.append(controller.gradient(given, 0.3)[0])
            array[place] = value
            assert gradient[name][place] == pytest.approx((losses[0] - losses[1]) / 2e-5, abs=1e-7), (name, place)


def test_steps_that_do_not_count_have_no_gradient() -> None:
    given = Episodes(np.array([[1, 2, 0, 0, 0]]), np.array([[1.0, 0.0, 1.0, 1.0, 1.0]]), np.array([1.0]))
    _, gradient = factorised().gradient(given, 0.1)
    assert np.all(gradient["logits"][1] == 0) and np.all(gradient["logits"][0, :2] != 0)


def test_the_recurrent_controller_samples_what_its_gradient_believes_in() -> None:
    # The second choice depends on the first one: how often each pair is drawn is exp(log π) of the pair.
    vocabulary = Vocabulary(mixed().decisions[:1] * 2, bins=1)
    controller = RecurrentController(vocabulary, 4, np.random.default_rng(3))
    for array in controller.parameters.values():
        array *= 25
    rng, count = np.random.default_rng(0), 4000
    drawn = [tuple(controller.sample(rng)) for _ in range(count)]
    for pair in ((0, 0), (0, 1), (1, 0), (1, 1)):
        one = Episodes(np.array([pair]), np.ones((1, 2)), np.ones(1))
        expected = math.exp(-controller.gradient(one, 0.0)[0])
        assert drawn.count(pair) / count == pytest.approx(expected, abs=0.03)


def test_adam_by_hand() -> None:
    weights = {"w": np.array([1.0])}
    adam = Adam(weights, 0.1)
    adam.step({"w": np.array([4.0])})
    assert weights["w"] == pytest.approx([0.9])
    adam.step({"w": np.array([-2.0])})
    # m = (0.9·0.4 - 0.2)/0.19, v = (0.999·0.016 + 0.004)/0.001999.
    step = 0.1 * (0.16 / 0.19) / math.sqrt(0.019984 / 0.001999)
    assert weights["w"] == pytest.approx([0.9 - step])
