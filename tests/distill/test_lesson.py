"""Teachings in trainings: what is asked when, and that nothing else changes."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.data.dataset import Dataset
from nas_cli.distill.agreement import compared, teachers_block, warnings_of
from nas_cli.distill.lesson import lesson
from nas_cli.distill.settings import DistillSettings
from nas_cli.distill.teachers import open_teachers
from nas_cli.errors import ConfigError, DataError
from nas_cli.training.fit import FitResult, fit
from nas_cli.training.teaching import Teaching
from tests.distill.nets import settings, teacher_file
from tests.training.examples import PLAIN, STANDARD, convolutional, images, training, weights

DATA = images()


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> str:
    return teacher_file(tmp_path_factory.mktemp("teacher"), DATA)


def taught(
    student: Any, names: list[str], folder: Path, given: DistillSettings, change: Any = PLAIN
) -> Teaching | None:
    ensemble = open_teachers(names, DATA, given, student)
    return lesson(ensemble, student, DATA, given, change, folder)


def trained(
    given: DistillSettings | None, names: list[str], folder: Path, change: Any = PLAIN
) -> tuple[Any, FitResult]:
    student = convolutional(DATA)
    teaching = None if given is None else taught(student, names, folder, given, change)
    return student, fit(student, DATA, training(), change, 3, teaching=teaching)


def test_without_soft_targets_it_is_plain_training_bit_for_bit(teacher: str, tmp_path: Path) -> None:
    plain, curve = trained(None, [], tmp_path)
    same, same_curve = trained(settings(lambda_soft=0.0), [teacher], tmp_path)
    for one, other in zip(weights(plain), weights(same), strict=True):
        np.testing.assert_array_equal(one, other)
    keys = ("train_loss", "valid_loss", "valid_accuracy")
    assert [[epoch[key] for key in keys] for epoch in curve.curve] == [
        [epoch[key] for key in keys] for epoch in same_curve.curve
    ]


def test_the_soft_term_at_weight_zero_changes_no_bit_either(teacher: str, tmp_path: Path) -> None:
    plain, _ = trained(None, [], tmp_path)
    student = convolutional(DATA)
    teaching = taught(student, [teacher], tmp_path, settings())
    assert teaching is not None
    from dataclasses import replace

    nothing = replace(teaching, weighting=replace(teaching.weighting, lambda_hard=1.0, lambda_soft=0.0))
    fit(student, DATA, training(), PLAIN, 3, teaching=nothing)
    for one, other in zip(weights(plain), weights(student), strict=True):
        np.testing.assert_array_equal(one, other)


def test_answers_kept_and_answers_in_every_step_train_alike(teacher: str, tmp_path: Path) -> None:
    other = teacher_file(tmp_path, DATA, seed=8)
    kept, _ = trained(settings(), [teacher, other], tmp_path)
    asked, _ = trained(settings(cache=False), [teacher, other], tmp_path)
    for one, another in zip(kept.get_weights(), asked.get_weights(), strict=True):
        np.testing.assert_allclose(one, another, rtol=1e-3, atol=2e-4)
    assert len(list(tmp_path.glob("teacher-*.npy"))) == 1


def test_the_kept_answers_are_the_teachers_probabilities_in_order(teacher: str, tmp_path: Path) -> None:
    teaching = taught(convolutional(DATA), [teacher], tmp_path, settings())
    assert teaching is not None and teaching.cached is not None
    logits = keras.saving.load_model(teacher)(np.asarray(DATA.train.x, np.float32), training=False)
    expected = keras.ops.softmax(logits / 4.0, axis=-1)
    np.testing.assert_allclose(teaching.cached, np.array(expected), rtol=1e-4, atol=1e-6)
    joined = teaching.examples(DATA).train
    assert len(joined) == len(DATA.train)
    np.testing.assert_array_equal(joined.y["label"], DATA.train.y)


def test_under_augmentation_teachers_are_asked_in_every_step(teacher: str, tmp_path: Path) -> None:
    teaching = taught(convolutional(DATA), [teacher], tmp_path, settings(), STANDARD)
    assert teaching is not None and teaching.cached is None and teaching.live is not None
    _, result = trained(settings(), [teacher], tmp_path, STANDARD)
    assert result.stopped == "completed"


def test_an_interrupted_distillation_ends_as_an_uninterrupted_one(teacher: str, tmp_path: Path) -> None:
    whole, _ = trained(settings(), [teacher], tmp_path)
    student = convolutional(DATA)
    teaching, folder = taught(student, [teacher], tmp_path, settings()), tmp_path / "checkpoints"

    def interrupt(epoch: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(student, DATA, training(), PLAIN, 3, teaching=teaching, checkpoints=folder, progress=interrupt)
    again = convolutional(DATA)
    fit(again, DATA, training(), PLAIN, 3, teaching=taught(again, [teacher], tmp_path, settings()), checkpoints=folder)
    for one, other in zip(whole.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", ["hints", "attention"])
def test_features_train_the_student_and_leave_the_teacher(teacher: str, tmp_path: Path, kind: str) -> None:
    before = keras.saving.load_model(teacher).get_weights()
    student = convolutional(DATA)
    ensemble = open_teachers([teacher], DATA, settings(**{kind: ("auto",)}), student)
    teaching = lesson(ensemble, student, DATA, settings(**{kind: ("auto",)}), PLAIN, tmp_path)
    start = weights(student)
    fit(student, DATA, training(), PLAIN, 3, teaching=teaching)
    assert any((one != other).any() for one, other in zip(start, weights(student), strict=True))
    for one, other in zip(before, ensemble.teachers[0].model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_teachers_and_student_are_compared(teacher: str, tmp_path: Path) -> None:
    ensemble = open_teachers([teacher, teacher], DATA, settings(weights=(3.0, 1.0)), None)
    blocks = teachers_block(ensemble, DATA)
    assert [block["share"] for block in blocks] == [0.75, 0.25]
    found = compared(ensemble, ensemble.teachers[0].model, DATA)
    assert found["agreement"] == {"valid": 1.0, "test": 1.0}
    assert found["teacher"]["valid_accuracy"] == blocks[0]["valid_accuracy"]
    assert warnings_of([{**blocks[0], "valid_accuracy": 0.3}], DATA, "auto")[0].startswith("warning: teacher")
    assert warnings_of([{**blocks[0], "valid_accuracy": 0.9}], DATA, "auto") == []


def unscaled(dataset: Dataset, folder: Path) -> str:
    inputs = keras.Input(dataset.input_shape)
    model = keras.Model(inputs, keras.layers.Dense(dataset.classes)(keras.layers.Flatten()(inputs)))
    model.save(folder / "unscaled.keras")
    return str(folder / "unscaled.keras")


def test_teachers_that_do_not_fit_are_one_line(teacher: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no layer that scales its inputs"):
        open_teachers([unscaled(DATA, tmp_path)], DATA, settings(), convolutional(DATA))
    assert open_teachers([unscaled(DATA, tmp_path)], DATA, settings(inputs="unit"), convolutional(DATA))
    with pytest.raises(ConfigError, match="the data set needs"):
        open_teachers([teacher], images(classes=4), settings(), None)
    with pytest.raises(DataError, match="no teacher at"):
        open_teachers(["missing.keras"], DATA, settings(), None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lambda_hard": 0.0, "lambda_soft": 0.0}, "one must be above 0"),
        ({"weights": (0.0, 0.0)}, "one is above 0"),
        ({"hints": ("conv",)}, "TEACHER_LAYER:STUDENT_LAYER"),
        ({"temperature": float("inf")}, "finite"),
    ],
)
def test_settings_that_cannot_be(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        settings(**changes)


def test_shares_are_of_as_many_teachers() -> None:
    assert settings().shares(2) == (0.5, 0.5)
    with pytest.raises(ConfigError, match="2 numbers, but the number of teachers is 3"):
        settings(weights=(1.0, 2.0)).shares(3)
    with pytest.raises(ConfigError, match="of one teacher"):
        settings(hints=("a:b",)).shares(2)
