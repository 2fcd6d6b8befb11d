"""A network as the teacher of what is made of it."""

from pathlib import Path

import keras
import numpy as np

from nas_cli.distill.own_teacher import own_lesson
from tests.distill.nets import settings
from tests.training.examples import PLAIN, STANDARD, convolutional, images

DATA = images()


def test_its_answers_are_those_of_the_network_at_the_temperature(tmp_path: Path) -> None:
    network = convolutional(DATA, 1, dropout=0.0)
    lesson = own_lesson(settings(temperature=4.0), DATA, PLAIN, tmp_path)
    teaching = lesson(network, convolutional(DATA, 2))
    assert teaching is not None and teaching.cached is not None and not network.trainable
    logits = network.predict(DATA.train.x.astype(np.float32), verbose=0)
    np.testing.assert_allclose(teaching.cached, keras.ops.softmax(logits / 4), atol=1e-5)
    assert len(list(tmp_path.glob("teacher-*.npy"))) == 1


def test_other_weights_are_another_teacher(tmp_path: Path) -> None:
    lesson, student = own_lesson(settings(), DATA, PLAIN, tmp_path), convolutional(DATA, 2)
    found = [lesson(convolutional(DATA, seed, dropout=0.0), student) for seed in (1, 1, 3)]
    identities = [None if one is None else one.identity for one in found]
    assert identities[0] == identities[1] != identities[2]


def test_under_augmentation_it_is_asked_in_every_step(tmp_path: Path) -> None:
    teaching = own_lesson(settings(), DATA, STANDARD, tmp_path)(convolutional(DATA, 1), convolutional(DATA, 2))
    assert teaching is not None and teaching.cached is None and teaching.live is not None


def test_without_soft_targets_there_is_no_lesson(tmp_path: Path) -> None:
    lesson = own_lesson(settings(lambda_soft=0.0), DATA, PLAIN, tmp_path)
    assert lesson(convolutional(DATA, 1), convolutional(DATA, 2)) is None
