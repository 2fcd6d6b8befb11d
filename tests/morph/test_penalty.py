"""The strength, plain lasso, and the proximal step by hand."""

from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.errors import ConfigError
from nas_cli.morph.penalty import MorphNetPenalty
from nas_cli.surgery.channels import find_channels
from nas_cli.surgery.resource import resource
from tests.morph import nets


def penalty(model: Any, **changes: Any) -> MorphNetPenalty:
    channels = find_channels(model)
    return MorphNetPenalty(channels, resource("flops", channels), nets.settings(**changes))


def gamma(model: Any, name: str) -> list[float]:
    return [float(value) for value in np.array(model.get_layer(f"norm_{name}").gamma)]


def test_the_strength_is_the_multiplier_over_the_cost_of_the_whole_network() -> None:
    """1152·3·4 + 288·4·5 + 32·5·3 + 2·3·2 = 20076 FLOPs; 12 channels can go."""
    assert penalty(nets.chain(), multiplier=3.0).strength == pytest.approx(3 / 20076)
    assert penalty(nets.chain(), multiplier=3.0, weighting="uniform").strength == pytest.approx(2 * 3 / 12)


def test_uniform_weighting_is_twice_the_mean_relevance_whatever_channels_cost() -> None:
    """2·(1 + 1 + 0.5 + 0.5 + 5·0.2 + 3·0.1) / 12 = 0.7167."""
    model = nets.with_gammas(nets.chain(), {"a": (1, -1, 0.5, 0.5), "b": (0.2,) * 5, "c": (0.1,) * 3})
    assert float(penalty(model, weighting="uniform").loss()) == pytest.approx(2 * 4.3 / 12)


def test_the_proximal_step_shrinks_gammas_by_rate_times_strength_times_weight() -> None:
    """All live: a's weight is 1152·3 + 288·5 = 4896, b's 288·4 + 32·3 = 1248.

    The rate is such that a's step is 0.3: b's is then 0.3·1248/4896 = 0.07647.
    """
    model = nets.with_gammas(nets.chain(), {"a": (1, -0.5, 0.2, 0.3), "b": (0.08, -0.08, 0.07, 1, -0.02)})
    step = penalty(model, proximal=True)
    assert float(step.loss()) == 0
    step.after_step(0.3 / (step.strength * 4896))
    assert gamma(model, "a") == pytest.approx([0.7, -0.2, 0, 0], abs=1e-6)
    cut = 0.3 * 1248 / 4896
    assert gamma(model, "b") == pytest.approx([0.08 - cut, cut - 0.08, 0, 1 - cut, 0], abs=1e-6)


def test_tied_members_are_cut_to_a_common_level() -> None:
    """A step of 0.3 on pairs: (1, 0.9) → 0.8 both, 0.2 + 0.1 cut; (1, 0.2) → (0.7, 0.2); (0.1, -0.15) → 0 both;
    (0.5, -0.4) → (0.3, -0.3). All live: the weight is 1152·3 + 1152·8 + 288·3 = 13536.
    """
    model = nets.with_gammas(nets.residual(), {"a": (1, 1, 0.1, 0.5), "d": (0.9, 0.2, -0.15, -0.4)})
    step = penalty(model, proximal=True)
    step.after_step(0.3 / (step.strength * 13536))
    assert gamma(model, "a") == pytest.approx([0.8, 0.7, 0, 0.3], abs=1e-6)
    assert gamma(model, "d") == pytest.approx([0.8, 0.2, 0, -0.3], abs=1e-6)


@pytest.mark.parametrize(("norm", "scale"), [("l2", 1.0), ("rms", 27**-0.5), ("scaled", 27**0.5)])
def test_the_proximal_step_shrinks_norms_and_keeps_directions(norm: str, scale: float) -> None:
    """r = c·‖w‖: the proximal step of t·r shortens w by t·c. conv_a reads 27 weights; its weight is 4896 as above."""
    model = nets.plain()
    kernel = model.get_layer("conv_a").kernel
    before = np.array(kernel)
    lengths = np.sqrt((before**2).sum(axis=(0, 1, 2)))
    step = penalty(model, proximal=True, norm=norm)
    step.after_step(0.1 / scale / (step.strength * (1152 * 3 + 288 * 5)))
    after = np.array(kernel)
    np.testing.assert_allclose(np.sqrt((after**2).sum(axis=(0, 1, 2))), lengths - 0.1, rtol=1e-4)
    np.testing.assert_allclose(after / (lengths - 0.1), before / lengths, rtol=1e-3, atol=1e-5)


def test_a_proximal_step_works_in_a_compiled_graph() -> None:
    import tensorflow as tf

    model = nets.with_gammas(nets.chain(), {"a": (1, -0.5, 0.2, 0.3)})
    step = penalty(model, proximal=True)
    tf.function(step.after_step, jit_compile=True)(tf.constant(0.3 / (step.strength * 4896)))
    assert gamma(model, "a") == pytest.approx([0.7, -0.2, 0, 0], abs=1e-6)


def test_a_model_without_channels_to_remove_is_refused() -> None:
    inputs = nets.image()
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(inputs)))
    with pytest.raises(ConfigError, match="no channels to remove"):
        penalty(model)
    with pytest.raises(ConfigError, match=r"morph\.regularizer=gamma"):
        penalty(nets.plain(), regularizer="gamma")
