from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from nas_cli.oneshot.nasbench201_supernet import NASBench201Supernet
from nas_cli.oneshot.sampled import Sampled, uniform
from nas_cli.spaces.nasbench201 import from_arch
from tests.spaces.configured import registered

SPACE = registered("nasbench201", (6, 6, 1), 2, channels=4, cells=1)
CONVOLUTIONS = from_arch("|nor_conv_3x3~0|+|none~0|none~1|+|nor_conv_1x1~0|nor_conv_3x3~1|none~2|")
CUT_OFF = from_arch("|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|none~2|")


def losses(outputs: Any, y: Any) -> Any:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(y, outputs)


def scores(outputs: Any, y: Any) -> Any:
    return tf.cast(tf.equal(tf.argmax(outputs, axis=-1), y), tf.float32)


def bars(count: int, seed: int) -> tuple[Any, Any]:
    """Images with a horizontal or a vertical bar."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, count)
    x = rng.normal(0, 0.3, (count, 6, 6, 1)).astype(np.float32)
    for at, upright in enumerate(y):
        place = rng.integers(1, 5)
        x[at, :, place] += upright
        x[at, place] += 1 - upright
    return x, y


def sampled(optimizer: Any = None) -> tuple[NASBench201Supernet, Sampled]:
    net = NASBench201Supernet(SPACE, seed=1)
    return net, Sampled(net, losses, scores, optimizer)


def test_trained_networks_score_higher_than_one_without_a_way_from_its_input() -> None:
    _, one = sampled(keras.optimizers.SGD(0.05, momentum=0.9))
    first = one.train(CONVOLUTIONS, bars(32, 0), 0.05)[0]
    for step in range(1, 25):
        last, _ = one.train(CONVOLUTIONS, bars(32, step), 0.05)
    assert last < 0.7 * first
    batches = [bars(64, 100), bars(64, 101)]
    assert one.score(CONVOLUTIONS, batches) > 0.8
    # Zeros give the same logits for every image: the score is the share of one class.
    share = np.mean(np.concatenate([y for _, y in batches]))
    assert one.score(CUT_OFF, batches) in (pytest.approx(share), pytest.approx(1 - share))


def test_a_step_changes_only_what_its_network_uses() -> None:
    net, one = sampled(keras.optimizers.SGD(0.1))
    before = [weight.numpy().copy() for weight in net.trainable_weights]
    one.train(CONVOLUTIONS, bars(8, 0), 0.1)
    # Of node 0's edges, (0, 1) has the 3×3 and (0, 3) the 1×1 convolution; kernels of edges lie side by side.
    kernels = [
        np.abs(w.numpy() - b) for w, b in zip(net.trainable_weights, before, strict=True) if "nor_conv" in w.name
    ]
    per_edge = [kernel.reshape(*kernel.shape[:3], -1, 4).max(axis=(0, 1, 2, 4)) > 0 for kernel in kernels[:2]]
    assert sorted(map(list, per_edge)) == [[False, False, True], [True, False, False]]


def test_scoring_changes_nothing_and_repeats() -> None:
    net, one = sampled()
    before = [weight.numpy().copy() for weight in net.weights]
    assert one.score(CONVOLUTIONS, [bars(16, 0)]) == one.score(CONVOLUTIONS, [bars(16, 0)])
    for weight, value in zip(net.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_what_a_step_trains_follows_from_seed_and_step() -> None:
    assert uniform(SPACE, 3, 5) == uniform(SPACE, 3, 5)
    assert len({uniform(SPACE, 3, step) for step in range(20)}) > 15
    assert uniform(SPACE, 3, 0) != uniform(SPACE, 3, 1)


def test_steps_do_not_train_what_a_strategy_of_the_same_seed_draws() -> None:
    drawn = [SPACE.sample(np.random.default_rng((3, number))) for number in range(20)]
    assert sum(values == uniform(SPACE, 3, number) for number, values in enumerate(drawn)) < 5
