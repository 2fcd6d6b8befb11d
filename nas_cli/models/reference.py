"""The model a user means by a zoo name, a run folder, a model file or an architecture file."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nas_cli.errors import ConfigError, DataError
from nas_cli.models import zoo
from nas_cli.models.adapted import fresh
from nas_cli.models.load import load_model
from nas_cli.models.logits import ends_in_softmax, without_softmax
from nas_cli.models.settings import ModelSettings
from nas_cli.models.weights import IMAGENET, check_weights, load_weights
from nas_cli.schema import nearest
from nas_cli.spaces.architecture import Architecture, from_json

IN_RUN = Path("best") / "architecture.json"


def find_architecture(
    name: str, input_shape: tuple[int, ...], classes: int, width: float | None = None
) -> Architecture | None:
    """The network as a plain value, for costs without TensorFlow; None for model files and `keras.applications`.

    An architecture from a run or a .json file is put on inputs of `input_shape`. `width` multiplies the filters of a
    network that is known by name; None leaves it as published.

    Raises:
        ConfigError: if the name is neither known nor a path, the network has another number of outputs, or it has no
            width to choose.
        DataError: if the file cannot be read as an architecture.
    """
    if name in zoo.names():
        return zoo.architecture(name, input_shape, classes, **_options(width))
    path = Path(name)
    if not path.exists():
        typed_a_path = path.suffix or len(path.parts) > 1
        known = "" if typed_a_path else f"{nearest(name, zoo.names())} Known: {', '.join(zoo.names())}."
        raise ConfigError(f"model '{name}' is neither a known network nor a path that exists.{known}")
    if width is not None:
        raise ConfigError(f"{name} keeps the width it was made with: model.width is for networks known by name.")
    file = path / IN_RUN if path.is_dir() else path
    if file.suffix != ".json" or (path.is_dir() and not file.exists()):
        return None
    architecture = _read(file)
    outputs = dict(architecture.nodes[-1].settings).get("units")
    if outputs != classes:
        raise ConfigError(f"the network in {file} has {outputs} outputs, the data set needs {classes}.")
    return architecture.with_input(tuple(input_shape))


def open_model(
    settings: ModelSettings,
    input_shape: tuple[int, ...],
    classes: int,
    scale: Sequence[float] | None = None,
    offset: Sequence[float] | None = None,
    note: Callable[[str], None] = lambda line: None,
) -> Any:
    """The `keras.Model` for a data set, with the weights that the settings name; fresh ones if they name none.

    `scale` and `offset` standardise the inputs of a network that is built here; a model file is taken as it is, but
    for a softmax at its end, which our losses contain: `note` gets a line then. ImageNet weights bring their own
    standardisation.

    Raises:
        ConfigError: if there is no such model, it has no weights to keep, or it does not fit the data set.
        DataError: if a file cannot be read or is of another network, or the weights cannot be downloaded.
    """
    architecture = find_architecture(settings.name, input_shape, classes, settings.width)
    check_weights(settings)
    pretrained = settings.weights == IMAGENET
    if settings.keep_weights or (architecture is None and settings.name not in zoo.names()):
        model = _from_file(settings, input_shape, classes, note)
    elif architecture is None:
        options = _options(settings.width)
        model = zoo.build(settings.name, input_shape, classes, scale, offset, pretrained, **options)
    else:
        from nas_cli.models.builder import build

        model = build(architecture, scale, offset)
    if settings.weights is not None and not pretrained:
        load_weights(model, Path(settings.weights))
    return model


def _options(width: float | None) -> dict[str, float]:
    return {} if width is None else {"width": width}


def _from_file(settings: ModelSettings, input_shape: tuple[int, ...], classes: int, note: Callable[[str], None]) -> Any:
    if settings.name in zoo.names() or settings.name.endswith(".json"):
        raise ConfigError(f"model '{settings.name}' has no weights to keep: name a run or a .keras file.")
    model = load_model(Path(settings.name))
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ConfigError(
            f"the model in {settings.name} has {len(model.inputs)} inputs and {len(model.outputs)} outputs: only "
            "networks with one of each can be trained; save the part from one input to one output as a model."
        )
    takes, gives = tuple(model.inputs[0].shape)[1:], tuple(model.outputs[0].shape)[1:]
    if takes != tuple(input_shape) or gives != (classes,):
        raise ConfigError(
            f"the model in {settings.name} takes {takes} and gives {gives}, the data set needs {tuple(input_shape)} "
            f"and ({classes},).{_resolution(takes, input_shape)}"
        )
    if classes > 1 and ends_in_softmax(model):
        model = without_softmax(model)
        note(f"the softmax at the end of {settings.name} is left out: training and the saved network go by logits")
    return model if settings.keep_weights else fresh(model)


def _resolution(takes: tuple[int | None, ...], input_shape: tuple[int, ...]) -> str:
    """What would bring the images to the model's size; nothing where it would not help."""
    side, *rest = takes
    square = len(takes) == 3 and side is not None and rest == [side, input_shape[-1]]
    return f" dataset.resolution={side} resizes the images." if square and tuple(takes) != tuple(input_shape) else ""


def _read(file: Path) -> Architecture:
    try:
        return from_json(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, ConfigError) as error:
        raise DataError(f"cannot read an architecture from {file}: {error}") from error
