"""Keras models from files, loaded without running code that a file brings along."""

import re
import zipfile
from pathlib import Path
from typing import Any

from nas_cli.errors import DataError

IN_RUN = Path("best") / "model.keras"


def load_model(path: Path) -> Any:
    """The `keras.Model` in a .keras file, or the best model of a run folder; not compiled.

    Files are read in Keras' safe mode: a layer that holds Python code (Lambda), or a class that is not Keras' own, is
    refused.

    Raises:
        DataError: if there is no such file, it is not a Keras model, is damaged, or holds code.
    """
    import keras

    file = model_file(path)
    try:
        return keras.saving.load_model(file, compile=False, safe_mode=True)
    except Exception as error:  # a damaged archive fails in zipfile, json, h5py or Keras with errors of any kind
        raise DataError(f"cannot load {file}: {_reason(error)}") from error


def model_file(path: Path) -> Path:
    """The .keras file at `path`, or that of a run folder's best model; needs no Keras.

    Raises:
        DataError: if there is no such file, or it is no archive, as every .keras file is.
    """
    path = Path(path)
    file = path / IN_RUN if path.is_dir() else path
    if not file.is_file():
        raise DataError(f"no model file at {file}: give a .keras file or the folder of a finished run.")
    if file.suffix != ".keras":
        raise DataError(f"{file} is not a .keras file: save the model with model.save('NAME.keras') in Keras 3.")
    if not zipfile.is_zipfile(file):
        raise DataError(f"cannot load {file}: the file is damaged or not a Keras model (it is no zip archive).")
    return file


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    if "lambda" in text.lower() or "unsafe" in text.lower():
        return "it holds Python code (a Lambda layer), which safe mode refuses; replace that layer by Keras layers."
    if "Could not locate class" in text or "Could not deserialize class" in text:
        # Keras' text begins with the model around it and comes to the class only after hundreds of characters.
        named = re.search(r"Could not (?:locate|deserialize) class '([^']+)'", text)
        return f"it needs a class that is not part of Keras ({named[1] if named else text[:120]})."
    return f"the file is damaged or not a Keras model ({type(error).__name__}: {text[:120]})."
