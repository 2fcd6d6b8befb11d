"""The runs and files that teachers are named by, looked at without TensorFlow."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nas_cli.data.dataset import DatasetInfo
from nas_cli.errors import ConfigError, DataError
from nas_cli.models.load import IN_RUN
from nas_cli.runs.folder import RunFolder


def check_teachers(names: Sequence[str], data: DatasetInfo) -> list[str]:
    """A line for every teacher that is a run, about what it learned; the rest is known once it is opened.

    Raises:
        ConfigError: there is no teacher, or no classes to teach, or a run's network is for other inputs or classes.
        DataError: there is no such file.
    """
    check_classes(data)
    if not names:
        raise ConfigError("no teacher is given: add --teacher RUN or --teacher FILE.keras (several: A,B).")
    return [line for name in names for line in _check(name, data)]


def check_classes(data: DatasetInfo) -> None:
    """Passes if there are classes to learn of a teacher.

    Raises:
        ConfigError: there are none.
    """
    if data.task == "regression":
        raise ConfigError(f"{data.name} has no classes: distillation is of networks that tell classes apart.")


def teacher_file(name: str) -> Path:
    """The .keras file that a teacher's name stands for.

    Raises:
        DataError: there is none.
    """
    path = Path(name)
    file = path / IN_RUN if path.is_dir() else path
    if not file.is_file():
        raise DataError(f"no teacher at {file}: give a .keras file or the folder of a finished run.")
    if file.suffix != ".keras":
        raise DataError(f"teacher {file} is not a .keras file: save the model with model.save('NAME.keras').")
    return file


def file_digest(file: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _check(name: str, data: DatasetInfo) -> list[str]:
    teacher_file(name)
    learned = _dataset_of(Path(name))
    if not learned:
        return []
    shape, classes = tuple(learned.get("input_shape", ())), learned.get("classes")
    if classes != data.classes:
        raise ConfigError(
            f"teacher {name} tells {classes} classes apart ({learned.get('name')}), {data.name} has {data.classes}: "
            "teacher and student need the same classes."
        )
    if shape != tuple(data.input_shape):
        raise ConfigError(
            f"teacher {name} takes inputs of shape {shape}, {data.name} has {tuple(data.input_shape)}: set "
            "dataset.resolution to the teacher's, or choose another teacher."
        )
    other = "" if learned.get("name") == data.name else f": another data set than the student's {data.name}"
    return [f"teacher {name} learned {learned.get('name')}{other}"]


def _dataset_of(path: Path) -> Mapping[str, Any]:
    """The dataset block of a run; empty for a file, or a run that says nothing."""
    if not path.is_dir():
        return {}
    event = RunFolder(path).first_event() or {}
    block = event.get("dataset")
    return block if isinstance(block, Mapping) else {}
