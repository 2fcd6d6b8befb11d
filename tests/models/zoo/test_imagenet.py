"""Pretrained networks, with a stand-in for the download: the weights are random, what is done with them is not."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.errors import ConfigError, DataError
from nas_cli.models import zoo
from nas_cli.models.zoo.applications import APPLICATIONS
from nas_cli.models.zoo.imagenet import preprocessing

FILES = "keras.src.utils.file_utils.get_file"


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    keras.backend.clear_session()


def _pixels(*shape: int) -> Any:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)


def _module(name: str) -> Any:
    return sys.modules[getattr(keras.applications, APPLICATIONS[name]).__module__]


def _offer(donor: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    donor.save_weights(folder / "offered.weights.h5")

    def get_file(*args: Any, **kwargs: Any) -> str:
        print("Downloading data")
        return str(folder / "offered.weights.h5")

    monkeypatch.setattr(FILES, get_file)


@pytest.mark.parametrize("name", APPLICATIONS)
def test_preprocessing_is_that_of_the_network(name: str) -> None:
    raw = _pixels(2, 3, 3, 3)
    scale, offset, reversed_channels = preprocessing(name)
    ours = raw * (1.0 if scale is None else scale) + (0.0 if offset is None else offset)
    theirs = _module(name).preprocess_input(raw.copy(), data_format="channels_last")
    np.testing.assert_allclose(ours[..., ::-1] if reversed_channels else ours, theirs, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "options", "keras_options"), [("mobilenet", {"width": 0.25}, {"alpha": 0.25}), ("vgg16", {}, {})]
)
def test_a_fresh_head_reads_the_pretrained_features_of_raw_pixels(
    name: str,
    options: dict[str, Any],
    keras_options: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """VGG16 was trained on BGR images: the model must take RGB and answer as VGG16 does on BGR."""
    network = getattr(keras.applications, APPLICATIONS[name])
    donor = network(weights=None, include_top=False, pooling="avg", input_shape=(32, 32, 3), **keras_options)
    _offer(donor, tmp_path, monkeypatch)
    model = zoo.build(name, (32, 32, 3), 7, [9.0] * 3, [9.0] * 3, pretrained=True, **options)
    raw = _pixels(2, 32, 32, 3)
    features = donor.predict_on_batch(_module(name).preprocess_input(raw.copy(), data_format="channels_last"))
    kernel, bias = model.get_layer("predictions").get_weights()
    wanted = features @ kernel + bias
    np.testing.assert_allclose(model.predict_on_batch(raw), wanted, rtol=1e-3, atol=1e-3 * np.abs(wanted).max())
    assert capsys.readouterr().out == ""


def test_for_a_thousand_classes_the_head_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    donor = keras.applications.MobileNet(weights=None, alpha=0.25, classifier_activation=None)
    _offer(donor, tmp_path, monkeypatch)
    model = zoo.build("mobilenet", (224, 224, 3), 1000, pretrained=True, width=0.25)
    raw = _pixels(1, 224, 224, 3)
    wanted = donor.predict_on_batch(raw / 127.5 - 1)
    np.testing.assert_allclose(model.predict_on_batch(raw), wanted, atol=1e-3 * np.abs(wanted).max())


def test_a_download_that_fails_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def get_file(*args: Any, **kwargs: Any) -> str:
        raise Exception("URL fetch failure on https://host/file:\n None -- Name or service not known")

    monkeypatch.setattr(FILES, get_file)
    with pytest.raises(
        DataError, match="cannot get the ImageNet weights of mobilenet: URL fetch .*weights=null"
    ) as caught:
        zoo.build("mobilenet", (32, 32, 3), 7, pretrained=True)
    assert "\n" not in str(caught.value)


def test_images_that_the_weights_are_not_for_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"need colour images \(height, width, 3\), got shape \(32, 32, 1\)"):
        zoo.build("vgg16", (32, 32, 1), 10, pretrained=True)
    with pytest.raises(ConfigError, match=r"`input_shape` should be \(224, 224, 3\)"):
        zoo.build("vgg16", (64, 64, 3), 1000, pretrained=True)
