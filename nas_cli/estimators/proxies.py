"""Zero-cost proxies: what an untrained network promises, from one pass over one minibatch at most."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def synflow(model: Any) -> float:
    """ln Σ |θ·∂R/∂θ| over the kernels θ, where R is the sum of the outputs of the network with all kernels |θ| for an
    image of ones (Tanaka et al. 2020, arXiv:2006.05467, section 5; data-free). −inf if no path is open.

    As Abdelfattah et al. 2021 (arXiv:2101.08134) use it: in float64, without batch normalisation, which would undo the
    product over the layers. Standardisation and dropout are left out too, so that the flow is that of the weights.
    Deviations: its logarithm, because the sum grows exponentially with depth, and kernels only: biases, 0 at
    initialisation, add nothing.
    """
    import tensorflow as tf

    flow = bare(model, ("BatchNormalization", "Dropout", "Rescaling"), "float64")
    kernels = [weight for weight in flow.trainable_weights if weight.path.endswith("kernel")]
    for kernel in kernels:
        kernel.assign(abs(np.asarray(kernel)))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(flow(tf.ones((1, *model.input_shape[1:]), tf.float64), training=False))
    gradients = tape.gradient(total, [kernel.value for kernel in kernels])
    parts = [float(tf.reduce_sum(tf.abs(kernel.value * slope))) for kernel, slope in _flowing(kernels, gradients)]
    with np.errstate(divide="ignore"):
        return float(np.log(sum(parts)))


def naswot(model: Any, x: NDArray[Any]) -> float:
    """ln |det K| with K_ij = N − hamming(c_i, c_j), c_i the N bits that say which ReLUs example i opens (Mellor et al.
    2021, arXiv:2006.04647, section 3). −inf if two examples open the same ones.

    Batch normalisation uses the minibatch's statistics, as there; dropout is left out. All networks of a comparison
    must see the same examples: the determinant grows with their number.
    """
    import keras

    plain = bare(model, ("Dropout",))
    opened = [layer.output for layer in plain.layers if _is_relu(layer)]
    if not opened:
        return -np.inf
    maps = keras.Model(plain.input, opened)(np.asarray(x, np.float32), training=True)
    kernel = np.zeros((len(x), len(x)))
    for one in maps if isinstance(maps, list) else [maps]:
        kernel += _agreements(np.asarray(one).reshape(len(x), -1) > 0)
    sign, logarithm = np.linalg.slogdet(kernel)
    return float(logarithm) if sign else -np.inf


def grad_norm(model: Any, x: NDArray[Any], y: NDArray[Any], objective: Any) -> float:
    """Σ ‖∂L/∂θ‖₂ over the kernels θ, L the mean loss of the minibatch (Abdelfattah et al. 2021, section 3.1).

    Batch normalisation uses the minibatch's statistics; dropout is left out.
    """
    import tensorflow as tf

    plain = bare(model, ("Dropout",))
    kernels = [weight for weight in plain.trainable_weights if weight.path.endswith("kernel")]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(objective.losses(plain(np.asarray(x, np.float32), training=True), y))
    gradients = tape.gradient(loss, [kernel.value for kernel in kernels])
    return float(sum(float(tf.norm(slope)) for _, slope in _flowing(kernels, gradients)))


def bare(model: Any, without: tuple[str, ...], dtype: str | None = None) -> Any:
    """A copy of a functional model with the same weights, without the layers of the named classes."""
    import keras

    def copied(layer: Any) -> Any:
        config = layer.get_config()
        return type(layer).from_config(config if dtype is None else {**config, "dtype": dtype})

    def called(layer: Any, *args: Any, **kwargs: Any) -> Any:
        return args[0] if type(layer).__name__ in without else layer(*args, **kwargs)

    copy = keras.models.clone_model(model, clone_function=copied, call_function=called)
    for layer in copy.layers:
        if layer.weights:
            layer.set_weights(model.get_layer(layer.name).get_weights())
    return copy


def _agreements(codes: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How many bits each two rows have in common, shape (rows, rows): both on, or both off."""
    bits = codes.astype(np.float32)
    # Counts are whole numbers below 2²⁴, so float32 holds them exactly.
    both, on = (bits @ bits.T).astype(np.float64), codes.sum(axis=1)
    return np.asarray(2 * both + codes.shape[1] - on[:, None] - on[None, :])


def _flowing(kernels: list[Any], gradients: list[Any]) -> list[tuple[Any, Any]]:
    """Kernels with their gradients; those that the output does not depend on have none."""
    return [(kernel, slope) for kernel, slope in zip(kernels, gradients, strict=True) if slope is not None]


def _is_relu(layer: Any) -> bool:
    import keras

    return getattr(layer, "activation", None) is keras.activations.relu or isinstance(layer, keras.layers.ReLU)
