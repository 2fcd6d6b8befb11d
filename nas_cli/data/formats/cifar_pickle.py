"""The pickles of CIFAR-10 and CIFAR-100, read without running anything that they name.

Format: https://www.cs.toronto.edu/~kriz/cifar.html, "Dataset layout": a dictionary with `data`, (n, 3072) unsigned
bytes with the red, green and blue planes one after the other, and a list of labels.
The pickles name three NumPy callables and a codec; plain stand-ins below take their places, so that no NumPy
state is set from the file, and every other name is refused.
"""

import io
import pickle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_cli.errors import DataError


class _Array:
    """Stands for an ndarray: keeps the bytes that the pickle sets as state."""

    def __init__(self, *arguments: object) -> None:
        self.state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state

    def rows(self) -> NDArray[np.uint8]:
        _, shape, kind, fortran, data = self.state
        if kind.name not in ("u1", "|u1") or fortran or len(shape) != 2:
            raise ValueError("not a C-ordered matrix of unsigned bytes")
        return np.frombuffer(data, np.uint8).reshape(shape)


class _Dtype:
    """Stands for a dtype: keeps its name."""

    def __init__(self, name: str | bytes, *flags: object) -> None:
        self.name = name.decode("ascii") if isinstance(name, bytes) else name

    def __setstate__(self, state: object) -> None:
        pass


def _reconstruct(*arguments: object) -> _Array:
    return _Array()


def _encode(text: str, codec: str | bytes) -> bytes:
    if codec not in ("latin1", b"latin1"):
        raise pickle.UnpicklingError(f"the codec {codec!r} has no place in a CIFAR file")
    return text.encode("latin1")


_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _encode,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"'{module}.{name}' has no place in a CIFAR file")
        return _ALLOWED[module, name]


def read_batch(data: bytes, label_key: str, name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images (n, 32, 32, 3) and labels (n,) of one batch file; `name` is for the errors.

    Raises:
        DataError: truncated, of another form, or naming anything that the format does not need.
    """
    record = read_dictionary(data, name)
    try:
        matrix, labels = record["data"], np.asarray(record[label_key], np.int64)
        rows = matrix.rows() if isinstance(matrix, _Array) else np.empty((0, 0), np.uint8)
        images = rows.reshape(len(rows), 3, 32, 32).transpose(0, 2, 3, 1)
    except (KeyError, ValueError, TypeError, OverflowError, AttributeError) as error:
        raise DataError(f"{name} does not have the form of a CIFAR batch ({error}): fetch it again.") from error
    if labels.shape != (len(images),) or not len(images):
        raise DataError(f"{name} holds {len(images)} images and {labels.size} labels: fetch it again.")
    return np.ascontiguousarray(images), labels


def read_dictionary(data: bytes, name: str) -> dict[str, Any]:
    """The pickled dictionary with text keys.

    Raises:
        DataError: truncated, not a dictionary, or naming anything that the format does not need.
    """
    try:
        record = _Unpickler(io.BytesIO(data), encoding="bytes").load()
        return {key.decode("ascii") if isinstance(key, bytes) else str(key): value for key, value in record.items()}
    except Exception as error:  # a damaged pickle can raise almost anything
        raise DataError(f"{name} is truncated, damaged or not a CIFAR file ({error}): fetch it again.") from error
