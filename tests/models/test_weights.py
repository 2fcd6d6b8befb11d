"""Weights from files, put into models that are named."""

from pathlib import Path

import numpy as np
import pytest

from nas_cli.errors import ConfigError, DataError
from nas_cli.models import zoo
from nas_cli.models.reference import open_model
from nas_cli.models.settings import ModelSettings

SHAPE = (8, 8, 3)


def _open(weights: Path | str, name: str = "paper3_cnn", width: float | None = 0.25, classes: int = 4):  # type: ignore[no-untyped-def]
    settings = ModelSettings(name=name, keep_weights=False, width=width, weights=str(weights))
    return open_model(settings, SHAPE, classes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The same weights in every form that is read."""
    model = zoo.build("paper3_cnn", SHAPE, 4, [0.1] * 3, [0.0] * 3, width=0.25)
    model.save_weights(tmp_path / "net.weights.h5")
    model.save(tmp_path / "net.keras")
    (tmp_path / "run" / "best").mkdir(parents=True)
    model.save(tmp_path / "run" / "best" / "model.keras")
    return tmp_path


@pytest.mark.parametrize("source", ["net.weights.h5", "net.keras", "run"])
def test_weights_of_a_file_answer_as_the_model_they_came_from(folder: Path, source: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, *SHAPE)).astype(np.float32)
    wanted = zoo.build("paper3_cnn", SHAPE, 4, width=0.25)
    wanted.load_weights(folder / "net.weights.h5")
    np.testing.assert_array_equal(_open(folder / source).predict_on_batch(images), wanted.predict_on_batch(images))


@pytest.mark.parametrize(
    ("other", "file", "message"),
    [
        ({"classes": 5}, "net.weights.h5", "are of another network: 6,164 numbers, the model has 6,197"),
        ({"classes": 5}, "net.keras", r"weight 6 \(dense_9/kernel\) is \(32, 4\), the model's .* is \(32, 5\)"),
        ({"width": 0.5}, "net.keras", r"weight 0 .*conv2d_1/kernel\) is \(3, 3, 3, 8\), the model's"),
        ({"name": "resnet20"}, "net.weights.h5", "are of another network"),
    ],
)
def test_weights_of_another_network_are_refused(folder: Path, other: dict, file: str, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(DataError, match=message) as caught:
        _open(folder / file, **other)
    assert "\n" not in str(caught.value)


def test_as_many_numbers_in_other_shapes_are_refused(tmp_path: Path) -> None:
    """Keras names the layer; its message is cut to one line."""
    import keras

    shapes = [keras.Sequential([keras.Input((n,)), keras.layers.Dense(m)]) for n, m in ((3, 8), (7, 4))]
    shapes[0].save_weights(tmp_path / "net.weights.h5")
    shapes[1].save(tmp_path / "other.keras")
    settings = ModelSettings(
        name=str(tmp_path / "other.keras"), keep_weights=False, width=None, weights=str(tmp_path / "net.weights.h5")
    )
    with pytest.raises(DataError, match="cannot load the weights in .*net.weights.h5: .*dense") as caught:
        open_model(settings, (7,), 4)
    assert "\n" not in str(caught.value)


def test_damaged_and_missing_files_are_named(folder: Path) -> None:
    whole = (folder / "net.weights.h5").read_bytes()
    for name, content in (("cut", whole[: len(whole) // 2]), ("empty", b""), ("text", b"not weights")):
        (folder / f"{name}.weights.h5").write_bytes(content)
        with pytest.raises(DataError, match=f"cannot load the weights in .*{name}.weights.h5: ") as caught:
            _open(folder / f"{name}.weights.h5")
        assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match="none.weights.h5 is neither 'imagenet' nor a file that exists"):
        _open(folder / "none.weights.h5")
    (folder / "old.h5").write_bytes(whole)
    with pytest.raises(ConfigError, match="old.h5 must be a .weights.h5 file, a .keras file or a run's folder"):
        _open(folder / "old.h5")


def test_own_networks_have_no_imagenet_weights() -> None:
    with pytest.raises(ConfigError, match="model 'paper3_cnn' has no ImageNet weights"):
        _open("imagenet")
    with pytest.raises(ConfigError, match="model 'resnet20' has no ImageNet weights"):
        zoo.build("resnet20", (32, 32, 3), 10, pretrained=True)


def test_the_weights_of_a_model_that_was_compiled_and_fitted_load(tmp_path: Path) -> None:
    """Such a file holds the optimizer's state too."""
    model = zoo.build("paper3_cnn", SHAPE, 4, width=0.25)
    model.compile("adam", "mse", metrics=["mae"])
    images = np.random.default_rng(0).integers(0, 256, (4, *SHAPE)).astype(np.float32)
    model.fit(images, np.ones((4, 4)), verbose=0)
    model.save_weights(tmp_path / "fitted.weights.h5")
    np.testing.assert_allclose(_open(tmp_path / "fitted.weights.h5")(images), model(images), rtol=1e-5)
