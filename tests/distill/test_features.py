"""Hints and attention maps, by hand."""

import keras
import numpy as np
import pytest

from nas_cli.distill.features import AttentionTransfer, Hint, features
from nas_cli.errors import ConfigError
from tests.distill.nets import settings

TEACHER = np.zeros((1, 1, 2, 2), np.float32)
STUDENT = np.zeros((1, 1, 2, 2), np.float32)
TEACHER[0, 0] = [[3.0, 0.0], [0.0, 2.0]]
STUDENT[0, 0] = [[1.0, 0.0], [0.0, 0.0]]


def test_a_hint_is_half_the_mean_square() -> None:
    # differences 2, 0, 0, 2
    assert np.array(Hint("h", 1.0).losses(TEACHER, STUDENT)).tolist() == [0.5 * 8 / 4]


def test_attention_compares_places_not_strengths() -> None:
    loss = AttentionTransfer("a", 1.0)
    # Maps (9, 4)/√97 and (1, 0).
    expected = ((9 / 97**0.5 - 1) ** 2 + 16 / 97) / 2
    np.testing.assert_allclose(loss.losses(TEACHER, STUDENT), [expected], rtol=1e-5)
    np.testing.assert_allclose(loss.losses(TEACHER, 5 * TEACHER), [0.0], atol=1e-6)


def network(widths: tuple[int, ...]) -> keras.Model:
    x = inputs = keras.Input((8, 8, 1))
    for place, width in enumerate(widths):
        x = keras.layers.Conv2D(width, 3, strides=2, padding="same", name=f"conv_{place}")(x)
    return keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(x)))


def test_maps_of_other_widths_get_a_regressor_that_is_no_part_of_the_student() -> None:
    teacher, student = network((6, 8)), network((2, 4))
    found = features(teacher, student, settings(hints=("conv_0:conv_0",), attention=("auto",)))
    assert [type(loss).__name__ for loss in found.losses] == ["Hint", "AttentionTransfer", "AttentionTransfer"]
    extra = len(found.student.trainable_variables) - len(student.trainable_variables)
    assert extra == 2
    assert [tuple(output.shape)[1:] for output in found.student.outputs] == [(3,), (4, 4, 6), (4, 4, 2), (2, 2, 4)]


def test_layers_that_do_not_fit_are_named() -> None:
    teacher, student = network((6, 8)), network((2, 4))
    with pytest.raises(ConfigError, match="the teacher has no layer 'conv_9'"):
        features(teacher, student, settings(hints=("conv_9:conv_0",)))
    with pytest.raises(ConfigError, match="height and width must be equal"):
        features(teacher, student, settings(hints=("conv_0:conv_1",)))
