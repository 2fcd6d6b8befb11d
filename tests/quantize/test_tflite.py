"""TFLite files: what they compute, what they store, and what cannot be one."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.errors import ConfigError, DataError
from nas_cli.models.float32 import in_float32
from nas_cli.quantize.tflite_converter import Form, convert
from nas_cli.quantize.tflite_file import TFLiteFile, stored_weights
from tests.quantize.nets import network, raw

layers = keras.layers
X = raw(20)
CALIBRATION = raw(50, seed=2).astype(np.float32)
FORMS = {
    "float32": (Form(), 1e-4),
    "float16": (Form("float16"), 5e-3),
    "int8": (Form("int8", CALIBRATION), 0.1),
    "integer": (Form("int8", CALIBRATION, integer_io="uint8"), 0.1),
}


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return network()


@pytest.fixture(scope="module")
def files(model: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tflite")
    made = {name: folder / f"{name}.tflite" for name in FORMS}
    for name, (form, _) in FORMS.items():
        made[name].write_bytes(convert(model, form))
    return made


@pytest.mark.parametrize("name", FORMS)
def test_outputs_are_those_of_the_network_within_its_numbers(
    name: str, model: keras.Model, files: dict[str, Path]
) -> None:
    wanted = np.asarray(model(X.astype(np.float32)))
    found = TFLiteFile(files[name]).outputs(X)
    assert found.shape == wanted.shape and found.dtype == np.float32
    assert np.abs(found - wanted).max() <= FORMS[name][1] * np.abs(wanted).max()


def test_the_same_network_gives_the_same_bytes(model: keras.Model, files: dict[str, Path]) -> None:
    assert convert(model, FORMS["int8"][0]) == files["int8"].read_bytes()


def test_int8_stores_every_weight_in_one_byte(model: keras.Model, files: dict[str, Path]) -> None:
    # 3·3·6 of the convolution, 3·3·6 + 6·6 of the separable one, 96·3 dense, scale and offset of the inputs.
    kernels = 54 + 54 + 36 + 288
    weights, nonzero = stored_weights(files["int8"])
    assert weights["int8"] == kernels + 2 and set(weights) == {"int8", "int32"}
    assert kernels - 20 <= nonzero <= sum(weights.values())
    assert set(stored_weights(files["float32"])[0]) == {"float32"}
    assert stored_weights(files["float16"])[0]["float16"] >= kernels


def test_integer_files_take_pixels_as_they_are(files: dict[str, Path]) -> None:
    network = TFLiteFile(files["integer"])
    scale, zero = network._input["quantization"]
    assert network._input["dtype"] == np.uint8 and network._output["dtype"] == np.int8
    assert scale == pytest.approx(1.0, abs=0.01) and zero == 0


def test_weights_that_are_zero_stay_zero(tmp_path: Path) -> None:
    pruned = network()
    kernel = pruned.get_layer("logits").kernel
    values = np.asarray(kernel)
    kernel.assign(np.where(np.arange(values.size).reshape(values.shape) % 2, values, 0.0))
    dense = stored_weights(_written(network(), Form("int8", CALIBRATION), tmp_path / "dense.tflite"))[1]
    sparse = stored_weights(_written(pruned, Form("int8", CALIBRATION), tmp_path / "sparse.tflite"))[1]
    assert 130 <= dense - sparse <= 144


def test_a_network_in_mixed_precision_is_converted_in_float32() -> None:
    mixed = network(policy="mixed_bfloat16")
    copy = in_float32(mixed)
    assert {layer.compute_dtype for layer in copy.layers} == {"float32"}
    assert all(np.array_equal(a, b) for a, b in zip(mixed.get_weights(), copy.get_weights(), strict=True))
    assert np.array_equal(copy(X.astype(np.float32)), network()(X.astype(np.float32)))


def test_an_adapted_normalization_survives_the_copy() -> None:
    norm = layers.Normalization()
    norm.adapt(CALIBRATION)
    inputs = keras.Input((8, 8, 1))
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(norm(inputs))))
    assert np.allclose(in_float32(model)(CALIBRATION[:2]), model(CALIBRATION[:2]), atol=1e-6)


def test_an_operation_that_tflite_does_not_have_is_named(capfd: Any) -> None:
    inputs = keras.Input((8,))
    model = keras.Model(inputs, layers.Dense(2)(keras.ops.erfinv(layers.Dense(2)(inputs))))
    with pytest.raises(ConfigError, match="TFLite has no operation for Erfinv in my.keras: replace"):
        convert(model, Form(), "my.keras")
    assert capfd.readouterr().err == ""


def test_a_file_that_is_no_tflite_model_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "no.tflite").write_bytes(b"text")
    with pytest.raises(DataError, match="no.tflite as a TFLite model"):
        TFLiteFile(tmp_path / "no.tflite")


def _written(model: Any, form: Form, file: Path) -> Path:
    file.write_bytes(convert(model, form))
    return file
