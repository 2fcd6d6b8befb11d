"""What a network costs: parameters, arithmetic, and memory, in total and per layer."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nas_cli.costs.shapes import Shape

FLOAT32_BYTES = 4
OWN, VIEW, INFERENCE_VIEW = "own", "view", "inference_view"


@dataclass(frozen=True)
class LayerCost:
    """The cost of one call of one layer on one example.

    `name` is the layer's path ('backbone/conv1' inside a nested model), `kind` its operation or class, `inputs` the
    positions of the layers it reads, `output_shape` without the batch. A layer that is called again has its
    parameters in the first call only. `memory` says whether the output is a tensor of its own ('own'), shares
    its input's memory ('view': flatten), or does so only outside training ('inference_view': dropout).
    """

    name: str
    kind: str
    inputs: tuple[int, ...]
    output_shape: Shape
    params: int = 0
    trainable_params: int = 0
    macs: int = 0
    other_flops: int = 0
    memory: str = OWN
    output_size: int | None = None

    @property
    def output_bytes(self) -> int:
        """Bytes of the output as float32, batch 1; `output_size` counts the numbers where there are several outputs."""
        size = math.prod(self.output_shape) if self.output_size is None else self.output_size
        return FLOAT32_BYTES * size

    @property
    def weight_bytes(self) -> int:
        """Bytes of the parameters as float32."""
        return FLOAT32_BYTES * self.params


@dataclass(frozen=True)
class Cost:
    """The cost of one network on one example (batch 1, float32), whatever precision it runs in.

    `params`, `trainable_params`: numbers in all weights (batch-norm statistics included), and in those that train.
    `macs`: multiply-accumulates of convolution and dense layers. `flops` = 2·macs: 1 MAC is 2 FLOPs.
    `other_flops`: bias, batch norm, activation, pooling and element-wise layers at inference; not part of `flops`.
    `weight_bytes`: all parameters. `activation_bytes`: the most bytes of tensors that live at once in a forward pass
    that computes each layer when the output's recursive evaluation asks for it and frees each tensor after its last
    reader; weights and workspace are not in it. `training_activation_bytes`: all layer outputs, kept for the
    backward pass.
    """

    params: int
    trainable_params: int
    macs: int
    flops: int
    other_flops: int
    weight_bytes: int
    activation_bytes: int
    training_activation_bytes: int
    layers: tuple[LayerCost, ...]

    def training_bytes(self, batch_size: int) -> int:
        """Predicted bytes of one training step: kept outputs, the widest stage of gradients, and four copies of the
        weights (values, gradients, and two moments of an Adam-like optimizer)."""
        per_example = self.training_activation_bytes + self.activation_bytes
        return batch_size * per_example + 4 * self.weight_bytes


def total(layers: Sequence[LayerCost], outputs: Sequence[int]) -> Cost:
    """The cost of a network from its layers in order of evaluation; `outputs` are the positions of its results."""
    params = sum(layer.params for layer in layers)
    macs = sum(layer.macs for layer in layers)
    return Cost(
        params=params,
        trainable_params=sum(layer.trainable_params for layer in layers),
        macs=macs,
        flops=2 * macs,
        other_flops=sum(layer.other_flops for layer in layers),
        weight_bytes=FLOAT32_BYTES * params,
        activation_bytes=_peak_bytes(layers, outputs),
        training_activation_bytes=sum(layer.output_bytes for layer in layers if layer.memory != VIEW),
        layers=tuple(layers),
    )


def _peak_bytes(layers: Sequence[LayerCost], outputs: Sequence[int]) -> int:
    storage: list[int] = []
    last_reader: dict[int, int] = {}
    for position, layer in enumerate(layers):
        shares = layer.memory != OWN and bool(layer.inputs)
        storage.append(storage[layer.inputs[0]] if shares else position)
        for tensor in (position, *layer.inputs):
            last_reader[storage[tensor]] = position
    for output in outputs:
        last_reader[storage[output]] = len(layers)
    freed: dict[int, int] = {}
    for tensor, reader in last_reader.items():
        freed[reader] = freed.get(reader, 0) + layers[tensor].output_bytes
    live = peak = 0
    for position, layer in enumerate(layers):
        live += layer.output_bytes if storage[position] == position else 0
        peak = max(peak, live)
        live -= freed.get(position, 0)
    return peak
