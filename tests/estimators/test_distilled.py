"""Teachers of a search."""

from dataclasses import replace
from pathlib import Path

import pytest

from nas_cli.errors import ConfigError
from nas_cli.estimators.distilled import Teachers
from tests.distill.nets import settings, teacher_file
from tests.estimators.test_train import SETTINGS
from tests.training.examples import PLAIN, convolutional, images

DATA = images()


def test_every_candidate_learns_answers_that_are_computed_once(tmp_path: Path) -> None:
    name = teacher_file(tmp_path, DATA, epochs=0)
    given = replace(SETTINGS, distill_from=name, distill=settings())
    first = Teachers(given, DATA, tmp_path).lesson(convolutional(DATA), DATA, PLAIN)
    kept = next(tmp_path.glob("teacher-*.npy"))
    made = kept.stat().st_mtime_ns
    second = Teachers(given, DATA, tmp_path).lesson(convolutional(DATA, seed=1), DATA, PLAIN)
    assert first is not None and second is not None
    assert first.cached is not None and second.cached is not None
    assert (first.cached == second.cached).all()
    assert kept.stat().st_mtime_ns == made


def test_teachers_need_what_is_learned(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"estimator.distill"):
        Teachers(replace(SETTINGS, distill_from="x.keras"), DATA, tmp_path)
