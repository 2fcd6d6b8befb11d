"""Keras' own quantization."""

from pathlib import Path

import keras
import numpy as np
import pytest

from nas_cli.errors import ConfigError
from nas_cli.quantize.keras_own import quantize_in_keras
from nas_cli.quantize.predictors import file_predictor
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
