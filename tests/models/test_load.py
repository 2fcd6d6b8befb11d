from pathlib import Path

import keras
import pytest

from nas_cli.errors import DataError
from nas_cli.models.load import load_model


def _saved(path: Path, *layers: keras.Layer) -> Path:
    keras.Sequential([keras.Input((3,)), *layers]).save(path)
    return path


def test_a_run_folder_stands_for_its_best_model(tmp_path: Path) -> None:
    (tmp_path / "best").mkdir()
    _saved(tmp_path / "best" / "model.keras", keras.layers.Dense(2))
    assert load_model(tmp_path).output_shape == (None, 2)


def _fails(path: Path, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        load_model(path)
    assert "\n" not in str(caught.value)


def test_missing_files_are_named(tmp_path: Path) -> None:
    _fails(tmp_path / "none.keras", "no model file at .*none.keras")
    _fails(tmp_path, "no model file at .*best/model.keras")


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    whole = _saved(tmp_path / "whole.keras", keras.layers.Dense(2)).read_bytes()
    for name, content in (("cut", whole[: len(whole) // 2]), ("empty", b""), ("text", b"not a model")):
        (tmp_path / f"{name}.keras").write_bytes(content)
        _fails(tmp_path / f"{name}.keras", f"cannot load .*{name}.keras: the file is damaged or not a Keras model")


def test_code_in_a_file_is_refused(tmp_path: Path) -> None:
    _fails(_saved(tmp_path / "code.keras", keras.layers.Lambda(lambda x: 2 * x)), "holds Python code")


def test_foreign_classes_are_refused(tmp_path: Path) -> None:
    class Foreign(keras.layers.Dense):  # type: ignore[misc, unused-ignore]
        pass

    _fails(_saved(tmp_path / "foreign.keras", Foreign(2)), "class that is not part of Keras .Foreign.")


def test_other_formats_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.h5").write_bytes(b"")
    _fails(tmp_path / "model.h5", "is not a .keras file")
