"""The loop of a morph run: its phases, what its journal says, and that a killed run ends as an uninterrupted one."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.config import load_config
from nas_cli.costs import target_device
from nas_cli.costs.before_after import cost_block, layer_rows
from nas_cli.costs.keras_cost import model_cost
from nas_cli.costs.latency import Device
from nas_cli.costs.target_device import device_block
from nas_cli.distributed.ring import OneProcess
from nas_cli.errors import ConfigError, RunError
from nas_cli.morph.loop import Morphing, run_morph
from nas_cli.morph.loop_settings import LoopSettings
from nas_cli.morph.outcome import numbered
from nas_cli.morph.phases import last, phases
from nas_cli.morph.settings import MorphSettings
from nas_cli.runs.folder import RunFolder, create_run
from nas_cli.runs.interruption import Interrupted
from nas_cli.runs.journal import Journal
from nas_cli.surgery.channels import find_channels
from nas_cli.surgery.resource import resource
from nas_cli.training.model_files import ModelFiles
from tests.training.examples import PLAIN, images, training

DATA = images()


def settings(**changes: Any) -> tuple[MorphSettings, LoopSettings]:
    """The defaults of `nas morph` with `morph_…` and `loop_…` changed."""
    overrides = [f"{key.replace('_', '.', 1)}={'null' if value is None else value}" for key, value in changes.items()]
    config = load_config("morph", overrides)
    return config.morph, config.loop


def network(seed: int = 0) -> keras.Model:
    """A residual block with batch norm and dropout, and a dense layer."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    inputs = keras.Input((8, 8, 1))
    x = layers.Rescaling(1 / 255, dtype="float32")(inputs)
    x = y = layers.BatchNormalization(name="bn1")(layers.Conv2D(6, 3, padding="same", name="conv1")(x))
    y = layers.ReLU()(layers.BatchNormalization(name="bn2")(layers.Conv2D(8, 3, padding="same", name="conv2")(y)))
    y = layers.Conv2D(6, 3, padding="same", name="conv3")(y)
    x = layers.Dropout(0.2)(layers.Flatten()(layers.Add()([x, y])))
    return keras.Model(inputs, layers.Dense(3, name="logits", dtype="float32")(x))


def job(model: Any = None, epochs: int = 2, trained: bool = False, **changes: Any) -> Morphing:
    morph, around = settings(**{"morph_reduction": 0.5, "morph_epochs": 2, **changes})
    return Morphing(
        model=model or network(),
        trained=trained,
        dataset=DATA,
        training=training(epochs=epochs),
        augmentation=PLAIN,
        morph=morph,
        loop=around,
        seed=3,
    )


def start(work: Morphing) -> dict[str, Any]:
    cost = model_cost(work.model)
    return {
        "command": "morph",
        "dataset": {},
        "model": "tiny",
        "target": "flops",
        "architecture": None,
        "cost": cost_block(cost),
        "layers": layer_rows(work.model),
    }


def session(run: RunFolder, work: Morphing) -> dict[str, Any]:
    return run_morph(run, work, start(work), lambda _: None, time.time())


def fresh(folder: Path) -> RunFolder:
    return create_run(folder, {"command": "morph"}, {})


def told(run: RunFolder) -> list[dict[str, Any]]:
    """The journal without what depends on the clock or on sessions.

    Nor on how many layers this process has made: Keras numbers their names, and a file grows with a longer name.
    """
    timed = ("time", "launched", "seconds", "wall_seconds", "compile_seconds", "train_seconds", "evaluation_seconds",
             "images_per_second", "ms_per_image", "file_bytes")  # fmt: skip

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items() if key not in timed}
        return [plain(item) for item in value] if isinstance(value, list) else value

    return [plain(event) for event in run.events() if event["event"] not in ("resume", "stop")]


def result(run: RunFolder) -> Any:
    return keras.saving.load_model(run.best / "model.keras", compile=False)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, Mapping[str, Any]]:
    run = fresh(tmp_path_factory.mktemp("morph") / "run")
    return run, session(run, job(loop_train_first=1, loop_iterations=2, morph_expand=0.8, loop_baseline="true"))


def test_a_run_ends_with_a_smaller_network_that_plain_keras_loads(done: Any) -> None:
    run, summary = done
    small, before, after = result(run), summary["morph"]["before"], summary["morph"]["after"]
    assert summary["status"] == "completed"
    assert after["flops"] == model_cost(small).flops < before["flops"] == model_cost(network()).flops
    assert after["file_bytes"] == (run.best / "model.keras").stat().st_size < before["file_bytes"]
    assert {"batch_1", "batch_32", "threads"} == set(after["ms_per_image"])
    assert 0 <= summary["best"]["test_accuracy"] <= 1
    assert small(DATA.test.x.astype(np.float32)).shape == (30, 3)
    assert not (run.path / "checkpoints").exists()


def test_phases_come_in_order_and_the_test_set_is_used_once(done: Any) -> None:
    run, summary = done
    assert summary["morph"]["phases"] == {"train": 1, "shrink-1": 2, "shrink-2": 2, "retrain": 2, "baseline": 7}
    (tested,) = [event for event in run.events() if event["event"] == "test"]
    assert set(tested["before"]["metrics"]) == set(tested["metrics"])
    assert summary["morph"]["before"]["weights"] == "baseline"
    assert summary["morph"]["before"]["test_accuracy"] == tested["before"]["metrics"]["test_accuracy"]


def test_the_masks_in_the_journal_say_which_channels_stayed(done: Any) -> None:
    run, _ = done
    first = next(event for event in run.events() if event["event"] == "shrunk")
    groups = {group.name: len(group.units) for group in find_channels(network()).groups if group.fixed is None}
    assert {group["name"]: group["before"] for group in first["groups"]} == groups
    assert all(len(group["keep"]) == group["before"] for group in first["groups"])
    assert all(group["keep"].count("1") <= group["after"] for group in first["groups"])
    assert first["omega"] >= 1.0


class Killed(BaseException):
    """Stands for the death of the process: nothing on the way catches it."""


def killed_at(run: RunFolder, work: Morphing, number: int, patch: pytest.MonkeyPatch, before: bool) -> None:
    """A session that dies at its event of that number, before or after it is on disk."""
    append, count = Journal.append, [0]

    def dying(journal: Journal, event: Any) -> Any:
        count[0] += 1
        if count[0] == number and before:
            raise Killed
        written = append(journal, event)
        if count[0] == number:
            raise Killed
        return written

    with patch.context() as patched, pytest.raises(Killed):
        patched.setattr(Journal, "append", dying)
        session(run, work)


def test_killed_at_every_event_and_resumed_a_run_ends_as_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes: dict[str, Any] = {"loop_train_first": 1, "morph_epochs": 2}
    whole = fresh(tmp_path / "whole")
    session(whole, job(epochs=1, **changes))
    run = fresh(tmp_path / "killed")
    for number in range(len(whole.events())):
        begun = bool(run.events())
        work = job(epochs=1, **changes)
        # Dies at the second event of each session, before it is written: a resume and then one event less.
        killed_at(run, work, 2 if begun else 1 + number % 2, monkeypatch, before=number % 3 == 0)
        if any(event["event"] == "end" for event in run.events()):
            break
    session(run, job(epochs=1, **changes))
    known = {(event["event"], event.get("name"), event.get("epoch")): event for event in told(run)}
    for event in told(whole):
        again = known[event["event"], event.get("name"), event.get("epoch")]
        # A kill between checkpoint and journal loses the counts of that one epoch, never its numbers.
        assert event | again == event
    for one, other in zip(result(whole).get_weights(), result(run).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_ctrl_c_leaves_a_run_that_can_be_resumed(tmp_path: Path) -> None:
    run, work = fresh(tmp_path / "run"), job(epochs=1)

    def impatient(event: Mapping[str, Any]) -> None:
        if event["event"] == "epoch":
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="nas morph --resume"):
        run_morph(run, work, start(work), impatient, time.time())
    assert [event["event"] for event in run.events()][-1] == "stop"
    assert session(run, job(epochs=1))["status"] == "completed"


def test_too_small_a_strength_warns_that_nothing_moved(tmp_path: Path) -> None:
    said: list[Mapping[str, Any]] = []
    work = job(morph_reduction=None, morph_multiplier=1e-6, loop_retrain="none")
    summary = run_morph(fresh(tmp_path / "run"), work, start(work), said.append, time.time())
    warning = summary["morph"]["warnings"][0]
    assert "moved flops by 0.0" in warning
    assert "morph.multiplier" in warning
    assert summary["morph"]["after"]["flops"] == summary["morph"]["before"]["flops"]


def test_a_strength_that_kills_everything_is_one_line_and_the_run_says_so(tmp_path: Path) -> None:
    strong = {"morph_multiplier": 1e4, "morph_proximal": "true", "morph_learning_rate": None}
    run, work = fresh(tmp_path / "run"), job(morph_reduction=None, **strong)
    with pytest.raises(ConfigError, match=r"morph\.multiplier=10000.* lower morph\.multiplier"):
        session(run, work)
    assert [(event["event"], event.get("status")) for event in run.events()][-1] == ("stop", "failed")


def test_given_weights_are_scored_before_they_are_shrunk(tmp_path: Path) -> None:
    summary = session(fresh(tmp_path / "run"), job(epochs=1, trained=True, morph_epochs=1))
    assert summary["morph"]["before"]["weights"] == "given"
    assert "valid_accuracy" in summary["morph"]["before"]
    assert "test_accuracy" not in summary["morph"]["before"]


def test_retraining_from_scratch_draws_new_weights_for_the_same_network(tmp_path: Path) -> None:
    _, around = settings(loop_retrain="scratch")
    morph, _ = settings()
    assert [phase.fresh for phase in phases(morph, around, 5, seed=0, batches=10)] == [False, True]
    files = ModelFiles(tmp_path, OneProcess())
    files.put("shrunk", network())
    kept, *drawn = [files.get("shrunk", seed, fresh) for seed, fresh in ((1, False), (1, True), (1, True), (2, True))]
    kernels = [model.get_layer("conv1").kernel.numpy() for model in (network(), kept, *drawn)]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    np.testing.assert_array_equal(kernels[2], kernels[3])
    assert not np.array_equal(kernels[0], kernels[2])
    assert not np.array_equal(kernels[2], kernels[4])
    assert drawn[0].to_json() == kept.to_json()


def test_a_training_that_diverges_is_one_line(tmp_path: Path) -> None:
    work = job(morph_learning_rate=1e30)
    with pytest.raises(RunError, match="finite"):
        session(fresh(tmp_path / "run"), work)


def test_every_phase_has_its_own_seed_whatever_follows_it() -> None:
    morph, short = settings(loop_retrain="none")
    _, long = settings(loop_iterations=3, loop_train_first=2, loop_baseline="true")
    plan = phases(morph, long, 5, seed=1, batches=10)
    assert [phase.name for phase in plan] == ["train", "shrink-1", "shrink-2", "shrink-3", "retrain", "baseline"]
    assert len({phase.seed for phase in plan}) == len(plan)
    assert plan[-1].epochs == 2 + 3 * 2 + 5
    assert last(plan) == "retrain"
    assert last(phases(morph, short, 5, seed=1, batches=10)) == "shrink-1"


def test_the_baseline_starts_as_the_result_does_and_sees_as_many_examples() -> None:
    """25 steps of 10 batches become 27: two iterations are 5.4 passes, whichever of the multipliers is taken."""
    several = {"morph_reduction": 0.5, "morph_multipliers": "[1,2]", "morph_steps": 25, "loop_iterations": 2}
    last_phases = {}
    for retrain in ("scratch", "surviving", "none"):
        morph, around = settings(**several, loop_retrain=retrain, loop_baseline="true")
        plan = phases(morph, around, 7, seed=1, batches=10)
        assert [(phase.epochs, phase.passes) for phase in plan[:2]] == [(3, 5.4)] * 2
        last_phases[retrain] = (plan[-1].epochs, plan[-1].fresh)
    assert last_phases == {"scratch": (7, True), "surviving": (12, False), "none": (5, False)}


def test_epochs_are_numbered_as_planned_where_time_ended_a_phase() -> None:
    morph, _ = settings(morph_reduction=0.5, morph_multipliers="[1,2]")
    assert numbered({"epoch": 1.0, "multiplier": 2.0}, morph, 4) == {"epoch": 5.0, "epochs": 8, "multiplier": 2.0}


def test_this_machine_is_not_timed_again_after_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target_device, "find_device", lambda name: pytest.fail("measured"))
    work = job(epochs=1, morph_target="latency", morph_epochs=1, loop_iterations=2, loop_retrain="none")
    run, device = fresh(tmp_path / "run"), Device("this_machine", 1e9, 1e8)
    run_morph(run, work, {**start(work), "device": device_block(device)}, lambda _: None, time.time())
    first = next(event for event in run.events() if event["event"] == "shrunk")
    channels = find_channels(network())
    assert first["cost_before"] == resource("latency", channels, device).cost(np.ones(channels.units, bool))
