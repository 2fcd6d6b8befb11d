import math

import numpy as np
import pytest

from nas_cli.spaces.decision import Categorical, Decision, Numeric
from nas_cli.strategies.bayesian.encoding import Encoding
from nas_cli.strategies.bayesian.expected_improvement import expected_improvement
from nas_cli.strategies.bayesian.gaussian_process import GaussianProcess, normal_scores
from tests.strategies.points import letters, spells


def test_expected_improvement_of_known_normals() -> None:
    """At the best itself it is deviation·φ(0); one deviation above, deviation·(Φ(1) + φ(1)) = 1.0833."""
    values = expected_improvement(np.array([0.0, 1.0, -1.0, 2.0]), np.array([1.0, 1.0, 1.0, 0.0]), 0.0)
    assert values == pytest.approx([1 / math.sqrt(2 * math.pi), 1.0833155, 0.0833155, 2.0], abs=1e-6)


def test_normal_scores_by_hand() -> None:
    """Ranks 1, 2½, 2½, 4 of 4: Φ⁻¹(⅛), Φ⁻¹(½), Φ⁻¹(½), Φ⁻¹(⅞)."""
    assert normal_scores(np.array([7.0, -100.0, 7.0, 8.0])) == pytest.approx([0.0, -1.150349, 0.0, 1.150349], abs=1e-6)


def test_different_choices_are_as_far_apart_as_the_ends_of_a_range() -> None:
    decisions = [Decision("letter", Categorical(("a", "b", "c"))), Decision("x", Numeric(0, 10))]
    first, other, far = Encoding(decisions)([("a", 0.0), ("b", 0.0), ("a", 10.0)])
    assert np.linalg.norm(first - other) == pytest.approx(1.0)
    assert np.linalg.norm(first - far) == pytest.approx(1.0)
    assert first == pytest.approx([2**-0.5, 0, 0, 0])


def test_decisions_that_do_not_count_change_no_distance() -> None:
    decisions = [
        Decision("kind", Categorical(("plain", "tuned"))),
        Decision("rate", Numeric(0, 1), when=("kind", ("tuned",))),
        Decision("way", Categorical(("x", "y")), when=("kind", ("tuned",))),
    ]
    one, other, tuned = Encoding(decisions)([("plain", 0.1, "x"), ("plain", 0.9, "y"), ("tuned", 0.1, "x")])
    assert one.tolist() == other.tolist() != tuned.tolist()


def test_a_pending_candidate_makes_way_for_another() -> None:
    space = letters(3)
    rng = np.random.default_rng(0)
    process = GaussianProcess(space.decisions, 64)
    words = [space.sample(rng) for _ in range(12)]
    process.observe([(word, spells(*map(str, word))) for word in words])
    first = next(process.suggest(np.random.default_rng(1)))
    process.expect(first)
    assert next(process.suggest(np.random.default_rng(1))) != first
    process.observe([])
    assert next(process.suggest(np.random.default_rng(1))) == first
