"""Exports: each file computes what the network does."""

import importlib.util
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

from nas_cli.cli import cli
from nas_cli.errors import ConfigError, RunError
from nas_cli.quantize import export as module
from nas_cli.quantize.export import export
from nas_cli.quantize.tflite_file import TFLiteFile
from tests.quantize.nets import network, raw

X = raw(4).astype(np.float32)
HAS_ONNX = all(importlib.util.find_spec(package) is not None for package in module.ONNX_PACKAGES)


def _read(format: str, path: Path) -> Any:
    if format == "keras":
        return keras.saving.load_model(path, compile=False)(X)
    if format == "saved_model":
        loaded = tf.saved_model.load(str(path))
        return loaded.serve(X)
    return TFLiteFile(path).outputs(X)


@pytest.mark.parametrize("format", ["keras", "saved_model", "tflite"])
def test_outputs_of_an_export_are_those_of_the_network(format: str, tmp_path: Path) -> None:
    model = network()
    made = export(model, format, tmp_path / "out")
    assert np.allclose(_read(format, made.path), model(X), atol=1e-4)
    assert made.size_bytes > 1000 and made.difference < 1e-3
    again = export(model, format, tmp_path / "out")
    assert again.path == made.path and len(list((tmp_path / "out").iterdir())) == 1


@pytest.mark.skipif(HAS_ONNX, reason="the packages are there")
def test_onnx_without_its_packages_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="pip install onnx==1.17.0 tf2onnx==1.17.0"):
        export(network(), "onnx", tmp_path)


@pytest.mark.skipif(not HAS_ONNX, reason="onnx and tf2onnx are not installed")
def test_onnx_computes_the_same(tmp_path: Path) -> None:
    assert export(network(), "onnx", tmp_path).difference < 1e-3


def test_a_file_with_other_outputs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module._WRITERS, "keras", lambda model, path, name: lambda x: np.zeros((len(x), 3)) + 9)
    with pytest.raises(RunError, match="differ by .* from the model's: do not use it"):
        export(network(), "keras", tmp_path)


def test_the_command_says_where_the_file_is(tmp_path: Path) -> None:
    network().save(tmp_path / "my.keras")
    done = CliRunner().invoke(cli, ["export", "--model", str(tmp_path / "my.keras"), "--format", "tflite"])
    assert done.exit_code == 0, done.output
    assert str(tmp_path / "my-export" / "model.tflite") in done.output and "outputs equal" in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "nowhere", "--format", "tflite"], "there is no run or file nowhere"),
        (["--model", "nowhere", "--format", "tflit"], "Did you mean 'tflite'?"),
        (["--model", "nowhere"], "Missing option '--format'"),
    ],
)
def test_a_wrong_value_is_one_line(arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(cli, ["export", *arguments], prog_name="nas")
    assert done.exit_code == 2
    (error,) = [line for line in done.output.splitlines() if line.startswith("Error: ")]
    assert message in error


def test_a_network_of_several_outputs_is_refused(tmp_path: Path) -> None:
    inputs = keras.Input((4,))
    model = keras.Model(inputs, [keras.layers.Dense(2)(inputs), keras.layers.Dense(3)(inputs)])
    with pytest.raises(ConfigError, match="my.keras has 1 inputs and 2 outputs"):
        export(model, "tflite", tmp_path, "my.keras")
