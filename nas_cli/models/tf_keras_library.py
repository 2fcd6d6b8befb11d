"""Keras 2 and TensorFlow Model Optimization beside Keras 3: imported without changing what the process sees of either.

tensorflow-model-optimization 0.8.1 takes models of tf_keras (Keras 2) only. Its import sets TF_USE_LEGACY_KERAS for
good, and with that variable the first use of `tf.keras` would become Keras 2 here and in every child process.
"""

import importlib
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SWITCH = "TF_USE_LEGACY_KERAS"


def tf_keras() -> Any:
    """The module tf_keras."""
    with _as_before():
        import tf_keras as module

        return module


def tfmot() -> Any:
    """The module tensorflow_model_optimization, which works on models of `tf_keras()`.

    Afterwards the environment is as before, and `tf.keras` is what it would have been without this call.
    """
    with _as_before():
        import tensorflow_model_optimization as module

        return module


def tfmot_part(name: str) -> Any:
    """The module `name` of tensorflow_model_optimization's inside, for what the package does not offer; see `tfmot`."""
    with _as_before():
        return importlib.import_module(f"tensorflow_model_optimization.python.core.{name}")


@contextmanager
def quiet_tf_keras() -> Iterator[None]:
    """Within the block, warnings of Keras 2 and of the libraries on it are dropped: they speak to their developers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for module in ("tf_keras", "tensorflow_model_optimization", "tensorflow", "numpy"):
            warnings.filterwarnings("ignore", module=rf"{module}(\.|$)")
        yield


@contextmanager
def _as_before() -> Iterator[None]:
    import tensorflow as tf

    # Which Keras `tf.keras` stands for is decided at its first use.
    tf.keras.layers  # noqa: B018
    kept = os.environ.get(SWITCH)
    try:
        with warnings.catch_warnings():
            # Versions compared by distutils, names of SavedModel options: nothing that a user could change.
            warnings.simplefilter("ignore")
            yield
    finally:
        if kept is None:
            os.environ.pop(SWITCH, None)
        else:
            os.environ[SWITCH] = kept
