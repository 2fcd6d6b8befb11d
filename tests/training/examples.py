"""Small data sets, models and settings for the tests of training."""

from dataclasses import replace
from typing import Any

import numpy as np

from nas_cli.data.dataset import Dataset, Provenance, Split
from nas_cli.data.settings import AugmentationSettings
from nas_cli.training.settings import LossSettings, OptimizerSettings, ScheduleSettings, TrainingSettings

PLAIN = AugmentationSettings(name="none", flip=False, crop=0, cutout=0, copies=1)
STANDARD = AugmentationSettings(name="standard", flip=True, crop=1, cutout=2, copies=1)
CONSTANT = ScheduleSettings(name="constant", warmup=0.0, final_fraction=None, factor=None, milestones=None)
ADAM = OptimizerSettings(name="adam", learning_rate=0.01, momentum=None, weight_decay=None, clip_norm=None)


def training(**changes: Any) -> TrainingSettings:
    """Two epochs of Adam in float32."""
    base = TrainingSettings(
        epochs=2,
        batch_size=16,
        optimizer=ADAM,
        loss=LossSettings(name="auto", label_smoothing=None),
        schedule=CONSTANT,
        patience=None,
        restore_best=False,
        precision="float32",
        jit_compile="auto",
        max_seconds=None,
        tensorboard=False,
    )
    return replace(base, **changes)


def _dataset(task: Any, classes: int, splits: list[Split], mean: float, std: float) -> Dataset:
    channels = splits[0].x.shape[-1]
    return Dataset(
        name="tiny",
        task=task,
        classes=classes,
        train=splits[0],
        validation=splits[1],
        test=splits[2],
        mean=np.full(channels, splits[0].x.mean(), np.float32),
        std=np.full(channels, splits[0].x.std(), np.float32),
        target_mean=mean,
        target_std=std,
        provenance=Provenance("generated", {}, ()),
        split_digest="tiny",
    )


def images(train: int = 72, classes: int = 3, seed: int = 0) -> Dataset:
    """8×8 images whose class is the brightest of three columns: learnable in a few steps."""
    rng = np.random.default_rng(seed)

    def split(count: int) -> Split:
        y = np.arange(count) % classes
        x = rng.integers(0, 100, (count, 8, 8, 1))
        x[np.arange(count), :, 2 * y] += 150
        return Split(x.astype(np.uint8), y.astype(np.int64))

    return _dataset("classification", classes, [split(train), split(30), split(30)], 0.0, 1.0)


def table(train: int = 64) -> Dataset:
    """Targets 50 + 10·(x0 − x1) around 50."""
    rng = np.random.default_rng(0)

    def split(count: int) -> Split:
        x = rng.standard_normal((count, 4)).astype(np.float32)
        return Split(x, (50 + 10 * (x[:, 0] - x[:, 1])).astype(np.float32))

    splits = [split(train), split(20), split(20)]
    return _dataset("regression", 1, splits, float(splits[0].y.mean()), float(splits[0].y.std()))


def convolutional(dataset: Dataset, seed: int = 0, dropout: float = 0.2) -> Any:
    """Convolution, batch norm, dropout, dense: everything that has state."""
    import keras

    keras.utils.set_random_seed(seed)
    x = inputs = keras.Input(dataset.input_shape)
    x = keras.layers.Rescaling(dataset.scale, dataset.offset, dtype="float32")(x)
    x = keras.layers.Conv2D(4, 3, padding="same", use_bias=False)(x)
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    x = keras.layers.ReLU()(x)
    x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Dropout(dropout)(keras.layers.Flatten()(x))
    return keras.Model(inputs, keras.layers.Dense(dataset.classes, dtype="float32")(x))


def linear(dataset: Dataset, seed: int = 0) -> Any:
    """One dense layer on raw inputs."""
    import keras

    keras.utils.set_random_seed(seed)
    inputs = keras.Input(dataset.input_shape)
    x = keras.layers.Flatten()(inputs)
    return keras.Model(inputs, keras.layers.Dense(dataset.classes)(x))


def weights(model: Any) -> list[Any]:
    """Copies of all variables of a model."""
    return [np.array(variable) for variable in model.variables]
