"""Records what Google's morph-net says about small networks: tests/morph/golden_morph_net.json.

It is TensorFlow 1 graph code. In an environment with TensorFlow and tf_slim 1.1.0, beside a clone of
github.com/google-research/morph-net:

    PYTHONPATH=morph-net python scripts/record_morph_net.py tests/morph/golden_morph_net.json
"""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow.compat.v1 as tf
from morph_net.network_regularizers import (  # type: ignore[import-not-found]
    flop_regularizer,
    latency_regularizer,
    model_size_regularizer,
)

tf.disable_eager_execution()


class Net:
    """A graph whose variables follow from their names, in the order in which they are made."""

    def __init__(self) -> None:
        self.gammas: dict[str, Any] = {}
        self.kernels: dict[str, Any] = {}
        self.made = 0

    def fill(self, shape: tuple[int, ...]) -> Any:
        self.made += 1
        return (0.25 * np.cos(self.made + np.arange(np.prod(shape)))).reshape(shape).astype(np.float32)

    def conv(self, x: Any, filters: int, kernel: int, stride: int, name: str) -> Any:
        shape = (kernel, kernel, int(x.shape[-1]), filters)
        self.kernels[name] = w = tf.get_variable(f"{name}/weights", initializer=self.fill(shape))
        return tf.nn.conv2d(x, w, stride, "SAME", name=f"{name}/Conv2D")

    def depthwise(self, x: Any, kernel: int, name: str) -> Any:
        shape = (kernel, kernel, int(x.shape[-1]), 1)
        w = tf.get_variable(f"{name}/weights", initializer=self.fill(shape))
        return tf.nn.depthwise_conv2d(x, w, [1, 1, 1, 1], "SAME", name=f"{name}/depthwise")

    def norm(self, x: Any, gamma: Any, name: str) -> Any:
        gamma = np.array(gamma, np.float32)
        self.gammas[name] = g = tf.get_variable(f"{name}/gamma", initializer=gamma)
        beta = tf.get_variable(f"{name}/beta", initializer=np.zeros_like(gamma))
        return tf.nn.fused_batch_norm(x, g, beta, name=f"{name}/FusedBatchNorm")[0]

    def dense(self, x: Any, units: int, name: str) -> Any:
        self.kernels[name] = w = tf.get_variable(f"{name}/weights", initializer=self.fill((int(x.shape[-1]), units)))
        return tf.matmul(x, w, name=f"{name}/MatMul")


G = {
    "a": [1.0, 0.5, 0.005, 0.02],
    "b": [0.3, -0.7, 0.009, 1.1, -0.004],
    "c": [0.25, 0.75, 0.002],
    "d": [0.015, -0.6, 0.001, 0.9],
}


def block(net: Net, x: Any, filters: int, kernel: int, stride: int, letter: str) -> Any:
    x = net.conv(x, filters, kernel, stride, f"conv_{letter}")
    return tf.nn.relu(net.norm(x, G[letter], f"norm_{letter}"))


def chain(net: Net, x: Any) -> Any:
    x = block(net, x, 4, 3, 1, "a")
    x = block(net, x, 5, 3, 2, "b")
    x = block(net, x, 3, 1, 1, "c")
    return net.dense(tf.reduce_mean(x, [1, 2]), 2, "logits")


def residual(net: Net, x: Any) -> Any:
    x = block(net, x, 4, 3, 1, "a")
    y = net.norm(net.conv(x, 4, 3, 1, "conv_d"), G["d"], "norm_d")
    x = tf.nn.relu(x + y)
    x = block(net, x, 3, 3, 2, "c")
    return net.dense(tf.reduce_mean(x, [1, 2]), 2, "logits")


def concat(net: Net, x: Any) -> Any:
    x = tf.concat([block(net, x, 4, 3, 1, "a"), block(net, x, 5, 1, 1, "b")], -1)
    x = block(net, x, 3, 3, 1, "c")
    return net.dense(tf.reduce_mean(x, [1, 2]), 2, "logits")


def depthwise(net: Net, x: Any) -> Any:
    x = block(net, x, 4, 1, 1, "a")
    x = tf.nn.relu(net.norm(net.depthwise(x, 3, "depthwise_d"), G["d"], "norm_d"))
    x = block(net, x, 3, 1, 1, "c")
    return net.dense(tf.reduce_mean(x, [1, 2]), 2, "logits")


def flatten(net: Net, x: Any) -> Any:
    x = block(net, x, 4, 3, 4, "a")
    return net.dense(tf.reshape(x, [1, 16]), 2, "logits")


def plain(net: Net, x: Any) -> Any:
    """No batch norm: group lasso."""
    x = tf.nn.relu(net.conv(x, 4, 3, 1, "conv_a"))
    x = tf.nn.relu(net.conv(x, 5, 3, 2, "conv_b"))
    x = tf.nn.relu(net.dense(tf.reduce_mean(x, [1, 2]), 6, "hidden"))
    return net.dense(x, 2, "logits")


GAMMA = {
    "flops": lambda out: flop_regularizer.GammaFlopsRegularizer([out.op], 0.01),
    "params": lambda out: model_size_regularizer.GammaModelSizeRegularizer([out.op], 0.01),
    "latency_p100": lambda out: latency_regularizer.GammaLatencyRegularizer([out.op], 0.01, "P100"),
}
LASSO = {
    "flops": lambda out: flop_regularizer.GroupLassoFlopsRegularizer([out.op], 0.175, regularizer_blacklist=["logits"])
}


def record(build: Callable[[Net, Any], Any], makers: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for target, make in makers.items():
        with tf.Graph().as_default() as graph:
            net = Net()
            out = build(net, tf.placeholder(tf.float32, (1, 8, 8, 3)))
            regularizer = make(out)
            ops = [op for op in graph.get_operations() if op.type in ("Conv2D", "DepthwiseConv2dNative", "MatMul")]
            penalty, cost = regularizer.get_regularization_term(ops), regularizer.get_cost(ops)
            weights = net.gammas if makers is GAMMA else net.kernels
            gradients = tf.gradients(penalty, list(weights.values()))
            with tf.Session() as session:
                session.run(tf.global_variables_initializer())
                entry: dict[str, Any] = {"cost": float(session.run(cost)), "regularizer": float(session.run(penalty))}
                if target == "flops":
                    everything = regularizer.get_cost(), regularizer.get_regularization_term()
                    entry["whole_graph"] = [float(value) for value in session.run(everything)]
                alive: dict[str, int | None] = {}
                manager = regularizer.op_regularizer_manager
                for op in ops:
                    reg = manager.get_regularizer(op)
                    alive[op.name] = None if reg is None else int(session.run(reg.alive_vector).sum())
                entry["alive"] = alive
                if makers is GAMMA:
                    entry["gradients"] = {
                        name: None if gradient is None else [float(v) for v in session.run(gradient)]
                        for name, gradient in zip(weights, gradients, strict=True)
                    }
                else:
                    entry["gradient_sums"] = {
                        name: None if gradient is None else float(np.abs(session.run(gradient)).sum())
                        for name, gradient in zip(weights, gradients, strict=True)
                    }
                found[target] = entry
    return found


ABOUT = {
    "origin": "github.com/google-research/morph-net, commit d9286a154602d9ee2019e986d161cb5b30c8fa2f (2026-05-06), "
    "Apache 2.0, run under tf.compat.v1 by scripts/record_morph_net.py",
    "inputs": "8x8 images of 3 channels, batch 1; gammas as below, threshold 0.01; kernel number n of a network, flat, "
    "is 0.25 cos(n + i); group lasso with threshold 0.175 and the layer 'logits' not regularized",
    "cost": "of convolutions, depthwise convolutions and matrix products; latency in nanoseconds of a P100",
    "alive": "living output channels of each; null: not regularized",
}


def main() -> None:
    nets = {build.__name__: record(build, GAMMA) for build in (chain, residual, concat, depthwise, flatten)}
    nets["plain"] = record(plain, LASSO)
    with open(sys.argv[1], "w") as file:
        json.dump({"about": ABOUT, "gammas": G, "networks": nets}, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
