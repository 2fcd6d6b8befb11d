"""Shape, classes and sizes of a data set as it would be prepared, without decoding it."""

from pathlib import Path

from nas_cli.data.catalog import reader
from nas_cli.data.dataset import DatasetInfo
from nas_cli.data.settings import DatasetSettings
from nas_cli.data.source import Card
from nas_cli.data.split import planned_sizes
from nas_cli.errors import ConfigError, DataError

_OWN_PLACE = ("image_folder", "imagenet")


def info(settings: DatasetSettings, data_dir: Path) -> DatasetInfo:
    """The sizes that `prepare` will give; the published ones while a known data set is not there yet.

    Raises:
        ConfigError, DataError: as `prepare`, as far as it shows without reading the examples.
    """
    found = reader(settings.name)
    check_settings(settings, found.card)
    outline = found.outline(settings, data_dir)
    classes = outline.classes if found.card.task == "classification" else 1
    sizes = planned_sizes(settings, classes, outline.train, outline.validation, outline.test)
    return DatasetInfo(
        name=settings.name,
        task=found.card.task,
        input_shape=resized(outline.input_shape, settings.resolution),
        classes=outline.classes,
        train_examples=sizes.train,
        validation_examples=sizes.validation,
        test_examples=sizes.test,
    )


def resized(shape: tuple[int, ...], resolution: int | None) -> tuple[int, ...]:
    """The shape of an example after resizing to `resolution`; None keeps it."""
    return shape if resolution is None else (resolution, resolution, shape[-1])


def check_settings(settings: DatasetSettings, card: Card) -> None:
    """Refuse settings that the data set does not have.

    Raises:
        ConfigError: `shape`, `classes` or `examples` for a data set with files, `path` for one with a fixed place,
            `resolution` for a table, `label_noise` without classes.
        DataError: `path` is not a folder.
    """
    if settings.name != "synthetic":
        for key in ("shape", "classes", "examples"):
            if getattr(settings, key) is not None:
                raise ConfigError(f"dataset.{key} is for synthetic only: use null for {settings.name}.")
    if settings.path is not None and settings.name not in _OWN_PLACE:
        raise ConfigError(f"dataset.path is for {' and '.join(_OWN_PLACE)} only: set NAS_DATA_DIR for {settings.name}.")
    if settings.label_noise and card.task == "regression":
        raise ConfigError(f"dataset.label_noise={settings.label_noise:g}: {settings.name} has no classes, use 0.")
    table = card.input_shape is not None and len(card.input_shape) == 1
    if settings.resolution is not None and table:
        raise ConfigError(f"dataset.resolution is for images only: use null for {settings.name}.")
    if settings.path is not None and not Path(settings.path).expanduser().is_dir():
        raise DataError(f"dataset.path '{settings.path}' is not a folder.")
