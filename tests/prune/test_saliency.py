"""Saliency by hand on a network of two layers, and on single examples.

hidden = relu(x·[[1, −1], [½, 2]]), output = hidden·[2, 1], loss e². Examples: (1, 2) → hidden (2, 3), output 7, target
6, e = 1; (3, 1) → hidden (3.5, 0), output 7, target 9, e = −2. With ∂loss/∂output = 2e = 2 and −4:
hidden kernel: g = [[4, 2], [8, 4]] and [[−24, 0], [−8, 0]]; output kernel: g = (4, 6) and (−14, 0).
"""

from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.data.dataset import Dataset, Split
from nas_cli.errors import ConfigError
from nas_cli.prune.gradients import squared_gradients
from nas_cli.prune.unit_saliency import unit_scores
from nas_cli.prune.weight_saliency import weight_scores
from nas_cli.prune.weights import find_weights
from nas_cli.surgery.channels import find_channels
from tests.prune.prune_settings import prune
from tests.training.examples import _dataset as dataset

X = np.array([[1, 2], [3, 1]], np.float32)
Y = np.array([6, 9], np.float32)


def data(x: Any = X, y: Any = Y, classes: int = 1) -> Dataset:
    split = Split(np.asarray(x), np.asarray(y))
    task = "regression" if classes == 1 else "classification"
    return dataset(task, classes, [split, split, split], 0.0, 1.0)


def two_layers() -> Any:
    inputs = keras.Input((2,))
    hidden = keras.layers.Dense(2, activation="relu", name="hidden")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1, name="out")(hidden))
    model.set_weights([np.array([[1, -1], [0.5, 2]]), np.zeros(2), np.array([[2], [1]]), np.zeros(1)])
    return model


def weights_scores(batch_size: int = 2, seed: int = 0, **changes: Any) -> list[list[float]]:
    """Of the hidden kernel, row by row, and of the output kernel."""
    model, settings = two_layers(), prune(**changes)
    weights = find_weights(model, settings)
    assert [(weight.path, weight.is_output) for weight in weights] == [("hidden/kernel", False), ("out/kernel", True)]
    scores = weight_scores(model, weights, data(), settings, batch_size, seed)
    return [scores[weight.path].ravel().tolist() for weight in weights]


@pytest.mark.parametrize(
    ("changes", "batch_size", "hidden", "out"),
    [
        ({"criterion": "magnitude"}, 2, [1, 1, 0.5, 2], [2, 1]),
        # |w·g| with the gradient of the mean loss: [[−10, 1], [0, 2]] and (−5, 3)
        ({"criterion": "taylor"}, 2, [10, 1, 0, 4], [10, 3]),
        ({"criterion": "taylor", "taylor": "squared"}, 2, [100, 1, 0, 16], [100, 9]),
        # two batches of one example: the mean of |w·g|
        ({"criterion": "taylor", "batches": 2}, 1, [14, 1, 4, 4], [18, 3]),
        # ½·h·w² with h the mean of g² of each example: [[296, 2], [64, 8]] and (106, 18)
        ({"criterion": "obd"}, 2, [148, 1, 8, 16], [212, 9]),
    ],
)
def test_weights_by_hand(changes: dict[str, Any], batch_size: int, hidden: list[float], out: list[float]) -> None:
    assert weights_scores(batch_size, **changes) == [pytest.approx(hidden), pytest.approx(out)]


def test_random_scores_are_a_function_of_the_seed() -> None:
    first, again = (weights_scores(seed=3, criterion="random") for _ in range(2))
    assert first == again != weights_scores(seed=4, criterion="random")


def neurons(**changes: Any) -> list[float]:
    model, settings = two_layers(), prune(granularity="neuron", **changes)
    channels = find_channels(model)
    scores = unit_scores(model, channels, data(), settings, 2, 0)
    return [float(score) for score in scores[channels.group("hidden").units]]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"criterion": "magnitude"}, [1.5, 3]),
        ({"criterion": "magnitude", "norm": "l2"}, [1.25**0.5, 5**0.5]),
        # |Σ w·g|: 1·(−10) + ½·0 and −1·1 + 2·2
        ({"criterion": "taylor"}, [10, 3]),
        ({"criterion": "taylor", "taylor": "squared"}, [100, 9]),
        ({"criterion": "obd"}, [156, 17]),
        ({"criterion": "activation"}, [2.75, 1.5]),
    ],
)
def test_neurons_by_hand(changes: dict[str, Any], expected: list[float]) -> None:
    assert neurons(**changes) == pytest.approx(expected)


def test_gauss_newton_of_a_squared_error() -> None:
    """Of (f − y)² it is 2·(∂f/∂w)², whatever the target is: for the output kernel at (1, 2) twice (4, 9)."""
    many = data(np.tile(X[:1], (3000, 1)), np.full(3000, 50, np.float32))
    model = two_layers()
    (h,) = squared_gradients(model, [model.get_layer("out").kernel], many, "gauss_newton", 3, 1000, 0)
    assert h.ravel().tolist() == pytest.approx([8, 18], rel=0.1)


def test_gauss_newton_of_a_cross_entropy() -> None:
    """Of a softmax of logits x·W it is x_i²·p_k·(1 − p_k)."""
    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Dense(2, use_bias=False)(inputs))
    model.set_weights([np.array([[np.log(3), 0], [0, 0]])])
    many = data(np.tile(np.array([[1, 2]], np.float32), (4000, 1)), np.ones(4000, np.int64), classes=2)
    (h,) = squared_gradients(model, [model.weights[0]], many, "gauss_newton", 4, 1000, 0)
    np.testing.assert_allclose(h, [[3 / 16, 3 / 16], [12 / 16, 12 / 16]], rtol=0.1)


def convolutional() -> Any:
    """Two convolutions with batch norms, added: the channels of both are one group."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((4, 4, 2))
    parts = []
    for name in ("a", "b"):
        x = keras.layers.Conv2D(3, 3, padding="same", strides=2, name=name)(inputs)
        norm = keras.layers.BatchNormalization(name=f"norm_{name}")
        parts.append(norm(x))
        norm.set_weights([*np.array([[0.5, -1, 2], [0.1, 0.2, -0.3], [0.1, 0, 0.2], [1, 2, 0.5]])])
    x = keras.layers.ReLU()(keras.layers.Add()(parts))
    return keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(x)))


def images() -> Dataset:
    rng = np.random.default_rng(0)
    return data(rng.random((8, 4, 4, 2), np.float32), rng.integers(0, 3, 8), classes=3)


def test_taylor_of_a_filter_is_the_slope_of_the_loss_as_the_channel_fades() -> None:
    model, examples = convolutional(), images()
    channels = find_channels(model)
    scores = unit_scores(model, channels, examples, prune(granularity="filter", criterion="taylor"), 8, 0)
    scaled = [weight for name in ("norm_a", "norm_b") for weight in model.get_layer(name).weights[:2]]
    values = [np.array(weight) for weight in scaled]
    losses = []
    for factor in (1.01, 0.99):
        for weight, value in zip(scaled, values, strict=True):
            weight.assign(value * [factor, 1, 1])
        logits = model(examples.train.x)
        losses.append(
            float(keras.ops.mean(keras.losses.sparse_categorical_crossentropy(examples.train.y, logits, True)))
        )
    assert scores[channels.group("a").units[0]] == pytest.approx(abs(losses[0] - losses[1]) / 0.02, rel=0.02)


def test_the_magnitude_of_tied_filters_is_that_of_all_their_kernels() -> None:
    model = convolutional()
    channels = find_channels(model)
    scores = unit_scores(model, channels, images(), prune(granularity="filter"), 8, 0)
    kernels = [np.abs(model.get_layer(name).kernel.numpy()).sum((0, 1, 2)) for name in ("a", "b")]
    np.testing.assert_allclose(scores[channels.group("a").units], kernels[0] + kernels[1], rtol=1e-5)


def test_activation_of_a_filter_is_what_the_next_layer_reads() -> None:
    model, examples = convolutional(), images()
    channels = find_channels(model)
    settings = prune(granularity="filter", criterion="activation")
    scores = unit_scores(model, channels, examples, settings, 8, 0)
    read = keras.Model(model.input, model.layers[-3].output)(examples.train.x).numpy()
    np.testing.assert_allclose(scores[channels.group("a").units], read.mean((0, 1, 2)), rtol=1e-5)


def test_layers_by_name() -> None:
    model = two_layers()
    assert [one.path for one in find_weights(model, prune(include=["hidden"]))] == ["hidden/kernel"]
    assert [one.path for one in find_weights(model, prune(exclude=["hidden"]))] == ["out/kernel"]
    with pytest.raises(ConfigError, match="prune.include names 'hiden', which is no layer .* Did you mean 'hidden'"):
        find_weights(model, prune(include=["hiden"]))
    with pytest.raises(ConfigError, match="there is nothing to prune"):
        find_weights(model, prune(exclude=["hidden", "out"]))
