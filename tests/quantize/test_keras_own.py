"""Keras' own quantization."""

from pathlib import Path

import keras
import numpy as np
import pytest

from nas_cli.errors import ConfigError
from nas_cli.models.nonzero import stored_numbers
from nas_cli.quantize.keras_own import quantize_in_keras
from nas_cli.quantize.methods import check_network
from nas_cli.quantize.predictors import file_predictor
from nas_cli.quantize.table import stored
from tests.quantize.nets import network, raw


@pytest.mark.parametrize(("kind", "tolerance"), [("int8", 0.05), ("int4", 0.5)])
def test_dense_layers_are_quantized_and_the_file_gives_the_same(kind: str, tolerance: float, tmp_path: Path) -> None:
    model, x = network(), raw(8)
    wanted = np.asarray(model(x.astype(np.float32)))
    assert quantize_in_keras(model, kind) == ["logits"]
    model.save(tmp_path / "model.keras")
    found = file_predictor(tmp_path / "model.keras", None).outputs(x)
    assert np.abs(found - wanted).max() <= tolerance * np.abs(wanted).max()
    assert np.allclose(found, np.asarray(model(x.astype(np.float32))), atol=1e-5)


def test_a_network_without_such_layers_is_refused() -> None:
    inputs = keras.Input((8, 8, 1))
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(3, 3)(inputs)))
    with pytest.raises(ConfigError, match="can quantize none of the model's layers to int8"):
        quantize_in_keras(model, "int8")


def test_int4_numbers_are_counted_not_the_bytes_that_hold_two(tmp_path: Path) -> None:
    inputs = keras.Input((6,))
    model = keras.Model(inputs, keras.layers.Dense(8, use_bias=False)(inputs))
    kernel = np.tile(np.array([-1.0, 0.0, 0.0, 0.5, 0.0, 1.0], np.float32)[:, None], 8)
    model.layers[1].set_weights([kernel])
    quantize_in_keras(model, "int4")
    model.save(tmp_path / "model.keras")
    assert stored(tmp_path / "model.keras")["weights"]["int4"] == 48
    assert sum(np.count_nonzero(values) for kind, values in stored_numbers(model) if kind == "int4") == 24


def test_a_network_in_fewer_bits_is_not_quantized_again() -> None:
    model = network()
    check_network(model, ("int8",), "given.keras")
    quantize_in_keras(model, "int8")
    with pytest.raises(ConfigError, match="given.keras is quantized already .layer 'logits' in int8"):
        check_network(model, ("float16",), "given.keras")


def test_a_layer_that_tfmot_lacks_is_found_before_any_method_is_applied() -> None:
    inputs = keras.Input((5, 3))
    model = keras.Model(inputs, keras.layers.Bidirectional(keras.layers.LSTM(2))(inputs))
    for method in ("qat", "cluster"):
        with pytest.raises(ConfigError, match="bidirectional"):
            check_network(model, ("int8", method), "given.keras")
