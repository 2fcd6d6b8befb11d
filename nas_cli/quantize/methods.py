"""Each method: from the network to its file in fewer bits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nas_cli.data.dataset import Dataset
from nas_cli.data.settings import AugmentationSettings
from nas_cli.errors import ConfigError, RunError
from nas_cli.models.float32 import in_float32
from nas_cli.models.load import load_model
from nas_cli.models.nonzero import quantized_to
from nas_cli.quantize.calibration import calibration_set
from nas_cli.quantize.keras_own import quantize_in_keras
from nas_cli.quantize.settings import QuantizeSettings
from nas_cli.quantize.tflite_converter import Form, convert
from nas_cli.runs.files import write_atomic
from nas_cli.training.full_training import save
from nas_cli.training.settings import TrainingSettings

CLUSTERED = "cluster.keras"
"""The network after clustering, from which both of its TFLite files are made."""


@dataclass(frozen=True)
class Task:
    """One method on one network.

    `network`: opens the network anew, for methods change it. `folder`: where files go; `checkpoints`: of trainings.
    `epoch`: gets (name of the training, its epoch).
    """

    method: str
    name: str
    network: Callable[[], Any]
    dataset: Dataset
    training: TrainingSettings
    augmentation: AugmentationSettings
    quantize: QuantizeSettings
    seed: int
    folder: Path
    checkpoints: Path
    epoch: Callable[[str, Mapping[str, Any]], None]


def check_network(model: Any, methods: Sequence[str], name: str) -> None:
    """Returns if nothing in the network's layers keeps a method from being applied; asked before any is.

    Raises:
        ConfigError: the network is in fewer bits already, or has a layer that tfmot does not take, by name.
    """
    done = [layer for layer in model._flatten_layers(include_self=False) if quantized_to(layer)]
    if done:
        raise ConfigError(
            f"{name} is quantized already (layer '{done[0].name}' in {quantized_to(done[0])}): give the network that "
            "it was made from."
        )
    if "qat" in methods:
        from nas_cli.quantize.quantization_aware import check_quantization_aware

        check_quantization_aware(in_float32(model))
    elif any(method.startswith("cluster") for method in methods):
        from nas_cli.models.tf_keras_model import twin

        twin(in_float32(model))


def make(task: Task) -> tuple[Path, list[str]]:
    """The method's file, and the layers that were quantized where not all were.

    Raises:
        ConfigError: if the network cannot be converted.
        RunError: if a training diverged, or the disk is full.
    """
    if task.method.startswith("keras_"):
        model = task.network()
        layers = quantize_in_keras(model, task.method.removeprefix("keras_"))
        return save(model, task.folder / f"{task.method}.keras"), layers
    file = task.folder / f"{task.method}.tflite"
    task.folder.mkdir(parents=True, exist_ok=True)
    write_atomic(file, convert(*_model_and_form(task), task.name))
    return file, []


def _model_and_form(task: Task) -> tuple[Any, Form]:
    method = task.method
    if method == "qat":
        return _simulated(task), Form("int8", simulated=True, integer_io=_integer_io(task))
    model = _clustered(task) if method.startswith("cluster") else in_float32(task.network())
    if method in ("int8", "cluster_int8"):
        examples = calibration_set(task.dataset, task.quantize.calibration, task.seed)
        return model, Form("int8", examples, integer_io=_integer_io(task))
    return model, Form({"float16": "float16", "dynamic": "int8"}.get(method, "float32"))


def _integer_io(task: Task) -> str | None:
    """The type of integer inputs, if they are asked for: images are uint8 already."""
    if task.quantize.io != "integer":
        return None
    return "uint8" if task.dataset.train.x.dtype == "uint8" else "int8"


def _simulated(task: Task) -> Any:
    from nas_cli.quantize.quantization_aware import quantization_aware

    result = quantization_aware(
        in_float32(task.network()),
        task.dataset,
        _training(task),
        task.augmentation,
        task.seed,
        checkpoints=task.checkpoints / "qat",
        progress=lambda epoch: task.epoch("qat", epoch),
        keep_zeros=task.quantize.keep_zeros,
    )
    _check(result.stopped, "qat")
    return result.model


def _clustered(task: Task) -> Any:
    file = task.folder / CLUSTERED
    if not file.exists():
        from nas_cli.quantize.clustering import cluster_weights

        result = cluster_weights(
            in_float32(task.network()),
            task.quantize.clusters,
            task.dataset,
            _training(task),
            task.augmentation,
            task.seed,
            checkpoints=task.checkpoints / "cluster",
            progress=lambda epoch: task.epoch("cluster", epoch),
            keep_zeros=task.quantize.keep_zeros,
        )
        _check(result.stopped, "cluster")
        save(result.model, file)
    return load_model(file)


def _training(task: Task) -> TrainingSettings:
    """The run's training, as long and as fast as quantization wants it; Keras 2 trains in float32."""
    rate = task.quantize.learning_rate
    optimizer = task.training.optimizer
    optimizer = optimizer if rate is None else replace(optimizer, learning_rate=rate)
    return replace(task.training, epochs=task.quantize.epochs, optimizer=optimizer, precision="float32")


def _check(stopped: str, method: str) -> None:
    if stopped == "diverged":
        raise RunError(f"{method}: the loss is not finite: lower quantize.learning_rate.")
