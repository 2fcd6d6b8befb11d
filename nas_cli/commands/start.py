"""What every run begins with: its data, its network, and what the journal's start event says of them."""

from collections.abc import Callable
from typing import Any

from nas_cli.data.dataset import Dataset

Note = Callable[[str], None]


def prepared(config: Any, run: Any, note: Note) -> Dataset:
    """The configured data set, prepared in the run folder; what a reader should know of its source is noted."""
    from nas_cli.commands.progress import download_lines
    from nas_cli.data.prepare import prepare
    from nas_cli.data.sources import data_dir

    dataset = prepare(config.dataset, data_dir(), run.data, download_lines(note))
    if dataset.provenance.note:
        note(dataset.provenance.note)
    return dataset


def examined(config: Any) -> Any:
    """The configured `keras.Model` for the data set's shape, to look at: nothing is prepared, nothing is said."""
    from nas_cli.training.quiet import quiet_import

    with quiet_import():
        import keras  # noqa: F401  (its import is what prints)
    from nas_cli.data.info import info
    from nas_cli.data.sources import data_dir
    from nas_cli.models.reference import open_model

    data = info(config.dataset, data_dir())
    return open_model(config.model, data.input_shape, data.classes)


def opened(config: Any, dataset: Dataset, note: Note) -> Any:
    """The configured `keras.Model` for the data set; new weights are drawn from the configured seed."""
    import keras

    from nas_cli.models.reference import open_model

    keras.utils.set_random_seed(config.seed)
    shape, classes = dataset.input_shape, dataset.classes
    return open_model(config.model, shape, classes, dataset.scale, dataset.offset, note=note)


def start_head(command: str, config: Any, dataset: Dataset) -> dict[str, Any]:
    """What the start event says of configuration, data and network, whatever is done to it."""
    from nas_cli.runs.identity import config_digest
    from nas_cli.schema import plain

    return {
        "command": command,
        "config_digest": config_digest(plain(config)),
        "dataset": dataset_block(dataset),
        "model": config.model.name,
    }


def dataset_block(dataset: Dataset) -> dict[str, Any]:
    """Name, shape, sizes, provenance and split of a prepared data set, as JSON values; how many of its training labels
    were made wrong on purpose, if any."""
    changed = dataset.provenance.changed_labels
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
        **({"changed_labels": changed} if changed else {}),
    }
