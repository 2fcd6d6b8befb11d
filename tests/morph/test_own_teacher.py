"""training.teacher=self: the network before the first shrinking teaches the smaller one."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas_cli.distill.own_teacher import own_lesson
from nas_cli.errors import ConfigError
from nas_cli.morph.loop import Morphing, run_morph
from nas_cli.morph.phases import START, Phase, phases, teacher
from nas_cli.runs.folder import RunFolder
from nas_cli.runs.interruption import Interrupted
from nas_cli.surgery.channels import find_channels
from tests.distill.nets import settings as distillation
from tests.morph.test_loop import DATA, fresh, job, result, session, settings, start
from tests.training.examples import PLAIN


def taught(run: RunFolder) -> Morphing:
    work = job(loop_train_first=1, morph_epochs=1)
    return replace(work, lesson=own_lesson(distillation(), DATA, PLAIN, run.path / "checkpoints"))


def test_the_last_training_alone_learns_from_the_network_before_it_was_shrunk(tmp_path: Path) -> None:
    asked: list[tuple[int, int]] = []

    def lesson(network: Any, student: Any) -> None:
        asked.append(tuple(find_channels(model).units for model in (network, student)))

    session(fresh(tmp_path / "run"), replace(job(loop_train_first=1, loop_baseline="true"), lesson=lesson))
    ((teaching, learning),) = asked
    assert learning < teaching


def test_an_interrupted_run_ends_as_an_uninterrupted_one(tmp_path: Path) -> None:
    whole, broken = fresh(tmp_path / "whole"), fresh(tmp_path / "broken")
    session(whole, taught(whole))
    work = taught(broken)

    def impatient(event: Mapping[str, Any]) -> None:
        if event["event"] == "epoch" and event["phase"] == "retrain":
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        run_morph(broken, work, start(work), impatient, 0.0)
    session(broken, taught(broken))
    for one, other in zip(result(whole).weights, result(broken).weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def plan(**changes: Any) -> list[Phase]:
    return phases(*settings(**changes), 1, 0, 8)


def test_the_teacher_is_the_network_before_the_first_shrinking() -> None:
    assert teacher(plan(loop_train_first=1), False) == "train"
    assert teacher(plan(), True) == START


def test_without_a_trained_network_or_a_training_there_is_no_teacher() -> None:
    with pytest.raises(ConfigError, match="needs a trained network before the first shrinking"):
        teacher(plan(), False)
    with pytest.raises(ConfigError, match="nothing to teach"):
        teacher(plan(loop_retrain="none"), True)
