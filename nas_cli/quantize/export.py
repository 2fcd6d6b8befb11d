"""A Keras model in the formats of other programs, each checked against it."""

import importlib
import importlib.util
import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.errors import ConfigError, RunError
from nas_cli.models.float32 import in_float32
from nas_cli.quantize.tflite_converter import Form, convert
from nas_cli.quantize.tflite_file import TFLiteFile
from nas_cli.runs.files import refusal, write_atomic
from nas_cli.training.full_training import save
from nas_cli.training.quiet import quiet_import

FORMATS = ("keras", "saved_model", "tflite", "onnx")
NAMES = {"keras": "model.keras", "saved_model": "saved_model", "tflite": "model.tflite", "onnx": "model.onnx"}
"""What each format is called in the folder of an export."""
ONNX_PACKAGES = ("tf2onnx", "onnx")
INSTALL = "pip install onnx==1.17.0 tf2onnx==1.17.0"

EXAMPLES = 4
TOLERANCE = 1e-3
"""Largest difference to the model's outputs, relative to the largest of these, for which a file counts as equal."""

Outputs = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True)
class Exported:
    """A written file (or folder, a SavedModel), and the largest difference of its outputs to the model's."""

    format: str
    path: Path
    size_bytes: int
    difference: float


def export(model: Any, format: str, folder: Path, name: str = "the model") -> Exported:
    """The model in `folder` in one of FORMATS, computing in float32; a file of that name is replaced.

    Inputs are raw, (n, …) float32, and outputs logits, as the model's; a TFLite file takes one example at a time.

    Raises:
        ConfigError: an unknown format, a model with several inputs or outputs, an operation that the format does not
            have, or missing packages for ONNX.
        RunError: if the file cannot be written, or what is read back from it gives other outputs.
    """
    if format not in FORMATS:
        raise ConfigError(f"unknown format '{format}'. Known: {', '.join(FORMATS)}.")
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ConfigError(
            f"{name} has {len(model.inputs)} inputs and {len(model.outputs)} outputs: only networks with one of each "
            "can be exported; save the part from one input to one output as a model."
        )
    model = in_float32(model)
    path = folder / NAMES[format]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        outputs = _WRITERS[format](model, path, name)
    except OSError as error:
        raise refusal(error, path) from error
    return Exported(format, path, _size(path), _difference(model, outputs, path))


def _keras(model: Any, path: Path, name: str) -> Outputs:
    from nas_cli.models.load import load_model

    save(model, path)
    return _of_keras(load_model(path))


def _saved_model(model: Any, path: Path, name: str) -> Outputs:
    import tensorflow as tf

    partial = path.with_name(f"partial-{path.name}")
    shutil.rmtree(partial, ignore_errors=True)
    with quiet_import(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.export(partial, format="tf_saved_model", verbose=False)
    shutil.rmtree(path, ignore_errors=True)
    partial.rename(path)
    loaded = tf.saved_model.load(str(path))
    return lambda x: np.asarray(loaded.serve(x))


def _tflite(model: Any, path: Path, name: str) -> Outputs:
    write_atomic(path, convert(model, Form(), name))
    return TFLiteFile(path).outputs


def _onnx(model: Any, path: Path, name: str) -> Outputs:
    """Keras' exporter by tf2onnx; read back by ONNX' own reference in NumPy."""
    missing = [package for package in ONNX_PACKAGES if importlib.util.find_spec(package) is None]
    if missing:
        raise ConfigError(f"format onnx needs {' and '.join(missing)}, which nas does not install: {INSTALL}")
    partial = path.with_name(f"partial-{path.name}")
    try:
        with quiet_import(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.export(partial, format="onnx", verbose=False)
            partial.replace(path)
            # Not an import: the type checker would miss a package that is not there.
            network = importlib.import_module("onnx.reference").ReferenceEvaluator(str(path))
    except (ValueError, RuntimeError, NotImplementedError) as error:
        raise ConfigError(f"{name} cannot be exported to ONNX: {' '.join(str(error).split())[:160]}") from error
    (given,) = network.input_names
    return lambda x: np.asarray(network.run(None, {given: x})[0])


_WRITERS: dict[str, Callable[[Any, Path, str], Outputs]] = {
    "keras": _keras,
    "saved_model": _saved_model,
    "tflite": _tflite,
    "onnx": _onnx,
}


def _of_keras(model: Any) -> Outputs:
    return lambda x: np.asarray(model.predict_on_batch(x))


def _difference(model: Any, outputs: Outputs, path: Path) -> float:
    shape = (EXAMPLES, *model.inputs[0].shape[1:])
    x = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    wanted = _of_keras(model)(x)
    difference = float(np.max(np.abs(outputs(x) - wanted)))
    if not difference <= TOLERANCE * max(1.0, float(np.max(np.abs(wanted)))):
        raise RunError(f"{path} gives outputs that differ by {difference:.3g} from the model's: do not use it.")
    return difference


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
