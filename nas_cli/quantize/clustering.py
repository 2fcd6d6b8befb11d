"""Weight clustering with tfmot: every kernel keeps a few distinct values, which compress well."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from nas_cli.data.dataset import Dataset
from nas_cli.data.settings import AugmentationSettings
from nas_cli.errors import ConfigError
from nas_cli.models.tf_keras_library import quiet_tf_keras, tf_keras, tfmot, tfmot_part
from nas_cli.models.tf_keras_model import Twin, give_back, twin
from nas_cli.training.result import Epoch, Progress
from nas_cli.training.settings import TrainingSettings
from nas_cli.training.tf_keras_fit import fit_tf_keras

INITIALIZATIONS = ("KMEANS_PLUS_PLUS", "DENSITY_BASED", "LINEAR", "RANDOM")
CLUSTERED = ("Conv1D", "Conv2D", "Conv3D", "Dense", "Conv2DTranspose", "SeparableConv1D", "SeparableConv2D")
"""Layers whose kernel is clustered, by class: those of tfmot's registry that convolve or multiply."""


@dataclass(frozen=True)
class Clustered:
    """`model`: the Keras 3 model that was given, with its new weights. `clusters`: distinct values of each kernel.

    `curve` and `stopped` as in `FitResult`; without training an empty curve.
    """

    model: Any
    clusters: Mapping[str, int]
    curve: tuple[Epoch, ...]
    stopped: str


def cluster_weights(
    model: Any,
    clusters: int,
    dataset: Dataset,
    training: TrainingSettings | None,
    augmentation: AugmentationSettings,
    seed: int,
    *,
    checkpoints: Path | None = None,
    progress: Progress | None = None,
    initialization: str = "KMEANS_PLUS_PLUS",
    keep_zeros: bool = False,
) -> Clustered:
    """Gives each kernel of a Keras 3 model at most `clusters` distinct values, in place.

    The centroids are found on the weights (k-means++ by default) and trained with them: each weight is its nearest
    centroid in the forward pass (Han et al. 2016, arXiv:1510.00149). Biases, batch norms and depthwise kernels stay.
    `keep_zeros`: zero is one of the values, and weights that are zero stay so. `training` None: no training.

    Raises:
        ConfigError: fewer than 2 clusters; a layer without counterpart in Keras 2, by name; nothing to cluster.
        RunError: the checkpoint belongs to another training.
    """
    check_clustering(clusters, initialization)
    pair = twin(model)
    with quiet_tf_keras():
        keras.utils.set_random_seed(seed)
        wrapped = _wrapped(pair, clusters, initialization, keep_zeros)
        curve: tuple[Epoch, ...] = ()
        stopped = "completed"
        if training is not None:
            result = fit_tf_keras(
                wrapped,
                dataset,
                training,
                augmentation,
                seed,
                keep_best=True,
                checkpoints=checkpoints,
                progress=progress,
            )
            curve, stopped = result.curve, result.stopped
        give_back(pair, tfmot().clustering.keras.strip_clustering(wrapped))
    return Clustered(model, distinct_values(pair), curve, stopped)


def check_clustering(clusters: int, initialization: str = "KMEANS_PLUS_PLUS") -> None:
    """Returns if these settings can be used; needs no TensorFlow.

    Raises:
        ConfigError: naming the value.
    """
    if clusters < 2:
        raise ConfigError(f"the number of clusters must be at least 2, got {clusters}.")
    if initialization not in INITIALIZATIONS:
        raise ConfigError(f"initialization must be one of {', '.join(INITIALIZATIONS)}, got {initialization!r}.")


def distinct_values(pair: Twin) -> dict[str, int]:
    """How many distinct values each clustered kernel has, by its path in the Keras 3 model."""
    return {
        f"{name}/{variable.name}": len(np.unique(np.array(variable)))
        for name, layer in pair.layers.items()
        if type(layer).__name__ in CLUSTERED
        for variable in layer.weights
        if variable.name in ("kernel", "pointwise_kernel")
    }


def _wrapped(pair: Twin, clusters: int, initialization: str, keep_zeros: bool) -> Any:
    """The tf_keras model with tfmot's wrapper around each layer that is clustered.

    A kernel with fewer weights than clusters stays as it is.
    """
    library = tfmot().clustering.keras
    cluster_weights_of = tfmot_part("clustering.keras.cluster_wrapper").ClusterWeights
    start = getattr(library.CentroidInitialization, initialization)
    found = False

    def wrap(layer: Any) -> Any:
        nonlocal found
        kernels = [weight for weight in layer.trainable_weights if weight.shape.rank > 1]
        small = any(int(np.prod(kernel.shape)) <= clusters for kernel in kernels)
        if type(layer).__name__ not in CLUSTERED or small or not kernels:
            return layer
        found = True
        return cluster_weights_of(layer, clusters, start, preserve_sparsity=keep_zeros)

    wrapped = tf_keras().models.clone_model(pair.model, clone_function=wrap)
    if not found:
        raise ConfigError(
            f"there is nothing to cluster: no convolution or dense layer has more than {clusters} trainable weights."
        )
    return wrapped
