"""What a training begins with: its network, and the examples that it sees."""

import dataclasses
from typing import Any

import numpy as np

from nas_cli.bench.optimizers.plan import GLOROT
from nas_cli.data.dataset import Dataset, Split
from nas_cli.errors import ConfigError
from nas_cli.models.settings import ModelSettings


def check_dataset(task: str, name: str) -> None:
    """
    Raises:
        ConfigError: if the data set has no classes.
    """
    if task != "classification":
        raise ConfigError(f"--mode optimizers compares accuracies, and {name} has no classes: choose another data set.")


def build_network(settings: ModelSettings, dataset: Dataset, initializer: str, seed: int) -> Any:
    """The `keras.Model` with weights that follow from seed and initializer alone."""
    import keras

    from nas_cli.models.reference import open_model

    keras.utils.set_random_seed(seed)
    model = open_model(settings, dataset.input_shape, dataset.classes, dataset.scale, dataset.offset)
    if initializer != GLOROT:
        _redraw(model, initializer, seed)
    return model


def _redraw(model: Any, initializer: str, seed: int) -> None:
    """Draws all kernels anew; biases stay 0, scales of normalisations 1."""
    import keras

    kernels = [weight for weight in model.trainable_variables if weight.name.endswith("kernel")]
    for position, kernel in enumerate(kernels):
        draw = keras.initializers.get({"class_name": initializer, "config": {"seed": seed + position}})
        kernel.assign(draw(kernel.shape, kernel.dtype))


def measured_on_test(dataset: Dataset) -> Dataset:
    """The data set with training and validation split in one for training, and the test split to be looked at.

    Only for trainings by whose values nothing is chosen any more. The inputs' mean and deviation stay those of the
    training split.
    """
    train, validation = dataset.train, dataset.validation
    whole = Split(np.concatenate([train.x, validation.x]), np.concatenate([train.y, validation.y]))
    digest = f"{dataset.split_digest} training and validation, test"
    return dataclasses.replace(dataset, train=whole, validation=dataset.test, split_digest=digest)
