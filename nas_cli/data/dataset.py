"""What a prepared data set is: arrays of three splits, what was measured on them, and where they come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Task = Literal["classification", "regression"]
Status = Literal["verified", "unverified subset", "unverified", "embedded", "generated"]


@dataclass(frozen=True, eq=False)
class Split:
    """Examples with their targets.

    `x`: uint8 images (n, height, width, channels) in 0..255, or float32 features (n, features).
    `y`: int64 class numbers (n,), or float32 raw targets (n,).
    """

    x: NDArray[Any]
    y: NDArray[Any]

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Provenance:
    """Where the examples come from.

    `status`: verified (all files are the published ones), unverified subset (well formed, but fewer examples than
    published), unverified (well formed, and no checksum is published for this form), embedded or generated.
    `counts`: examples found, before splitting and subsampling. `files`: what was read. `note`: a line for the user.
    `changed_labels`: training labels that were made wrong on purpose.
    """

    status: Status
    counts: Mapping[str, int]
    files: tuple[str, ...]
    note: str | None = None
    changed_labels: int = 0


@dataclass(frozen=True, eq=False)
class Dataset:
    """The three fixed splits of a data set.

    `classes` is 1 for regression. `mean` and `std`: float32 per channel (or feature) in raw units, measured on the
    training split. `target_mean` and `target_std`: the same of the training targets (0 and 1 for classification);
    `y` itself stays raw. `split_digest`: SHA-256 over the chosen examples and their targets.
    """

    name: str
    task: Task
    classes: int
    train: Split
    validation: Split
    test: Split
    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    target_mean: float
    target_std: float
    provenance: Provenance
    split_digest: str

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one example, without the batch."""
        return tuple(int(size) for size in self.train.x.shape[1:])

    @property
    def scale(self) -> list[float]:
        """The factors per channel with which x * scale + offset has mean 0 and deviation 1."""
        return [float(1.0 / value) for value in self.std]

    @property
    def offset(self) -> list[float]:
        """The terms per channel that go with `scale`."""
        return [float(-mean / std) for mean, std in zip(self.mean, self.std, strict=True)]


@dataclass(frozen=True)
class DatasetInfo:
    """Sizes of a data set as it would be prepared, known without decoding it."""

    name: str
    task: Task
    input_shape: tuple[int, ...]
    classes: int
    train_examples: int
    validation_examples: int
    test_examples: int
