"""Weights of another source, put into a model that has the same layers."""

import math
import warnings
from pathlib import Path
from typing import Any

from nas_cli.errors import ConfigError, DataError
from nas_cli.models.adapted import settle_all
from nas_cli.models.load import load_model
from nas_cli.models.settings import ModelSettings
from nas_cli.models.zoo.applications import APPLICATIONS

IMAGENET = "imagenet"
WEIGHTS_FILE = ".weights.h5"


def check_weights(settings: ModelSettings) -> None:
    """Returns if `settings.weights` can be right for the model; needs no TensorFlow and opens no file.

    Raises:
        ConfigError: if the network has no ImageNet weights, or there is no such file.
    """
    source = settings.weights
    if source is None:
        return
    if source == IMAGENET:
        if settings.name not in APPLICATIONS:
            raise ConfigError(
                f"model '{settings.name}' has no ImageNet weights: only the networks of keras.applications have. "
                "Give model.weights=FILE or null."
            )
    elif not Path(source).exists():
        raise ConfigError(f"model.weights={source} is neither '{IMAGENET}' nor a file that exists.")
    elif Path(source).is_file() and not source.endswith((WEIGHTS_FILE, ".keras")):
        raise ConfigError(f"model.weights={source} must be a {WEIGHTS_FILE} file, a .keras file or a run's folder.")


def load_weights(model: Any, source: Path) -> None:
    """Puts the weights of a .weights.h5 file, a .keras file or a run's best model into `model`.

    From a model, weights are taken in order and must have equal shapes; a .weights.h5 file must hold the same layers.

    Raises:
        DataError: if the file is damaged or is of another network; the first weight that differs is named.
    """
    if source.name.endswith(WEIGHTS_FILE):
        _from_weights_file(model, source)
        return
    given = load_model(source).weights
    wanted = model.weights
    for place, (one, other) in enumerate(zip(given, wanted, strict=False)):
        if tuple(one.shape) != tuple(other.shape):
            raise DataError(
                f"the weights in {source} are of another network: weight {place} ({one.path}) is {tuple(one.shape)}, "
                f"the model's ({other.path}) is {tuple(other.shape)}."
            )
    if len(given) != len(wanted):
        raise DataError(
            f"the weights in {source} are of another network: {len(given)} weights, the model has {len(wanted)}."
        )
    model.set_weights([weight.numpy() for weight in given])
    settle_all(model)


def _from_weights_file(model: Any, source: Path) -> None:
    wanted = sum(math.prod(weight.shape) for weight in model.weights)
    try:
        stored = _stored_numbers(source)
        if stored == wanted:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Keras looks for a missing layer in odd places, then fails anyway
                model.load_weights(source)
    except Exception as error:  # h5py and Keras raise errors of any kind for a damaged file or other layers
        raise DataError(f"cannot load the weights in {source}: {' '.join(str(error).split())[:200]}") from error
    # Counted before, because Keras passes over layers of the file that the model does not have.
    if stored != wanted:
        raise DataError(
            f"the weights in {source} are of another network: {stored:,} numbers, the model has {wanted:,}."
        )


def _stored_numbers(source: Path) -> int:
    """Numbers in the file's weights; neither an optimizer's state nor that of random generators is among them."""
    import h5py  # type: ignore[import-untyped]

    sizes: list[int] = []

    def count(path: str, item: Any) -> None:
        of_a_layer = path.startswith("layers/") and "/optimizer/" not in path
        if of_a_layer and isinstance(item, h5py.Dataset) and "seed_generator/" not in path:
            sizes.append(math.prod(item.shape))

    with h5py.File(source, "r") as file:
        file.visititems(count)
    return sum(sizes)
