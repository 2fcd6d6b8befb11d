"""How strongly each channel is active."""

from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nas_cli.costs.keras_graph import Tensor
from nas_cli.data.batches import Batch
from nas_cli.surgery.affine import SUMMED
from nas_cli.surgery.channels import Channels, Traced


def mean_activations(channels: Channels, batches: Iterable[Batch]) -> NDArray[np.float64]:
    """The mean |activation| of each unit over examples and places, (units,), where the channel ends.

    That is in what convolution and dense layers read: behind batch norm, nonlinearity, pooling and sums. Where several
    layers read a channel in several states, the mean of those. Units that no such layer reads get infinity.
    """
    traced = channels.traced
    points = _points(traced)
    run = tf.function(lambda x: _means(traced, points, x), autograph=False)
    sums, count = np.zeros(channels.units), 0
    for x, _ in batches:
        sums += np.sum([_by_unit(traced, *pair) for pair in zip(points, run(x), strict=True)], axis=0)
        count += 1
    times = np.sum([_by_unit(traced, point, None) for point in points], axis=0)
    return np.where(times > 0, sums / np.maximum(times, 1) / count, np.inf)


def _points(traced: Traced) -> list[Tensor]:
    """The tensors that layers with a kernel that mixes channels read, each once."""
    return list(dict.fromkeys(source for call in traced.calls if call.kind in SUMMED for source in call.sources))


def _means(traced: Traced, points: list[Tensor], x: Any) -> list[Any]:
    """Of each point the mean |value| at each place along the axis of its channels."""
    values = _run(traced, tf.cast(x, tf.float32))
    means = []
    for point in points:
        axis = traced.labels(point).axis
        value = tf.abs(tf.cast(values[point], tf.float32))
        others = [place for place in range(len(value.shape)) if axis is None or place != axis + 1]
        means.append(tf.reshape(tf.reduce_mean(value, others), (-1,)))
    return means


def _by_unit(traced: Traced, point: Tensor, means: Any) -> NDArray[np.float64]:
    """The mean of each unit's places at a point, (units,), zero where it has none; without `means` 1 where it has."""
    units = traced.numbers[traced.labels(point).units.ravel()]
    count = int(traced.numbers.max()) + 1
    places = np.bincount(units, minlength=count)
    if means is None:
        return (places > 0).astype(np.float64)
    return np.asarray(np.bincount(units, weights=np.asarray(means), minlength=count) / np.maximum(places, 1))


def _run(traced: Traced, x: Any) -> Mapping[Tensor, Any]:
    """The value of every tensor of the model for a batch, as it predicts."""
    values: dict[Tensor, Any] = {}
    for position, call in enumerate(traced.calls):
        if call.kind == "InputLayer":
            values[position, 0] = x
            continue
        sources = [values[source] for source in call.sources]
        given = {id(tensor): value for tensor, value in zip(call.node.input_tensors, sources, strict=True)}
        args, kwargs = call.node.arguments.fill_in(given)
        for index, output in enumerate(keras.tree.flatten(call.operation(*args, **kwargs))):
            values[position, index] = output
    return values
