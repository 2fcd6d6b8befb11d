"""The shrinking phase on data that is learnt in seconds."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.costs import target_device
from nas_cli.costs.keras_cost import model_cost
from nas_cli.costs.latency import Device
from nas_cli.data.dataset import Dataset
from nas_cli.errors import ConfigError, RunError
from nas_cli.models.builder import standardised
from nas_cli.morph.compress import Compression, compress
from nas_cli.surgery.shrink import shrink
from nas_cli.training.fit import fit
from tests.morph import nets
from tests.training.examples import PLAIN, images, training, weights


def network(data: Dataset, norm: bool = True) -> Any:
    """Two convolutions of 16 channels with batch norm; without it, also a hidden layer of 16."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input(data.input_shape)
    x = standardised(inputs, data.scale, data.offset)
    if norm:
        x = nets.normed(nets.normed(x, 16, 3, "a"), 16, 3, "b", strides=2)
        return nets.classifier(inputs, x, data.classes)
    layers = keras.layers
    x = layers.Conv2D(16, 3, padding="same", activation="relu", name="conv_a")(x)
    x = layers.Conv2D(16, 3, 2, padding="same", activation="relu", name="conv_b")(x)
    x = layers.Dense(16, activation="relu", name="hidden")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(data.classes, name="logits")(x))


def shrunk(model: Any, data: Dataset, progress: Any = None, checkpoints: Path | None = None, **changes: Any) -> Any:
    settings = nets.settings(**{"epochs": 8, **changes})
    return compress(model, data, settings, training(), PLAIN, 0, progress=progress, checkpoints=checkpoints)


@pytest.mark.parametrize("norm", [True, False])
def test_it_removes_channels_and_the_smaller_network_learns_on(norm: bool) -> None:
    data = images(train=320)
    model = network(data, norm)
    found: Compression = shrunk(model, data)
    assert found.cost_after < 0.9 * found.cost_before
    assert found.warnings == ()
    smaller = shrink(model, found.keep)
    assert model_cost(smaller).flops == found.flops_after < found.flops_before == model_cost(model).flops
    assert model_cost(smaller).params == found.params_after < found.params_before
    retrained = fit(smaller, data, training(epochs=3), PLAIN, seed=1)
    assert retrained.curve[-1]["valid_accuracy"] > 0.9
    for name, mask in found.keep.items():
        assert mask.sum() == found.alive[name] == found.sizes[name] == found.widths[name]
    assert "logits" not in found.keep


def test_every_epoch_says_what_lives() -> None:
    data = images(train=160)
    seen: list[Any] = []
    found = shrunk(network(data), data, progress=seen.append, epochs=2)
    assert [epoch["epoch"] for epoch in seen] == [1, 2]
    assert all(epoch["phase"] == "shrink" and epoch["channels"] == 32 for epoch in seen)
    assert seen[-1]["alive"] == sum(found.alive.values())
    assert seen[-1]["cost"] == found.cost_after
    assert [epoch["alive"] for epoch in found.curve] == [epoch["alive"] for epoch in seen]


def test_too_small_a_strength_warns_that_nothing_moved() -> None:
    data = images(train=160)
    found = shrunk(network(data), data, epochs=2, multiplier=1e-6, learning_rate=1e-5)
    assert found.cost_after == found.cost_before
    (line,) = found.warnings
    assert line == (
        "the shrinking phase moved flops by 0.0%: raise morph.multiplier (1e-06), morph.learning_rate (1e-05) or the "
        "length of the phase (20 steps)."
    )
    (line,) = shrunk(network(data), data, epochs=1, multiplier=1e-6, learning_rate=1e-5, reduction=0.5).warnings
    assert line.startswith("the shrinking phase lowered the relevance of the channels by")


def test_a_reduction_that_living_channels_must_pay_for_is_said() -> None:
    """The relevance moves a little, so the order means something, but nothing is near its threshold."""
    data = images()
    (line,) = shrunk(network(data), data, epochs=2, learning_rate=0.002, multiplier=2.0, reduction=0.5).warnings
    assert line.startswith("dead channels account for 0.0% of the flops of the 50% that were to go")


def test_a_proximal_phase_that_moved_nothing_says_which_multiplier_would() -> None:
    """32 channels, 10 steps of 0.01: a scale falls from 1 to 0 by 0.01 · m/32 a step, with m = 320."""
    data = images(train=160)
    found = shrunk(network(data), data, epochs=1, learning_rate=0.01, proximal=True)
    assert "with morph.proximal=true a multiplier of about 3.2e+02 brings a scale of 1 to zero" in found.warnings[0]


def test_latency_goes_by_the_device_that_is_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target_device, "find_device", lambda name: pytest.fail("measured"))
    data = images(train=160)
    settings = nets.settings(target="latency", device="this_machine", reduction=0.5)
    costs = [
        compress(network(data), data, settings, training(), PLAIN, 0, device=Device("this_machine", peak, peak / 10))
        for peak in (1e9, 2e9)
    ]
    assert costs[0].cost_before == pytest.approx(2 * costs[1].cost_before)


def test_a_reduction_is_met_with_whole_multiples() -> None:
    data = images(train=160)
    found = shrunk(network(data), data, reduction=0.5, round_to=4, epochs=2)
    assert found.cost_after <= 0.5 * found.cost_before
    assert all(size % 4 == 0 for size in found.sizes.values())


def test_expansion_fills_the_cost_again() -> None:
    data = images(train=160)
    found = shrunk(network(data), data, reduction=0.5, expand=1.0, epochs=2)
    assert found.omega is not None and found.omega > 1
    assert all(found.sizes[name] >= mask.sum() for name, mask in found.keep.items())
    assert found.widths["conv_a"] == found.sizes["conv_a"] > found.keep["conv_a"].sum()
    assert found.cost_after <= 0.5 * found.cost_before


def test_steps_may_end_inside_an_epoch_or_need_several() -> None:
    data = images(train=160)
    assert len(shrunk(network(data), data, steps=3).curve) == 1
    assert len(shrunk(network(data), data, steps=25).curve) == 3


def test_multipliers_start_alike_and_the_nearest_to_the_reduction_is_taken() -> None:
    data = images(train=160)
    model = network(data)
    found = shrunk(model, data, reduction=0.3, multipliers=(1e-6, 2.0), epochs=2, learning_rate=0.06)
    assert found.multiplier == 2.0
    assert [epoch["multiplier"] for epoch in found.curve] == [1e-6, 1e-6, 2.0, 2.0]
    alone = network(data)
    shrunk(alone, data, reduction=0.3, multiplier=2.0, epochs=2, learning_rate=0.06)
    for one, other in zip(weights(model), weights(alone), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def test_a_strength_that_kills_everything_leaves_the_best_or_is_an_error() -> None:
    data = images(train=320)
    found = shrunk(network(data), data, multiplier=1000.0)
    assert set(found.dead) == {"conv_a", "conv_b"}
    assert found.sizes == {"conv_a": 1, "conv_b": 1}
    assert "no channel was left alive in conv_a, conv_b" in found.warnings[0]
    with pytest.raises(ConfigError, match=r"the strength .* cuts the network: .*conv"):
        shrunk(network(data), data, multiplier=1000.0, min_channels=0)


def test_a_proximal_phase_makes_exact_zeros() -> None:
    data = images(train=320)
    model = network(data)
    found = shrunk(model, data, proximal=True, multiplier=30.0)
    gamma = np.array(model.get_layer("norm_a").gamma)
    assert found.cost_after < found.cost_before
    assert (gamma == 0).sum() >= 16 - found.alive["conv_a"] > 0


def test_a_loss_that_is_not_finite_is_an_error() -> None:
    data = images()
    with pytest.raises(RunError, match=r"lower morph\.learning_rate"):
        shrunk(network(data), data, learning_rate=1e30)


class Killed(Exception):
    """Stands for the death of the process."""


def test_a_killed_phase_continues_to_the_same_channels(tmp_path: Path) -> None:
    data = images(train=160)
    expected = shrunk(network(data), data, epochs=3)

    def kill(epoch: Any) -> None:
        if epoch["epoch"] == 2:
            raise Killed

    with pytest.raises(Killed):
        shrunk(network(data), data, kill, tmp_path, epochs=3)
    found = shrunk(network(data), data, None, tmp_path, epochs=3)
    assert {name: mask.tolist() for name, mask in found.keep.items()} == {
        name: mask.tolist() for name, mask in expected.keep.items()
    }
    assert found.curve[-1]["valid_loss"] == pytest.approx(expected.curve[-1]["valid_loss"], rel=1e-4)


def test_multipliers_need_a_reduction() -> None:
    with pytest.raises(ConfigError, match=r"needs morph\.reduction"):
        nets.settings(multipliers=(0.1, 1.0))
