"""From a Keras model to a TFLite file, by TensorFlow's converter."""

import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from nas_cli.errors import ConfigError
from nas_cli.training.quiet import quiet_import

MISSING = re.compile(r"'(tf\.\w+)' op is neither|Custom ops?: (\w+)|Flex ops?: (\w+)")
MOST = 160


@dataclass(frozen=True)
class Form:
    """What a TFLite file holds.

    `weights`: float32, float16 or int8. `examples`: float32 (n, …) network inputs on which the ranges of activations
    are found; None leaves activations in floating point, or to what training with simulated quantization found.
    `simulated`: the model carries such ranges. `integer_io`: None keeps float32 inputs and outputs, else the input's
    type, uint8 or int8; outputs are int8 then.
    """

    weights: str = "float32"
    examples: NDArray[np.float32] | None = None
    simulated: bool = False
    integer_io: str | None = None


def convert(model: Any, form: Form, name: str = "the model") -> bytes:
    """The content of a .tflite file that takes one example at a time, (1, …) to (1, outputs).

    `model`: a Keras or tf_keras model that computes in float32, with one input and one output. The same model and
    form give the same bytes.

    Raises:
        ConfigError: naming the operation, if TFLite has none for an operation of the model.
    """
    return _said_nothing(lambda: _configured(_converter(model), form).convert(), name)


class _Inference(tf.Module):  # type: ignore[misc]
    """The model's inference on one example as a graph; the converter finds its variables here."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        # A Keras 3 variable holds TensorFlow's, one of tf_keras is TensorFlow's.
        self.kept = [v if isinstance(v, tf.Variable) else v.value for v in model.variables]
        spec = tf.TensorSpec((1, *model.inputs[0].shape[1:]), "float32", name="input")
        self.graph = tf.function(lambda x: model(x, training=False), input_signature=[spec], autograph=False)


def _converter(model: Any) -> Any:
    inference = _Inference(model)
    made = tf.lite.TFLiteConverter.from_concrete_functions([inference.graph.get_concrete_function()], inference)
    return made


def _configured(converter: Any, form: Form) -> Any:
    if form.weights != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if form.weights == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if form.examples is not None:
        converter.representative_dataset = _one_by_one(form.examples)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    if form.integer_io is not None:
        converter.inference_input_type = tf.as_dtype(form.integer_io)
        converter.inference_output_type = tf.int8
    return converter


def _one_by_one(examples: NDArray[np.float32]) -> Callable[[], Iterator[list[NDArray[np.float32]]]]:
    return lambda: ([examples[i : i + 1]] for i in range(len(examples)))


def _said_nothing(work: Callable[[], bytes], name: str) -> bytes:
    """What the work gives, without the lines that the converter prints past every log setting."""
    # The handlers of abseil write to the error stream of this process, whatever it is at that moment.
    level = tf.get_logger().level
    tf.get_logger().setLevel("ERROR")
    try:
        with quiet_import(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return work()
    except KeyboardInterrupt:
        raise
    except Exception as error:  # the converter raises its own, ValueError, RuntimeError and more
        raise ConfigError(_reason(error, name)) from error
    finally:
        tf.get_logger().setLevel(level)


def _reason(error: Exception, name: str) -> str:
    text = str(error)
    found = sorted({next(filter(None, match)).removeprefix("tf.") for match in MISSING.findall(text)})
    if found:
        return (
            f"TFLite has no operation for {', '.join(found)} in {name}: replace the layers that use "
            f"{'it' if len(found) == 1 else 'them'}, or use quantize.method=keras_int8, which stays in Keras."
        )
    return f"TFLite cannot convert {name} ({' '.join(text.split())[:MOST]}): change the model, or the method."
