"""What a journal's start event says of the data set."""

from typing import Any

from nas_cli.data.dataset import Dataset


def dataset_block(dataset: Dataset) -> dict[str, Any]:
    """Name, shape, sizes, provenance and split of a prepared data set, as JSON values."""
    return {
        "name": dataset.name,
        "task": dataset.task,
        "input_shape": list(dataset.input_shape),
        "classes": dataset.classes,
        "train": len(dataset.train),
        "validation": len(dataset.validation),
        "test": len(dataset.test),
        "provenance": dataset.provenance.status,
        "split_digest": dataset.split_digest,
    }
