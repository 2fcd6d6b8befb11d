"""The cost of a model as a function of which units live, and the regularizer that lowers it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from nas_cli.costs.keras_layers import count
from nas_cli.costs.latency import Device
from nas_cli.errors import ConfigError
from nas_cli.surgery import layer_terms
from nas_cli.surgery.channels import Channels, LayerChannels
from nas_cli.surgery.layer_terms import Linear, Product, Term

Vector = NDArray[np.float64]


def resource(target: str, channels: Channels, device: Device | None = None) -> "Resource":
    """The cost of a model's convolution and dense layers for a target.

    flops: 2·MACs, those of other layers (attention, say) as a constant. params: numbers in the kernels.
    activation_memory: bytes of the layers' outputs, float32, batch 1.
    latency: milliseconds of `device`, per layer whichever of arithmetic and memory traffic takes longer; batch norm,
    activation, pooling and addition are taken as fused into their neighbours.

    Raises:
        ConfigError: an unknown target, latency without a device, or a model without such layers.
    """
    layers = [layer for layer in channels.layers if layer.kind in layer_terms.COUNTED]
    if not layers:
        raise ConfigError("the model has no convolution or dense layer: there is nothing whose cost could fall.")
    if target == "latency":
        if device is None:
            raise ConfigError("target=latency needs a device: the one whose time is estimated.")
        compute = _terms(layer_terms.flops, layers, 1000 / device.peak_flops)
        traffic = _terms(layer_terms.moved, layers, 1000 / device.bandwidth)
        return Resource(target, channels.units, (compute, traffic))
    counters = {"flops": layer_terms.flops, "params": layer_terms.weights, "activation_memory": layer_terms.outputs}
    if target not in counters:
        raise ConfigError(f"unknown target '{target}', must be one of {', '.join(counters)}, latency.")
    once = layer_terms.shared_once(layers) if target == "params" else layers
    other = _other_flops(channels, layers) if target == "flops" else 0.0
    return Resource(target, channels.units, (_terms(counters[target], once, 1.0),), other)


def _other_flops(channels: Channels, layers: Sequence[LayerChannels]) -> float:
    counted = {id(layer.call) for layer in layers}
    return 2.0 * sum(count(call)[0] for call in channels.traced.calls if id(call) not in counted)


def _terms(
    counter: Callable[[LayerChannels], list[Term]], layers: Sequence[LayerChannels], scale: float
) -> list[tuple[list[Term], float]]:
    return [(counter(layer), scale) for layer in layers]


@final
class Resource:
    """F(alive) = Σ_layers C·A_in·A_out + linear terms, and the weights of G = Σ_units weight·r (Gordon et al. 2018).

    G = Σ_layers C·(A_in·Σ_j r_out,j + A_out·Σ_i r_in,i), sums over living and dead units, A over living ones: a unit's
    weight is what its layers' other side leaves it to cost. Units that stand in the same layers equally often form a
    class, so that both are products of (layers × classes) matrices with the number of living units per class.
    """

    def __init__(
        self, target: str, units: int, bounds: Sequence[Sequence[tuple[list[Term], float]]], other: float = 0.0
    ) -> None:
        """`bounds`: per lower bound (one, or arithmetic and traffic) the terms of each layer and their scale.
        `other`: a cost that no channel changes."""
        self.target, self._other = target, other
        matrices = [_Matrices.of(bound, units) for bound in bounds]
        columns = np.concatenate([matrix for bound in matrices for matrix in bound.stacked()])
        _, first, self._classes = np.unique(columns, axis=1, return_index=True, return_inverse=True)
        self._classes = self._classes.reshape(-1)
        self._bounds = [bound.at(first) for bound in matrices]
        self._tensors = [bound.single() for bound in self._bounds]

    def cost(self, amount: NDArray[Any]) -> float:
        """F of the living units: `amount` (units,) is bool, or says how many units of this kind each one stands for."""
        counts = np.bincount(self._classes, weights=amount.astype(np.float64), minlength=self._classes.max() + 1)
        return float(np.max([bound.costs(np, counts) for bound in self._bounds], axis=0).sum()) + self._other

    def weights(self, alive: NDArray[np.bool_]) -> Vector:
        """The regularizer's weight of each unit, (units,)."""
        counts = np.bincount(self._classes, weights=alive.astype(np.float64), minlength=self._classes.max() + 1)
        return np.asarray(_class_weights(np, self._bounds, counts)[self._classes])

    def weights_tensor(self, alive: Any) -> Any:
        """`weights` inside a graph, float32; no gradient goes through which units live."""
        from keras import ops

        classes = len(self._bounds[0].linear[0])
        living = ops.cast(ops.stop_gradient(alive), "float32")
        counts = ops.segment_sum(living, self._classes, num_segments=classes)
        return ops.take(_class_weights(ops, self._tensors, counts), self._classes)


def _class_weights(xp: Any, bounds: "Sequence[_Matrices]", counts: Any) -> Any:
    """The weights of the bound that binds in each layer; arithmetic where both are equal."""
    if len(bounds) == 1:
        return bounds[0].weights(xp, counts, bounds[0].ones)
    compute, traffic = bounds
    binding = xp.where(compute.costs(xp, counts) >= traffic.costs(xp, counts), compute.ones, 0 * compute.ones)
    return compute.weights(xp, counts, binding) + traffic.weights(xp, counts, 1 - binding)


@dataclass(frozen=True, eq=False)
class _Matrices:
    """The terms of the layers: products (products × classes) that belong to layers, linear terms (layers × classes).

    `xp` is NumPy or keras.ops.
    """

    coefficients: NDArray[Any]
    reads: NDArray[Any]
    writes: NDArray[Any]
    owner: NDArray[Any]
    linear: NDArray[Any]
    pull: NDArray[Any]

    @classmethod
    def of(cls, layers: Sequence[tuple[Iterable[Term], float]], units: int) -> "_Matrices":
        """With every unit a class of its own."""
        linear, pull = np.zeros((2, len(layers), units))
        products: list[tuple[float, Product, int]] = []
        for position, (terms, scale) in enumerate(layers):
            for term in terms:
                if isinstance(term, Linear):
                    times = np.bincount(term.units, minlength=units)
                    linear[position] += scale * term.cost * times
                    pull[position] += scale * term.weight * times
                else:
                    products.append((scale * term.coefficient, term, position))
        reads = [np.bincount(term.reads, minlength=units) for _, term, _ in products]
        writes = [np.bincount(term.writes, minlength=units) for _, term, _ in products]
        shape = (len(products), units)
        return cls(
            coefficients=np.array([coefficient for coefficient, _, _ in products], np.float64),
            reads=np.array(reads, np.float64).reshape(shape),
            writes=np.array(writes, np.float64).reshape(shape),
            owner=np.eye(len(layers))[:, [position for _, _, position in products]],
            linear=linear,
            pull=pull,
        )

    @property
    def ones(self) -> NDArray[Any]:
        """(layers,)."""
        return np.ones(len(self.linear), self.linear.dtype)

    def stacked(self) -> tuple[NDArray[Any], ...]:
        """All matrices whose columns are units."""
        return self.reads, self.writes, self.linear, self.pull

    def at(self, columns: NDArray[Any]) -> "_Matrices":
        """Only these columns."""
        kept = [matrix[:, columns] for matrix in self.stacked()]
        return _Matrices(self.coefficients, kept[0], kept[1], self.owner, kept[2], kept[3])

    def single(self) -> "_Matrices":
        """In float32."""
        parts = (self.coefficients, self.reads, self.writes, self.owner, self.linear, self.pull)
        return _Matrices(*(part.astype(np.float32) for part in parts))

    def costs(self, xp: Any, counts: Any) -> Any:
        """The cost of each layer, (layers,), with `counts` (classes,) living units."""
        products = self.coefficients * xp.matmul(self.reads, counts) * xp.matmul(self.writes, counts)
        return xp.matmul(self.owner, products) + xp.matmul(self.linear, counts)

    def weights(self, xp: Any, counts: Any, layers: Any) -> Any:
        """The weight of a unit of each class, (classes,), with each layer counted `layers` (layers,) times."""
        scale = self.coefficients * xp.matmul(xp.transpose(self.owner), layers)
        to_writers = xp.matmul(xp.transpose(self.writes), scale * xp.matmul(self.reads, counts))
        to_readers = xp.matmul(xp.transpose(self.reads), scale * xp.matmul(self.writes, counts))
        return to_writers + to_readers + xp.matmul(xp.transpose(self.pull), layers)
