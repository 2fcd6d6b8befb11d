"""Net2Net: a grown network answers as before, whatever its layers."""

from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.costs.keras_graph import trace
from nas_cli.errors import ConfigError
from nas_cli.models import zoo
from nas_cli.surgery.channels import find_channels
from nas_cli.surgery.grow import deepen, widen
from nas_cli.surgery.keep import Keep
from nas_cli.surgery.mask import mask
from nas_cli.surgery.shrink import shrink
from tests.surgery.agreement import answers
from tests.surgery.random_graphs import random_model
from tests.surgery.random_weights import images, randomise

layers = keras.layers

ZOO: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "lenet_300_100": ((12, 12, 1), {}),
    "paper3_cnn": ((16, 16, 3), {}),
    "resnet20": ((16, 16, 3), {"shortcut": "pad"}),
    "mobilenet_v2": ((32, 32, 3), {"alpha": 0.35}),
}


NAMES = [pytest.param(name, marks=pytest.mark.slow) if name == "mobilenet_v2" else name for name in ZOO]


def slow(seeds: range) -> list[Any]:
    """The seeds of tests that are no part of `make test`."""
    return [pytest.param(seed, marks=pytest.mark.slow) for seed in seeds]


def _assert_same_answers(old: keras.Model, new: keras.Model) -> None:
    batch = images(old, np.random.default_rng(0))
    before = answers(old, batch)
    np.testing.assert_allclose(answers(new, batch), before, rtol=0, atol=1e-4 * max(1.0, float(np.abs(before).max())))
    assert new.count_params() > old.count_params()
    assert type(new) is type(old)


def _zoo(name: str) -> keras.Model:
    shape, options = ZOO[name]
    model = zoo.build(name, shape, 10, [1 / 64] * shape[-1], [-2.0] * shape[-1], **options)
    randomise(model, np.random.default_rng(0))
    return model


def _small() -> keras.Model:
    """One hidden layer of two units whose weights can be read."""
    model = keras.Sequential(
        [keras.Input((2,)), layers.Dense(2, "relu", name="hidden"), layers.Dense(1, name="logits")]
    )
    model.set_weights(
        [np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([5.0, 6.0]), np.array([[10.0], [20.0]]), np.ones(1)]
    )
    return model


def test_a_copied_unit_has_the_same_inputs_and_shares_its_readers_weights() -> None:
    wide = widen(_small(), "hidden", 4, np.random.default_rng(0))
    kernel, bias, readers, _ = wide.get_weights()
    np.testing.assert_array_equal(kernel, [[1, 1, 2, 2], [3, 3, 4, 4]])
    np.testing.assert_array_equal(bias, [5, 5, 6, 6])
    np.testing.assert_array_equal(readers, [[5], [5], [10], [10]])


def test_noise_tells_the_copies_apart_and_leaves_the_first_of_each() -> None:
    kernel = widen(_small(), "hidden", 4, np.random.default_rng(0), noise=0.1).get_weights()[0]
    np.testing.assert_array_equal(kernel[:, [0, 2]], [[1, 2], [3, 4]])
    assert (kernel[:, [1, 3]] != kernel[:, [0, 2]]).all()


def test_the_same_seed_copies_the_same_units() -> None:
    first, second = (widen(_small(), "hidden", 3, np.random.default_rng(5)) for _ in range(2))
    for left, right in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)


def test_an_inserted_layer_is_the_identity_behind_its_activation() -> None:
    deep = deepen(_small(), "hidden")
    assert [layer.name for layer in deep.layers] == ["hidden", "hidden_deeper", "logits"]
    np.testing.assert_array_equal(deep.layers[1].get_weights()[0], np.eye(2))
    assert deep.layers[1].activation.__name__ == "relu"
    assert [layer.name for layer in deepen(deep, "hidden").layers][:3] == ["hidden", "hidden_deeper2", "hidden_deeper"]


def test_what_cannot_grow_is_refused_by_name() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ConfigError, match="channel group 'logits' cannot be widened: model output"):
        widen(_small(), "logits", 4, rng)
    with pytest.raises(ConfigError, match="no channel group 'hiden'. Known: hidden"):
        widen(_small(), "hiden", 4, rng)
    with pytest.raises(ConfigError, match="'hidden' has 2 units, cannot be widened to 1"):
        widen(_small(), "hidden", 1, rng)
    model = keras.Sequential([keras.Input((2,)), layers.Dense(2, "tanh", name="a"), layers.Flatten(name="b")])
    with pytest.raises(ConfigError, match="layer 'a' ends on tanh"):
        deepen(model, "a")
    with pytest.raises(ConfigError, match="layer 'b' ends on Flatten"):
        deepen(model, "b")
    with pytest.raises(ConfigError, match="no layer 'c'"):
        deepen(model, "c")


def test_a_layer_that_would_have_to_be_two_is_refused() -> None:
    """One Reshape on tensors of two groups: only one of them would get its new shape."""
    image, fold = keras.Input((4, 4, 3)), layers.Reshape((16, 5), name="fold")
    maps = [fold(layers.Conv2D(5, 1, name=name)(image)) for name in ("a", "b")]
    flat = [layers.Flatten()(tensor) for tensor in maps]
    model = keras.Model(image, layers.Dense(2)(layers.Concatenate()(flat)))
    with pytest.raises(ConfigError, match="'a' cannot be widened: layer 'fold' is also called on channels of another"):
        widen(model, "a", 7, np.random.default_rng(0))


def test_layers_with_their_channels_first_are_not_deepened() -> None:
    first: dict[str, Any] = {"data_format": "channels_first"}
    model = keras.Sequential(
        [
            keras.Input((3, 5, 5)), layers.Conv2D(4, 3, name="conv", **first), layers.ReLU(name="relu"),
            layers.BatchNormalization(axis=1, name="norm"), layers.Flatten(**first), layers.Dense(4, "relu", name="d"),
            layers.Dense(2),
        ]
    )  # fmt: skip
    for name in ("conv", "relu", "norm"):
        with pytest.raises(ConfigError, match=f"layer '{name}' does not have its channels on the last axis"):
            deepen(model, name)
    _assert_same_answers(model, deepen(model, "d"))


@pytest.mark.parametrize("name", NAMES)
def test_zoo_networks_answer_the_same_when_wider(name: str) -> None:
    model, rng = _zoo(name), np.random.default_rng(1)
    free = [group for group in find_channels(model).groups if group.fixed is None]
    for group in {place: free[place] for place in (0, len(free) // 2, len(free) - 1)}.values():
        wide = widen(model, group.name, 2 * len(group.units) - 1, rng)
        _assert_same_answers(model, wide)
        model = wide


@pytest.mark.parametrize("name", NAMES)
def test_zoo_networks_answer_the_same_when_deeper(name: str) -> None:
    model = _zoo(name)
    paths = [call.path for call in trace(model)[0] if "relu" in _last_function(call.operation)]
    for path in (paths[0], paths[-1]):
        deep = deepen(model, path)
        _assert_same_answers(model, deep)
        model = deep


def _last_function(layer: Any) -> str:
    return "relu" if isinstance(layer, layers.ReLU) else getattr(getattr(layer, "activation", None), "__name__", "")


@pytest.mark.parametrize("seed", [*range(0, 12, 2), *slow(range(12, 60, 2))])
def test_random_networks_answer_the_same_when_wider(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = random_model(rng)
    free = [group for group in find_channels(model).groups if group.fixed is None]
    for group in rng.permutation(free)[:2]:
        try:
            wide = widen(model, group.name, len(group.units) + int(rng.integers(1, 5)), rng)
        except ConfigError as error:
            assert f"channel group '{group.name}' cannot be widened" in str(error)
            continue
        _assert_same_answers(model, wide)


@pytest.mark.parametrize("seed", [*range(1, 13, 2), *slow(range(13, 61, 2))])
def test_random_networks_answer_the_same_when_deeper(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = random_model(rng)
    paths = [call.path for call in trace(model)[0] if isinstance(call.operation, layers.Layer)]
    done = 0
    for path in rng.permutation(paths):
        try:
            deep = deepen(model, path)
        except ConfigError as error:
            assert f"layer '{path}' ends on" in str(error)
            continue
        _assert_same_answers(model, deep)
        done += 1
        if done == 2:
            break
    assert done


def test_a_shrunk_group_grows_again_under_its_own_name() -> None:
    model = _zoo("resnet20")
    groups = {group.name: group for group in find_channels(model).groups if group.fixed is None}
    keep: Keep = {name: np.arange(len(group.units)) % 2 == 0 for name, group in groups.items()}
    shrunk = shrink(model, keep)
    for name in list(groups)[::9]:
        wide = widen(shrunk, name, len(groups[name].units), np.random.default_rng(0))
        _assert_same_answers(shrunk, wide)
        shrunk = wide


def test_an_adapted_normalization_keeps_its_statistics() -> None:
    """Keras computes with copies of the weights, which setting the weights does not renew."""
    normalization = layers.Normalization(name="data")
    normalization.adapt(np.random.default_rng(0).uniform(0, 255, (20, 4, 4, 3)).astype(np.float32))
    model = keras.Sequential(
        [keras.Input((4, 4, 3)), normalization, layers.Conv2D(4, 3, name="conv"), layers.Flatten(), layers.Dense(2)]
    )
    batch = images(model, np.random.default_rng(0))
    grown = (widen(model, "conv", 6, np.random.default_rng(0)), deepen(model, "conv"))
    for other in (*grown, shrink(model, {}), mask(model, {})):
        np.testing.assert_allclose(answers(other, batch), answers(model, batch), atol=1e-5)
