from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from nas_cli.costs.keras_cost import model_cost
from nas_cli.errors import ConfigError
from nas_cli.models.builder import build
from nas_cli.oneshot.cell_supernet import CellSupernet
from nas_cli.oneshot.mixed import Node, drop_paths
from nas_cli.oneshot.nasbench201_supernet import NASBench201Supernet
from nas_cli.spaces.cell_genotype import OPERATIONS, CellGenotype
from nas_cli.spaces.nasbench201 import from_arch
from tests.spaces.configured import registered

CELL: dict[str, Any] = {"nodes": 2, "layers": 3, "channels": 4}
EVERY = CellGenotype(
    normal=(("sep_conv_3x3", 0), ("dil_conv_5x5", 1), ("skip_connect", 1), ("dil_conv_3x3", 2)),
    reduction=(("skip_connect", 0), ("sep_conv_5x5", 1), ("dil_conv_3x3", 0), ("avg_pool_3x3", 2)),
)
POOLED = CellGenotype(
    normal=(("max_pool_3x3", 0), ("avg_pool_3x3", 1), ("sep_conv_5x5", 0), ("skip_connect", 2)),
    reduction=(("max_pool_3x3", 0), ("skip_connect", 1), ("dil_conv_5x5", 0), ("sep_conv_3x3", 2)),
)
ARCHS = (
    "|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|",
    "|none~0|+|nor_conv_1x1~0|nor_conv_3x3~1|+|avg_pool_3x3~0|none~1|skip_connect~2|",
)


def cells(shape: tuple[int, ...] = (9, 6, 3), **changes: Any) -> CellSupernet:
    return CellSupernet(registered("cell", shape, 3, **{**CELL, **changes}), seed=1)


def benchmark(shape: tuple[int, ...] = (9, 6, 3)) -> NASBench201Supernet:
    return NASBench201Supernet(registered("nasbench201", shape, 3, channels=4, cells=1), seed=1)


def images(shape: tuple[int, ...], count: int = 4) -> Any:
    return np.random.default_rng(0).normal(size=(count, *shape)).astype(np.float32)


def learned(net: Any, pools: bool) -> None:
    """Weights and moving statistics as after a training; where `pools`, those behind pooling stay as they are, since
    only supernets have them."""
    rng, moving = np.random.default_rng(1), net.weights[-2]
    values = np.stack([rng.normal(size=moving.shape[1]), rng.uniform(0.5, 2, moving.shape[1])])
    if pools:
        start = np.stack([np.zeros(moving.shape[1]), np.ones(moving.shape[1])])
        for first, width in _pool_columns(net):
            values[:, first : first + width] = start[:, first : first + width]
    moving.assign(values)
    for weight in net.trainable_weights:
        weight.assign_add(rng.normal(0, 0.1, weight.shape))


def _pool_columns(net: Any) -> list[tuple[int, int]]:
    widths = net._made._widths
    starts = np.cumsum([0, *widths])
    norms = [norm for cell in net._cells for mixed in cell.mixed._mixed for norm in mixed._pool_norms.values()]
    return [(int(starts[norm]), widths[norm]) for norm in norms]


@pytest.mark.parametrize("genotype", [EVERY, POOLED])
def test_a_one_hot_gamma_computes_the_built_network_of_cells(genotype: CellGenotype) -> None:
    net = cells()
    values = net.space.values(genotype)
    learned(net, pools=True)
    model = build(net.space.architecture(values))
    net.inherit(model, values)
    x = images((9, 6, 3))
    np.testing.assert_allclose(net(x, net.one_hot(values), training=False), model(x, training=False), atol=1e-4)


@pytest.mark.parametrize("arch", ARCHS)
def test_a_one_hot_gamma_computes_the_built_network_of_the_benchmark(arch: str) -> None:
    net, values = benchmark(), from_arch(arch)
    learned(net, pools=False)
    model = build(net.space.architecture(values))
    net.inherit(model, values)
    x = images((9, 6, 3))
    np.testing.assert_allclose(net(x, net.one_hot(values), training=False), model(x, training=False), atol=1e-4)


@pytest.mark.parametrize("net", [cells(), benchmark()], ids=["cell", "nasbench201"])
def test_genotypes_come_back_from_their_one_hot_gamma(net: Any) -> None:
    for seed in range(20):
        genotype = net.space.sample(np.random.default_rng(seed))
        gamma = net.one_hot(genotype)
        assert [matrix.shape for matrix in gamma] == [alpha.shape for alpha in net.alpha]
        assert net.derive(gamma) == genotype


@pytest.mark.parametrize("net", [cells(), benchmark()], ids=["cell", "nasbench201"])
def test_any_gamma_gives_a_genotype_of_the_space(net: Any) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        genotype = net.derive([rng.dirichlet(np.ones(alpha.shape[1]), alpha.shape[0]) for alpha in net.alpha])
        assert net.space.decode(net.space.encode(genotype)) == genotype


def test_a_mixture_is_the_weighted_sum_of_its_operations() -> None:
    """One cell, one node, edge (0, 2) alone: the maps before the pooling are linear in gamma."""
    net = cells(nodes=1, layers=3)
    maps = []
    rng = np.random.default_rng(2)
    gamma = rng.dirichlet(np.ones(8), 2).astype(np.float32)
    cell, norms = net._cells[0], net._made.norms(False)
    given = [Node(tf.constant(images((9, 6, 4)))), Node(tf.constant(images((9, 6, 4))[::-1]))]
    for edge in range(2):
        for column in range(8):
            single = np.zeros((2, 8), np.float32)
            single[edge, column] = 1
            maps.append(gamma[edge, column] * cell.mixed(given, single, norms)[0].x.numpy())
    np.testing.assert_allclose(cell.mixed(given, gamma, norms)[0].x, sum(maps), atol=1e-5)


@pytest.mark.parametrize("net", [cells((6, 6, 1), channels=2), benchmark((6, 6, 1))], ids=["cell", "nasbench201"])
def test_a_training_step_reaches_every_weight_and_every_logit_but_none(net: Any) -> None:
    before = net.weights[-2].numpy().copy()

    @tf.function(autograph=False)
    def gradients(x: Any) -> Any:
        with tf.GradientTape() as tape:
            gamma = [tf.nn.softmax(alpha) for alpha in net.alpha]
            loss = tf.reduce_sum(net(x, gamma, training=True) ** 2)
        return tape.gradient(loss, [*net.trainable_weights, *net.alpha])

    found = gradients(images((6, 6, 1), 8))
    assert all(value is not None and np.isfinite(value).all() for value in found)
    assert sum(not np.any(value) for value in found[: len(net.trainable_weights)]) == 0
    assert all(np.abs(value.numpy()).min() > 0 for value in found[len(net.trainable_weights) :])
    assert (net.weights[-2].numpy() != before).mean() > 0.9


def test_scoring_by_batch_changes_nothing_and_equals_training_outputs() -> None:
    net, x = benchmark(), images((9, 6, 3))
    gamma = net.one_hot(from_arch(ARCHS[0]))
    before = [weight.numpy().copy() for weight in net.weights]
    by_batch = net.by_batch(x, gamma).numpy()
    for weight, value in zip(net.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)
    np.testing.assert_allclose(by_batch, net(x, gamma, training=True), atol=1e-6)
    assert np.abs(by_batch - net(x, gamma, training=False)).max() > 1e-3


def test_moving_statistics_follow_keras() -> None:
    """The stem of a built network and of a supernet, one training step on the same batch."""
    net, values = benchmark(), from_arch(ARCHS[0])
    model = build(net.space.architecture(values))
    net.inherit(model, values)
    x = images((9, 6, 3))
    net(x, net.one_hot(values), training=True)
    model(x, training=True)
    _, _, mean, variance = model.layers[2].get_weights()
    np.testing.assert_allclose(net.weights[-2].numpy()[:, :4], np.stack([mean, variance]), rtol=1e-5)


def test_inputs_are_scaled_as_by_the_builder() -> None:
    space = registered("nasbench201", (6, 6, 2), 3, channels=2, cells=1)
    scaled = NASBench201Supernet(space, 1, scale=[0.5, 2.0], offset=[1.0, -1.0])
    plain = NASBench201Supernet(space, 1)
    x, gamma = images((6, 6, 2)), plain.one_hot(from_arch(ARCHS[0]))
    wanted = plain(x * [0.5, 2.0] + [1.0, -1.0], gamma, training=False)
    np.testing.assert_allclose(scaled(x, gamma, training=False), wanted, atol=1e-6)
    with pytest.raises(ConfigError, match="2 values, one per channel"):
        NASBench201Supernet(space, 1, scale=[1.0])


def test_the_seed_decides_the_weights() -> None:
    one, same = benchmark(), benchmark()
    for first, second in zip(one.weights, same.weights, strict=True):
        np.testing.assert_array_equal(first, second)
    other = NASBench201Supernet(one.space, seed=2)
    assert np.abs(one.weights[0].numpy() - other.weights[0].numpy()).max() > 0.01


def test_path_dropout_drops_the_wanted_share_and_keeps_the_mean() -> None:
    gamma = tf.fill((200, 50), 0.1)
    dropped = drop_paths(gamma, 0.3, tf.random.Generator.from_seed(0)).numpy()
    assert set(np.unique(dropped).round(5)) == {0.0, np.float32(0.1 / 0.7).round(5)}
    assert np.mean(dropped == 0) == pytest.approx(0.3, abs=0.02)


def test_path_dropout_is_of_training_only() -> None:
    space = registered("nasbench201", (6, 6, 1), 3, channels=2, cells=1)
    net, x = NASBench201Supernet(space, 1, path_dropout=0.5), images((6, 6, 1))
    gamma = [tf.fill((6, 5), 0.2)]
    first, second = (net(x, gamma, training=True).numpy() for _ in range(2))
    assert np.abs(first - second).max() > 1e-4
    one, two = (net(x, gamma, training=False).numpy() for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_built_networks_of_every_operation_have_the_weights_they_inherit() -> None:
    net = cells()
    assert net.operations == ("none", *OPERATIONS)
    values = net.space.values(EVERY)
    model = build(net.space.architecture(values))
    net.inherit(model, values)
    inherited = model_cost(model).params
    assert 0 < inherited < sum(int(np.prod(weight.shape)) for weight in net.trainable_weights)
