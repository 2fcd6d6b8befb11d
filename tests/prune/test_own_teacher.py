"""training.teacher=self: the network before the first round teaches what is left of it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas_cli.config import load_config
from nas_cli.distill.own_teacher import own_lesson
from nas_cli.errors import ConfigError
from nas_cli.prune.loop import Pruning, run_prune
from nas_cli.prune.phases import START, TRAIN, Phase, phases, teacher
from nas_cli.runs.folder import RunFolder
from nas_cli.runs.interruption import Interrupted
from tests.distill.nets import settings
from tests.prune.test_prune_loop import DATA, fresh, job, result, session, start
from tests.training.examples import PLAIN


def taught(run: RunFolder, **changes: Any) -> Pruning:
    """Two epochs behind one round, with the answers of the network itself."""
    work = job(**{"prune_rounds": 1, "prune_fine_tune": 2, **changes})
    return replace(work, lesson=own_lesson(settings(), DATA, PLAIN, run.path / "checkpoints"))


def test_what_is_left_learns_from_the_dense_network_and_the_controls_alike(tmp_path: Path) -> None:
    asked: list[tuple[int, int]] = []

    def lesson(network: Any, student: Any) -> None:
        asked.append(tuple(int(np.count_nonzero(m.get_layer("conv2").kernel.numpy())) for m in (network, student)))

    run = fresh(tmp_path / "run")
    session(run, replace(job(loop_random="true", loop_baseline="true"), lesson=lesson))
    dense = 3 * 3 * 6 * 8
    # The rounds' own trainings and those of the random arm; neither the first training nor the baseline.
    assert [one[0] for one in asked] == [dense] * 4
    assert asked[1][1] == asked[3][1] == dense / 2


def test_the_teacher_changes_the_training_behind_a_removal_only(tmp_path: Path) -> None:
    alone, with_teacher = fresh(tmp_path / "alone"), fresh(tmp_path / "taught")
    session(alone, job(prune_rounds=1, prune_fine_tune=2))
    session(with_teacher, taught(with_teacher))
    losses: list[dict[str, float]] = [
        {f"{e['name']} {e['epoch']:g}": e["train_loss"] for e in run.events() if e["event"] == "epoch"}
        for run in (alone, with_teacher)
    ]
    assert losses[0]["train 1"] == losses[1]["train 1"]
    assert all(losses[0][name] != losses[1][name] for name in ("tune-1 1", "tune-1 2"))


@pytest.mark.parametrize("changes", [{}, {"prune_granularity": "filter"}, {"prune_when": "step"}])
def test_an_interrupted_run_ends_as_an_uninterrupted_one(tmp_path: Path, changes: dict[str, Any]) -> None:
    whole, broken = fresh(tmp_path / "whole"), fresh(tmp_path / "broken")
    session(whole, taught(whole, **changes))
    work = taught(broken, **changes)

    def impatient(event: Mapping[str, Any]) -> None:
        if event["event"] == "epoch" and event["phase"] in ("tune", "gradual"):
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        run_prune(broken, work, start(work), impatient, 0.0)
    session(broken, taught(broken, **changes))
    for one, other in zip(result(whole).weights, result(broken).weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def plan(trained: bool, *overrides: str) -> list[Phase]:
    config = load_config("prune", overrides)
    return phases(config.prune, config.loop, 1, trained, 0)


def test_the_teacher_is_the_network_before_the_first_round() -> None:
    assert teacher(plan(False), False) == TRAIN
    assert teacher(plan(True), True) == START
    assert teacher(plan(True, "prune.train_first=1"), True) == TRAIN


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("prune.train_first=0",), "needs a trained network before the first round"),
        (("prune.fine_tune=0",), "has nothing to teach"),
    ],
)
def test_without_a_trained_network_or_a_training_there_is_no_teacher(overrides: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        teacher(plan(False, *overrides), False)
