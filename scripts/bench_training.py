"""Training throughput as ratios, and what a trial costs beside training; `make bench` runs it.

Three trainings of the same network run side by side, an epoch of each in turn, so that a slow minute of the machine
slows all three: Keras' own compile/fit in float32 (Keras' defaults), Keras' own compile/fit in our precision, and
our loop. Keras' speed is taken between the first and the last batch callback of an epoch, ours between the first and
the last chunk (feeding included). A ratio is the median over epochs of the ratio within an epoch.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import psutil

from nas_cli.data.dataset import Dataset, Provenance, Split
from nas_cli.data.settings import AugmentationSettings
from nas_cli.models.builder import build
from nas_cli.models.zoo.paper3_cnn import paper3_cnn
from nas_cli.models.zoo.resnet_cifar import resnet20
from nas_cli.spaces.architecture import Architecture, node
from nas_cli.training import precision, session
from nas_cli.training.fit import fit
from nas_cli.training.settings import LossSettings, OptimizerSettings, ScheduleSettings, TrainingSettings

BATCH = 64
PLAIN = AugmentationSettings(name="none", flip=False, crop=0, cutout=0, copies=1)
ADAM = OptimizerSettings(name="adam", learning_rate=0.001, momentum=None, weight_decay=None, clip_norm=None)
CONSTANT = ScheduleSettings(name="constant", warmup=0.0, final_fraction=None, factor=None, milestones=None)


def searched(input_shape: tuple[int, ...], classes: int) -> Architecture:
    """A network as the small search space makes them: two branches that are joined, and a dense layer."""
    nodes = (
        node("input", shape=input_shape),
        node("conv2d", (0,), filters=32, kernel=3, activation="relu"),
        node("max_pool", (1,), size=2),
        node("conv2d", (0,), filters=16, kernel=5, activation="relu"),
        node("max_pool", (3,), size=2),
        node("merge", (2, 4), mode="concat"),
        node("conv2d", (5,), filters=64, kernel=3, activation="relu"),
        node("max_pool", (6,), size=2),
        node("dropout", (7,), rate=0.3),
        node("flatten", (8,)),
        node("dense", (9,), units=128, activation="relu"),
        node("dense", (10,), units=classes, activation="linear"),
    )
    return Architecture(nodes)


NETWORKS: Mapping[str, tuple[Callable[..., Architecture], tuple[int, ...], int]] = {
    "searched 28x28": (searched, (28, 28, 1), 6400),
    "paper3_cnn 32x32": (paper3_cnn, (32, 32, 3), 3200),
    "resnet20 32x32": (resnet20, (32, 32, 3), 1280),
}
"""Name: architecture, input shape, training images."""


def settings(epochs: int, name: str) -> TrainingSettings:
    """Our loop with its default settings."""
    return TrainingSettings(
        epochs=epochs, batch_size=BATCH, optimizer=ADAM, loss=LossSettings(name="auto", label_smoothing=None),
        schedule=CONSTANT, patience=None, restore_best=True, precision=name, jit_compile="auto", max_seconds=None,
        tensorboard=False,
    )  # fmt: skip


def noise(shape: tuple[int, ...], count: int) -> Dataset:
    """Random images: their content does not change the speed."""
    rng = np.random.default_rng(0)

    def split(size: int) -> Split:
        return Split(rng.integers(0, 256, (size, *shape), dtype=np.uint8), rng.integers(0, 10, size))

    channels = np.ones(shape[-1], np.float32)
    parts = (split(count), split(500), split(10))
    return Dataset("noise", "classification", 10, *parts, 128 * channels, 74 * channels, 0.0, 1.0,
                   Provenance("generated", {}, ()), "noise")  # fmt: skip


class Timer(keras.callbacks.Callback):  # type: ignore[misc]
    """The times at which batches end."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.ends: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.ends.append(time.perf_counter())

    def images_per_second(self) -> float:
        """Of the epoch's batches after its first."""
        return (len(self.ends) - 1) * BATCH / (self.ends[-1] - self.ends[0])


def hand_written(architecture: Architecture, data: Dataset, policy: str) -> Callable[[], float]:
    """Trains one epoch with Keras' compile and fit per call; gives its images per second."""
    keras.config.set_dtype_policy(policy)
    model = build(architecture, data.scale, data.offset)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    x, timer = data.train.x.astype(np.float32), Timer()

    def epoch() -> float:
        model.fit(x, data.train.y, batch_size=BATCH, verbose=0, callbacks=[timer])
        return timer.images_per_second()

    return epoch


def throughput(architecture: Architecture, data: Dataset, epochs: int, ours: str) -> list[tuple[float, float, float]]:
    """Images per second of (Keras float32, Keras in our precision, ours), one triple per epoch after a warm-up."""
    keras.backend.clear_session()
    default = hand_written(architecture, data, "float32")
    same = hand_written(architecture, data, ours)
    model = build(architecture, data.scale, data.offset)
    found: list[tuple[float, float, float]] = []

    def other_trainings(epoch: Mapping[str, float]) -> None:
        found.append((default(), same(), epoch["images_per_second"]))

    fit(model, data, settings(epochs + 1, ours), PLAIN, 0, progress=other_trainings)
    return found[1:]


def trial(architecture: Architecture, data: Dataset, folder: Path) -> dict[str, float]:
    """Seconds of the parts of a two-epoch trial."""
    session.forget_models()
    marks = [time.perf_counter()]
    model = build(architecture, data.scale, data.offset)
    marks.append(time.perf_counter())
    result = fit(model, data, settings(2, "auto"), PLAIN, 0)
    marks.append(time.perf_counter())
    model.save(folder / "model.keras")
    marks.append(time.perf_counter())
    del model
    session.forget_models()
    marks.append(time.perf_counter())
    building, fitting, saving, clearing = (b - a for a, b in zip(marks, marks[1:], strict=False))
    other = fitting - result.train_seconds - result.evaluation_seconds
    return {
        "build": building, "compile": result.compile_seconds, "save": saving, "clear": clearing, "loop": other,
        "train": result.train_seconds + result.evaluation_seconds - result.compile_seconds,
    }  # fmt: skip


def memory(data: Dataset, trials: int) -> list[float]:
    """Resident megabytes after each of many small trainings in this process."""
    process, sizes = psutil.Process(), []
    for seed in range(trials):
        session.forget_models()
        keras.utils.set_random_seed(seed)
        model = build(searched(data.input_shape, 10), data.scale, data.offset)
        fit(model, data, settings(1, "auto"), PLAIN, seed)
        sizes.append(process.memory_info().rss / 1e6)
    return sizes


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description="Training throughput, time per trial, memory.")
    parser.add_argument("--epochs", type=int, default=7, help="timed epochs of each training")
    parser.add_argument("--memory-trials", type=int, default=0, help="also train so many networks and print memory")
    options = parser.parse_args()
    ours = precision.apply("auto")
    target = 2.0 if ours != "float32" else 1.1
    print(f"precision {ours}; targets: {target} over Keras' defaults, 0.98 over Keras in the same precision\n")
    print(f"{'images per second':18s} {'Keras f32':>10s} {'Keras same':>10s} {'ours':>8s} {'/ f32':>7s} {'/ same':>7s}")
    for name, (make, shape, count) in NETWORKS.items():
        data = noise(shape, count)
        rows = throughput(make(shape, 10), data, options.epochs, ours)
        default, same, loop = (statistics.median(column) for column in zip(*rows, strict=True))
        over_default = statistics.median(row[2] / row[0] for row in rows)
        over_same = statistics.median(row[2] / row[1] for row in rows)
        print(f"{name:18s} {default:10.0f} {same:10.0f} {loop:8.0f} {over_default:7.2f} {over_same:7.2f}", flush=True)
    precision.apply("auto")
    parts_of_a_trial = ("build", "compile", "save", "clear", "loop", "train")
    print(f"\n{'seconds per trial':18s}" + "".join(f"{part:>9s}" for part in parts_of_a_trial))
    with tempfile.TemporaryDirectory() as folder:
        for name, (make, shape, count) in NETWORKS.items():
            parts = trial(make(shape, 10), noise(shape, count), Path(folder))
            print(f"{name:18s}" + "".join(f"{value:9.2f}" for value in parts.values()), flush=True)
    if options.memory_trials:
        sizes = memory(noise((28, 28, 1), 320), options.memory_trials)
        print("\nresident MB after training 1, 2, …: " + " ".join(f"{size:.0f}" for size in sizes))


if __name__ == "__main__":
    main()
