"""Quantization-aware training: the network learns with the rounding of int8 in its forward pass (tfmot)."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas_cli.data.dataset import Dataset
from nas_cli.data.settings import AugmentationSettings
from nas_cli.errors import ConfigError
from nas_cli.models.tf_keras_library import quiet_tf_keras, tf_keras, tfmot, tfmot_part
from nas_cli.models.tf_keras_model import twin
from nas_cli.quantize.activation_ranges import start_ranges
from nas_cli.training.result import Epoch, Progress
from nas_cli.training.settings import TrainingSettings
from nas_cli.training.tf_keras_fit import fit_tf_keras

DEFAULT_8BIT = "quantization.keras.default_8bit.default_8bit_quantize"
OUTPUT_ONLY = (
    "BatchNormalization", "LayerNormalization", "Rescaling", "Normalization", "ELU", "ThresholdedReLU", "Maximum",
    "Minimum", "Multiply", "Subtract", "Average", "MaxPooling1D", "UpSampling1D", "ZeroPadding3D", "RepeatVector",
    "GaussianNoise", "GaussianDropout", "AlphaDropout", "MaxPooling3D", "AveragePooling3D",
)  # fmt: skip
"""Layers that tfmot's scheme does not list, without kernels: the range of their output is learned, as of Add's."""


ACTIVATIONS = ("linear", "relu", "swish", "gelu", "softmax", "sigmoid", "tanh")
"""Functions before or behind which tfmot knows where to round."""


@dataclass(frozen=True)
class QuantizationAware:
    """`model`: a tf_keras model with simulated int8; `curve` and `stopped` as in `FitResult`."""

    model: Any
    curve: tuple[Epoch, ...]
    stopped: str


def quantization_aware(
    model: Any,
    dataset: Dataset,
    training: TrainingSettings,
    augmentation: AugmentationSettings,
    seed: int,
    *,
    checkpoints: Path | None = None,
    progress: Progress | None = None,
    keep_zeros: bool = False,
    keep_clusters: bool = False,
) -> QuantizationAware:
    """A copy of a Keras 3 model trained with int8 weights and activations simulated (Jacob et al. 2018).

    Weights: symmetric, per channel in convolutions; activations: asymmetric, per tensor, ranges by moving average.
    tfmot starts these ranges at −6..6 and moves them by 0.1 % a step, too slowly for a short training: here they
    start at those of a few training batches. A batch normalisation behind a convolution or a dense layer is folded
    into it. `keep_zeros`: weights that are zero stay zero; `keep_clusters`: equal weights stay equal.
    The model given is not changed; `tf.lite.TFLiteConverter.from_keras_model` takes the result.

    Raises:
        ConfigError: a layer that tfmot cannot quantise, by name; a layer that is called more than once.
        RunError: the checkpoint belongs to another training.
    """
    pair = twin(model)
    _check(pair.model, pair.paths)
    with quiet_tf_keras():
        quantised = _quantised(pair.model, keep_zeros, keep_clusters)
        start_ranges(quantised, dataset.train, training.batch_size, seed)
        result = fit_tf_keras(
            quantised,
            dataset,
            training,
            augmentation,
            seed,
            keep_best=True,
            checkpoints=checkpoints,
            progress=progress,
        )
    return QuantizationAware(quantised, result.curve, result.stopped)


def check_quantization_aware(model: Any) -> None:
    """Returns if `quantization_aware` can train the Keras 3 model; raises its ConfigError otherwise."""
    pair = twin(model)
    _check(pair.model, pair.paths)


def _check(model: Any, paths: Any) -> None:
    known = tfmot_part(f"{DEFAULT_8BIT}_registry").Default8BitQuantizeRegistry()
    calls = Counter(layer.name for layer in model.layers for _ in layer._inbound_nodes)
    for layer in model.layers:
        kind, path = type(layer).__name__, paths.get(layer.name, layer.name)
        if kind == "InputLayer":
            continue
        if calls[layer.name] > 1:
            raise ConfigError(
                f"layer '{path}' ({kind}) is called {calls[layer.name]} times: quantization-aware training takes "
                "models that call each layer once. Quantise after training instead."
            )
        activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
        if activation not in ACTIVATIONS:
            raise ConfigError(
                f"layer '{path}' ({kind}) has the activation {activation}, which cannot be trained quantised: it must "
                f"be one of {', '.join(ACTIVATIONS)}. Quantise after training instead."
            )
        if not known.supports(layer) and kind not in (*OUTPUT_ONLY, "SeparableConv1D", "SeparableConv2D"):
            raise ConfigError(
                f"layer '{path}' ({kind}) cannot be trained quantised: tfmot has no rule for it. Quantise after "
                "training instead, or replace the layer."
            )


def _quantised(model: Any, keep_zeros: bool, keep_clusters: bool) -> Any:
    """The model with simulated quantisation around every layer."""
    configs, quantization = tfmot_part(f"{DEFAULT_8BIT}_configs"), tfmot().quantization.keras

    def annotate(layer: Any) -> Any:
        kind = type(layer).__name__
        if kind not in OUTPUT_ONLY or (kind == "BatchNormalization" and _is_folded(layer)):
            return quantization.quantize_annotate_layer(layer)
        return quantization.quantize_annotate_layer(layer, configs.Default8BitOutputQuantizeConfig())

    annotated = tf_keras().models.clone_model(model, clone_function=annotate)
    try:
        with quantization.quantize_scope({"Default8BitOutputQuantizeConfig": configs.Default8BitOutputQuantizeConfig}):
            return quantization.quantize_apply(annotated, scheme=_scheme(keep_zeros, keep_clusters))
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ConfigError(f"tfmot cannot prepare the model for quantization-aware training: {reason}") from error


def _scheme(keep_zeros: bool, keep_clusters: bool) -> Any:
    experimental = tfmot_part("api.experimental")
    if keep_clusters:
        return experimental.combine.Default8BitClusterPreserveQuantizeScheme(preserve_sparsity=keep_zeros)
    if keep_zeros:
        return experimental.combine.Default8BitPrunePreserveQuantizeScheme()
    return tfmot_part(f"{DEFAULT_8BIT}_scheme").Default8BitQuantizeScheme()


def _is_folded(layer: Any) -> bool:
    """Whether a batch normalisation alone reads a linear layer with a kernel, into which TFLite folds it."""
    before = layer._inbound_nodes[0].inbound_layers
    if type(before).__name__ not in ("Conv2D", "DepthwiseConv2D", "Dense") or len(before._outbound_nodes) != 1:
        return False
    return bool(before.activation.__name__ == "linear")
