"""A TFLite file as a predictor: TensorFlow's interpreter on this machine."""

import warnings
from collections import Counter
from pathlib import Path
from typing import Any, final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nas_cli.errors import DataError
from nas_cli.training.quiet import quiet_import


@final
class TFLiteFile:
    """The network in a TFLite file that takes one example at a time.

    Integer inputs and outputs are converted from and to the float32 numbers that they stand for.

    Raises:
        DataError: if there is no such file, or it is no TFLite model.
    """

    def __init__(self, file: Path, threads: int | None = None) -> None:
        try:
            content = file.read_bytes()
            with quiet_import(), warnings.catch_warnings():
                # TensorFlow advertises the package that is to take the interpreter over.
                warnings.simplefilter("ignore")
                self._interpreter = tf.lite.Interpreter(model_content=content, num_threads=threads)
                self._interpreter.allocate_tensors()
        except (OSError, ValueError, RuntimeError) as error:
            raise DataError(f"cannot read {file} as a TFLite model: {' '.join(str(error).split())[:160]}") from error
        (self._input,) = self._interpreter.get_input_details()
        (self._output,) = self._interpreter.get_output_details()

    def outputs(self, x: NDArray[Any]) -> NDArray[np.float32]:
        """float32 (n, outputs) of raw examples (n, …), one at a time."""
        return np.concatenate([self.one(x[i : i + 1]) for i in range(len(x))])

    def one(self, x: NDArray[Any]) -> NDArray[np.float32]:
        """float32 (1, outputs) of one example (1, …)."""
        self._interpreter.set_tensor(self._input["index"], _quantized(x, self._input))
        self._interpreter.invoke()
        return _real(self._interpreter.get_tensor(self._output["index"]), self._output)

    def call(self, x: NDArray[Any]) -> Any:
        """What predicts one example (1, …), its input converted beforehand: for measuring time."""
        given, interpreter = _quantized(x, self._input), self._interpreter
        inside, outside = self._input["index"], self._output["index"]

        def predict() -> object:
            interpreter.set_tensor(inside, given)
            interpreter.invoke()
            return interpreter.get_tensor(outside)

        return predict


def _quantized(x: NDArray[Any], details: Any) -> NDArray[Any]:
    kind = details["dtype"]
    if kind == np.float32:
        return x.astype(np.float32)
    scale, zero = details["quantization"]
    limits = np.iinfo(kind)
    return np.asarray(np.clip(np.round(x / scale) + zero, limits.min, limits.max), kind)


def _real(values: NDArray[Any], details: Any) -> NDArray[np.float32]:
    if values.dtype == np.float32:
        return values
    scale, zero = details["quantization"]
    return np.asarray((values.astype(np.float32) - zero) * scale, np.float32)


def stored_weights(file: Path) -> tuple[dict[str, int], int]:
    """How the constants of a TFLite file are stored, {'int8': 9200, 'int32': 74}, and how many are not zero.

    Shapes and other constants of at most one dimension that are int32 without being a bias count nowhere: only tensors
    of floating point, of int4 or int8, and biases do. Quantized numbers count as zero where they stand for zero.
    """
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(file.read_bytes(), 0)
    names = {value: key.lower() for key, value in vars(schema.TensorType).items() if not key.startswith("_")}
    counts: Counter[str] = Counter()
    nonzero = 0
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            data, kind = model.buffers[tensor.buffer].data, names[tensor.type]
            if data is None or not len(data) or not _is_weight(tensor, kind):
                continue
            values = _values(np.asarray(data, np.uint8), kind, tensor)
            counts[kind] += values.size
            nonzero += int(np.count_nonzero(values))
    return dict(counts), nonzero


def _is_weight(tensor: Any, kind: str) -> bool:
    if kind in ("float32", "float16", "int4", "int8", "uint8"):
        return True
    # A bias is int32 with a scale; shapes and axes have none.
    return kind == "int32" and tensor.quantization is not None and tensor.quantization.scale is not None


def _values(data: NDArray[np.uint8], kind: str, tensor: Any) -> NDArray[Any]:
    """The stored numbers, less the number that stands for zero."""
    if kind == "int4":
        halves = np.stack([data & 15, data >> 4], axis=1).reshape(-1)
        return np.asarray(halves[: int(np.prod(tensor.shape))])
    stored: NDArray[Any] = data.view(np.dtype(kind))
    zero = None if tensor.quantization is None else tensor.quantization.zeroPoint
    if zero is None or len(zero) != 1 or kind.startswith("float"):
        return stored
    return np.asarray(stored.astype(np.int64) - int(zero[0]))
