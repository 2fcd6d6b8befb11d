from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nas_cli.errors import ConfigError
from nas_cli.models.builder import build
from nas_cli.oneshot.dag_derive import derive, one_hot
from nas_cli.oneshot.dag_supernet import DagSupernet
from nas_cli.relevance.relevance import gaussians
from nas_cli.relevance.settings import RelevanceSettings
from nas_cli.spaces.dag import DagSpace
from nas_cli.spaces.dag_network import IMAGE_OPERATIONS, VECTOR_OPERATIONS
from tests.spaces.configured import registered

SMALL: dict[str, Any] = {"vertices": 4, "width": 3, "halvings": 1}


def dag(shape: tuple[int, ...], **changes: Any) -> DagSpace:
    every = {"vector_operations": VECTOR_OPERATIONS, "image_operations": IMAGE_OPERATIONS}
    space: DagSpace = registered("dag", shape, 2, **{**SMALL, **every, **changes})
    return space


def moved(net: DagSupernet) -> None:
    """Other biases and moving statistics than the initial zeros and ones."""
    rng = np.random.default_rng(0)
    for weight in net.weights:
        if len(weight.shape) == 1 or "moving" in weight.name:
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))


@pytest.mark.parametrize(("shape", "count"), [((4,), 5), ((7, 6, 2), 2)])
def test_one_hot_gamma_computes_the_built_architecture(shape: tuple[int, ...], count: int) -> None:
    space = dag(shape)
    net = DagSupernet(space, seed=1)
    x = np.random.default_rng(0).normal(size=(5, *shape)).astype(np.float32)
    moved(net)
    for seed in range(count):
        genotype = space.sample(np.random.default_rng(seed))
        model = build(space.architecture(genotype))
        net.inherit(model, genotype)
        gamma = net.one_hot(genotype)
        assert net.derive(gamma) == genotype
        np.testing.assert_allclose(net(x, gamma, training=False), model(x, training=False), atol=1e-4)


def test_training_moves_statistics_and_by_batch_does_not() -> None:
    space = dag((4, 4, 1), vertices=2, image_operations=("none", "conv_1x1"))
    net = DagSupernet(space, seed=0)
    x, gamma = np.random.default_rng(0).normal(size=(3, 4, 4, 1)).astype(np.float32), [tf.constant([[0.5, 0.5]])]
    before = net.non_trainable_variables[0].numpy()
    by_batch = net.by_batch(x, gamma)
    assert np.array_equal(before, net.non_trainable_variables[0])
    np.testing.assert_allclose(by_batch, net(x, gamma, training=True), atol=1e-6)
    assert not np.array_equal(before, net.non_trainable_variables[0])


def test_gaussian_weights_are_noise_in_training_and_means_else() -> None:
    space = dag((4,), vertices=2, vector_operations=("none", "dense_tanh"))
    ard = RelevanceSettings(name="ard", share="input", update="closed_form", initial_log_variance=-4.0)
    net = DagSupernet(space, seed=0, relevance=ard)
    x, genotype = np.ones((2, 4), np.float32), ("dense_tanh",)
    model = build(space.architecture(genotype))
    net.inherit(model, genotype)
    gamma = net.one_hot(genotype)
    np.testing.assert_allclose(net(x, gamma, training=False), model(x), atol=1e-6)
    assert not np.allclose(net(x, gamma, training=True), model(x), atol=1e-3)
    assert len(gaussians(net.layers)) == 6


def test_a_vertex_is_the_weighted_sum_of_its_functions() -> None:
    """With identity and tanh alone, stem and outputs the identity: v1 = ½x + ¼tanh(x), v2 = x + v1."""
    space = dag((3,), vertices=3, vector_operations=("none", "identity", "tanh"))
    net = DagSupernet(space, seed=0)
    for part in ("stem", "head"):
        layer = net.parts[part].layers[0]
        layer.set_weights([np.eye(*layer.kernel.shape), np.zeros(layer.bias.shape)])
    x = np.array([[0.3, -2.0, 0.5]], np.float32)
    gamma = tf.constant([[0.25, 0.5, 0.25], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
    expected = x + 0.5 * x + 0.25 * np.tanh(x)
    np.testing.assert_allclose(net(x, [gamma], training=False), expected[:, :2], atol=1e-6)


def test_every_alpha_and_every_weight_has_a_gradient() -> None:
    net = DagSupernet(dag((3,)), seed=0)
    with tf.GradientTape() as tape:
        logits = net(np.ones((2, 3), np.float32), [tf.nn.softmax(net.alpha[0])], training=True)
        loss = tf.reduce_sum(logits**2)
    by_alpha, *by_weight = tape.gradient(loss, [*net.alpha, *net.trainable_weights])
    assert np.count_nonzero(by_alpha) == len(net.edges) * len(net.operations)
    assert all(gradient is not None for gradient in by_weight)


def test_same_seed_same_supernet() -> None:
    space = dag((3,))
    first, same, other = (DagSupernet(space, seed) for seed in (1, 1, 2))
    values = [[*net.alpha, *net.weights] for net in (first, same, other)]
    assert all(np.array_equal(a, b) for a, b in zip(values[0], values[1], strict=True))
    assert not np.array_equal(values[0][0], values[2][0]) and not np.array_equal(values[0][1], values[2][1])


def test_derived_graphs() -> None:
    space = dag((3,), vertices=3, vector_operations=("none", "tanh", "dense"))
    gamma = np.array([[0.6, 0.3, 0.1], [0.5, 0.1, 0.4], [0.2, 0.45, 0.35]])
    assert derive(space, gamma) == ("none", "none", "tanh")
    assert derive(space, gamma, incoming=1) == ("tanh", "none", "tanh")
    assert derive(space, gamma, incoming=2) == ("tanh", "dense", "tanh")
    assert derive(space, one_hot(space, ("none", "dense", "tanh"))) == ("none", "dense", "tanh")
    with pytest.raises(ConfigError, match="must have the shape"):
        derive(space, gamma[:2])
    with pytest.raises(ConfigError, match="'none' is among"):
        derive(dag((3,), vertices=3, vector_operations=("tanh", "dense")), gamma[:, 1:], incoming=1)
