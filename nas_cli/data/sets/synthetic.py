"""Generated images that a small network can learn, for tests and trials of a set-up.

Each class has a smooth random pattern. An example is its class' pattern, moved by up to one pixel in each
direction, at a random contrast, plus noise.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.dataset import Provenance
from nas_cli.data.settings import DatasetSettings
from nas_cli.data.source import Card, Examples, FileCheck, Outline, Source, in_memory
from nas_cli.errors import ConfigError

TEST_SHARE = 5
NOISE = 30.0


class Synthetic:
    """`dataset.examples` training images of `dataset.classes` classes, and a fifth as many test images."""

    card = Card(
        name="synthetic",
        task="classification",
        input_shape=None,
        classes=None,
        train=None,
        test=None,
        size_bytes=0,
        licence="generated",
        source="generated from dataset.split_seed",
    )

    def find(self, data_dir: Path, path: str | None = None) -> Path | None:
        return None

    def outline(self, settings: DatasetSettings, data_dir: Path) -> Outline:
        shape, classes, examples = _sizes(settings)
        return Outline(shape, classes, examples, None, max(classes, examples // TEST_SHARE))

    def open(self, settings: DatasetSettings, data_dir: Path) -> Source:
        outline = self.outline(settings, data_dir)
        rng = np.random.default_rng(settings.split_seed)
        patterns = np.stack([_pattern(outline.input_shape, rng) for _ in range(outline.classes)])
        train = _examples(patterns, outline.train, rng)
        test = _examples(patterns, outline.test or 0, rng)
        provenance = Provenance("generated", {"train": len(train), "test": len(test)}, ())
        return Source("classification", outline.classes, outline.input_shape, train, None, test, provenance)

    def check(self, data_dir: Path, path: str | None = None) -> Iterator[FileCheck]:
        yield FileCheck("synthetic", "verified", "generated, no files")


def _sizes(settings: DatasetSettings) -> tuple[tuple[int, ...], int, int]:
    shape, classes, examples = settings.shape, settings.classes, settings.examples
    if shape is None or len(shape) != 3:
        raise ConfigError(f"dataset.shape must be [height, width, channels] for synthetic, got {shape}.")
    if classes is None or classes < 2:
        raise ConfigError(f"dataset.classes must be at least 2 for synthetic, got {classes}.")
    if examples is None or examples < 2 * classes:
        raise ConfigError(f"dataset.examples must be at least twice dataset.classes ({classes}), got {examples}.")
    return shape, classes, examples


def _pattern(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    height, width, channels = shape
    rows, columns = np.mgrid[0:height, 0:width]
    pattern = np.zeros(shape)
    for channel in range(channels):
        for _ in range(3):
            down, across = rng.uniform(0.5, 2.5, 2)
            phase = rng.uniform(0, 2 * np.pi)
            pattern[:, :, channel] += np.sin(2 * np.pi * (down * rows / height + across * columns / width) + phase)
    return pattern / max(1e-9, float(np.abs(pattern).max()))


def _examples(patterns: NDArray[np.float64], count: int, rng: np.random.Generator) -> Examples:
    labels = rng.permutation(np.arange(count) % len(patterns)).astype(np.int64)
    images = np.empty((count, *patterns.shape[1:]), np.uint8)
    for i, label in enumerate(labels):
        images[i] = _one(patterns[label], rng)
    return in_memory(images, labels)


def _one(pattern: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    moved = np.roll(pattern, rng.integers(-1, 2, 2), axis=(0, 1))
    image: NDArray[np.float64] = 128 + rng.uniform(40, 90) * moved + rng.normal(0, NOISE, pattern.shape)
    return np.rint(np.clip(image, 0, 255))


SYNTHETIC = Synthetic()
