"""The loop of a pruning run: its rounds, what its journal says, and that a killed run ends as an uninterrupted one."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.config import load_config
from nas_cli.costs.before_after import layer_rows
from nas_cli.costs.keras_cost import model_cost
from nas_cli.errors import RunError
from nas_cli.models.builder import build
from nas_cli.prune.loop import Pruning, run_prune
from nas_cli.prune.masks import load_masks
from nas_cli.prune.removal import size_block
from nas_cli.prune.ticket import load_ticket, redeem
from nas_cli.runs.folder import RunFolder, create_run
from nas_cli.runs.interruption import Interrupted
from nas_cli.runs.journal import Journal
from nas_cli.spaces.architecture import Architecture, from_json, node
from tests.training.examples import PLAIN, images, training

DATA = images()


def network(seed: int = 0) -> keras.Model:
    """Two convolutions in a residual block, batch norm, and a dense layer."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    inputs = keras.Input((8, 8, 1))
    x = layers.Rescaling(1 / 255, dtype="float32")(inputs)
    x = y = layers.BatchNormalization(name="bn1")(layers.Conv2D(6, 3, padding="same", name="conv1")(x))
    y = layers.ReLU()(layers.BatchNormalization(name="bn2")(layers.Conv2D(8, 3, padding="same", name="conv2")(y)))
    y = layers.Conv2D(6, 3, padding="same", name="conv3")(y)
    x = layers.Flatten()(layers.Add()([x, y]))
    return keras.Model(inputs, layers.Dense(3, name="logits", dtype="float32")(x))


def job(trained: bool = False, prune: str = "default", epochs: int = 1, **changes: Any) -> Pruning:
    """The settings of `nas prune` with `prune_…` and `loop_…` changed, and trainings of one epoch."""
    defaults = {"prune_rounds": 2, "prune_fine_tune": 1, **changes}
    overrides = [f"{key.replace('_', '.', 1)}={'null' if value is None else value}" for key, value in defaults.items()]
    config = load_config("prune", [f"prune={prune}", *overrides])
    return Pruning(
        model=network(),
        trained=trained,
        dataset=DATA,
        training=training(epochs=epochs, restore_best=True),
        augmentation=PLAIN,
        prune=config.prune,
        loop=config.loop,
        seed=3,
    )


def start(work: Pruning) -> dict[str, Any]:
    said = {key: getattr(work.prune, key) for key in ("criterion", "granularity", "spread", "target")}
    sizes = {**size_block(work.model), "layers": layer_rows(work.model), "device": None}
    return {"command": "prune", "dataset": {}, "model": "tiny", **said, **sizes}


def session(run: RunFolder, work: Pruning) -> dict[str, Any]:
    return run_prune(run, work, start(work), lambda _: None, time.time())


def fresh(folder: Path) -> RunFolder:
    return create_run(folder, {"command": "prune"}, {})


def result(run: RunFolder) -> Any:
    return keras.saving.load_model(run.best / "model.keras", compile=False)


def kinds(run: RunFolder) -> list[str]:
    return [str(event["name"]) for event in run.events() if event["event"] in ("phase", "pruned")]


@pytest.fixture(scope="module")
def by_weight(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, Mapping[str, Any]]:
    run = fresh(tmp_path_factory.mktemp("prune") / "run")
    more: dict[str, Any] = {
        "loop_baseline": "true",
        "loop_random": "true",
        "loop_scan": "true",
        "loop_scan_points": "[0.5]",
    }
    return run, session(run, job(prune_sparsity=0.75, **more))


def test_the_phases_of_a_run_come_in_order(by_weight: Any) -> None:
    run, summary = by_weight
    assert kinds(run) == [
        "train", "prune-1", "tune-1", "prune-2", "tune-2",
        "random-prune-1", "random-tune-1", "random-prune-2", "random-tune-2", "baseline",
    ]  # fmt: skip
    assert summary["status"] == "completed"
    assert summary["prune"]["phases"]["baseline"] == 3
    assert not (run.path / "checkpoints").exists()


def test_exactly_the_wanted_weights_are_zero_after_fine_tuning_and_loading(by_weight: Any) -> None:
    run, summary = by_weight
    masks, model = load_masks(run.best / "masks.npz"), result(run)
    assert set(masks) == {"conv1/kernel", "conv2/kernel", "conv3/kernel", "logits/kernel"}
    for path, mask in masks.items():
        values = model.get_layer(path.split("/")[0]).kernel.numpy()
        assert mask.sum() == round(mask.size * 0.25)
        assert np.all(values[~mask] == 0) and np.count_nonzero(values) == mask.sum()
    last = summary["prune"]["rounds"][1]
    assert (last["left"], last["total"]) == (sum(m.sum() for m in masks.values()), sum(m.size for m in masks.values()))


def test_the_rounds_follow_the_cubic_schedule(by_weight: Any) -> None:
    _, summary = by_weight
    own = [row["sparsity"] for row in summary["prune"]["rounds"] if row["arm"] == "main"]
    assert own == pytest.approx([0.75 * (1 - 0.5**3), 0.75], abs=0.01)


def test_the_summary_compares_with_the_network_that_is_not_pruned_and_with_chance(by_weight: Any) -> None:
    run, summary = by_weight
    before, after, chance = (summary["prune"][side] for side in ("before", "after", "random"))
    (tested,) = [event for event in run.events() if event["event"] == "test"]
    assert before["weights"] == "baseline"
    assert before["test_accuracy"] == tested["before"]["metrics"]["test_accuracy"]
    assert chance["nonzero"] == after["nonzero"] < before["nonzero"]
    assert {"batch_1", "batch_32", "threads"} == set(after["ms_per_image"])
    assert after["compressed_bytes"] < before["compressed_bytes"]
    assert summary["best"]["test_accuracy"] == tested["metrics"]["test_accuracy"]


def test_the_scan_gives_every_layer_its_score_with_and_without_a_half(by_weight: Any) -> None:
    _, summary = by_weight
    scanned = summary["prune"]["sensitivity"]
    assert [row["layer"] for row in scanned] == ["conv1/kernel", "conv2/kernel", "conv3/kernel", "logits/kernel"]
    assert all([share for share, _ in row["points"]] == [0.0, 0.5] for row in scanned)
    assert len({row["points"][0][1]["valid_accuracy"] for row in scanned}) == 1


def test_filters_are_taken_out_until_the_flops_are_what_was_asked_for(tmp_path: Path) -> None:
    run = fresh(tmp_path / "run")
    changes: dict[str, Any] = {
        "prune_round_to": 1,
        "prune_min_channels": 1,
        "prune_last_fine_tune": None,
        "prune_batches": 2,
    }
    summary = session(run, job(prune="filters", trained=True, **changes))
    before, after = summary["prune"]["before"], summary["prune"]["after"]
    assert before["weights"] == "given"
    assert after["flops"] == model_cost(result(run)).flops <= 0.5 * before["flops"]
    assert after["file_bytes"] < before["file_bytes"]
    rounds = summary["prune"]["rounds"]
    assert rounds[0]["flops"] > rounds[1]["flops"] and rounds[0]["left"] > rounds[1]["left"]


def test_a_lottery_ticket_holds_the_first_weights_and_can_be_redeemed(tmp_path: Path) -> None:
    run = fresh(tmp_path / "run")
    summary = session(run, job(prune="lottery_ticket", prune_train_first=1, loop_test_rounds="true"))
    ticket, model, first = load_ticket(run.path), result(run), network()
    kernel, mask = first.get_layer("conv2").kernel.numpy(), ticket.masks["conv2/kernel"]
    redeem(ticket, model)
    np.testing.assert_array_equal(model.get_layer("conv2").kernel.numpy(), np.where(mask, kernel, 0))
    assert mask.sum() == round(mask.size * 0.8**2)
    assert ticket.masks["logits/kernel"].sum() == round(ticket.masks["logits/kernel"].size * 0.9**2)
    assert {"train", "tune-1", "reinit-1", "tune-2", "reinit-2"} <= set(summary["prune"]["phases"])
    assert all({"reinit_valid_accuracy", "test_accuracy"} <= set(row) for row in summary["prune"]["rounds"])


def test_weights_go_back_to_a_later_epoch_if_asked(tmp_path: Path) -> None:
    run = fresh(tmp_path / "run")
    changes: dict[str, Any] = {
        "prune_rewind": "epoch:1",
        "prune_train_first": 2,
        "prune_reinit": "false",
        "prune_rounds": 1,
    }
    session(run, job(prune="lottery_ticket", **changes))
    ticket = load_ticket(run.path)
    assert not np.array_equal(ticket.weights[0], np.where(ticket.masks["conv1/kernel"], network().weights[0], 0))


def test_regrowth_keeps_the_number_of_weights(tmp_path: Path) -> None:
    run = fresh(tmp_path / "run")
    changes: dict[str, Any] = {"prune_rounds": 1, "prune_update_every": 2, "prune_fine_tune": 2, "prune_sparsity": 0.5}
    summary = session(run, job(prune="rigl", **changes))
    masks, model = load_masks(run.best / "masks.npz"), result(run)
    assert sum(int(mask.sum()) for mask in masks.values()) == summary["prune"]["rounds"][0]["left"]
    for path, mask in masks.items():
        assert np.all(model.get_layer(path.split("/")[0]).kernel.numpy()[~mask] == 0)


def test_a_training_that_prunes_as_it_goes_ends_at_the_target(tmp_path: Path) -> None:
    run = fresh(tmp_path / "run")
    changes: dict[str, Any] = {"prune_when": "step", "prune_rounds": 1, "prune_update_every": 2, "prune_sparsity": 0.6}
    summary = session(run, job(**changes, prune_fine_tune=2))
    assert kinds(run) == ["train", "gradual-1", "gradual-1"]
    (only,) = summary["prune"]["rounds"]
    assert only["sparsity"] == pytest.approx(0.6, abs=0.01)


class Killed(BaseException):
    """Stands for the death of the process: nothing on the way catches it."""


def killed_at(run: RunFolder, work: Pruning, number: int, patch: pytest.MonkeyPatch, before: bool) -> None:
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


@pytest.mark.parametrize("prune", ["lottery_ticket", "filters"])
def test_killed_at_every_event_and_resumed_a_run_ends_with_the_same_mask_and_weights(
    prune: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes: dict[str, Any] = {
        "prune_train_first": 1,
        "prune_rounds": 2 if prune == "filters" else 1,
        "prune_batches": 2,
    }
    if prune == "filters":
        changes |= {"prune_round_to": 1, "prune_min_channels": 1, "prune_last_fine_tune": None}
    whole = fresh(tmp_path / "whole")
    session(whole, job(prune=prune, **changes))
    run = fresh(tmp_path / "killed")
    for number in range(len(whole.events())):
        begun = bool(run.events())
        # Dies at the second event of each session, before it is written: a resume and then one event less.
        killed_at(run, job(prune=prune, **changes), 2 if begun else 1 + number % 2, monkeypatch, before=number % 3 == 0)
        if any(event["event"] == "end" for event in run.events()):
            break
    session(run, job(prune=prune, **changes))
    for one, other in zip(removed(whole), removed(run), strict=True):
        assert one == other
    for one, other in zip(result(whole).get_weights(), result(run).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def removed(run: RunFolder) -> list[Any]:
    """What every removal says of its mask."""
    found = [event for event in run.events() if event["event"] == "pruned"]
    return [(event["name"], event.get("digest"), event.get("groups"), event["left"]) for event in found]


def test_ctrl_c_leaves_a_run_that_can_be_resumed(tmp_path: Path) -> None:
    run, work = fresh(tmp_path / "run"), job()

    def impatient(event: Mapping[str, Any]) -> None:
        if event["event"] == "pruned":
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="nas prune --resume"):
        run_prune(run, work, start(work), impatient, time.time())
    assert [event["event"] for event in run.events()][-1] == "stop"
    assert session(run, job())["status"] == "completed"


def test_a_network_known_layer_by_layer_is_so_when_it_is_smaller(tmp_path: Path) -> None:
    """Its architecture can be trained anew by `nas train --model RUN`."""
    whole = Architecture((
        node("input", shape=(8, 8, 1)), node("conv2d", (0,), filters=6, kernel=3, activation="relu"),
        node("conv2d", (1,), filters=6, kernel=3, activation="relu"), node("merge", (1, 2), mode="sum"),
        node("flatten", (3,)), node("dense", (4,), units=5, activation="relu"), node("dense", (5,), units=3),
    ))  # fmt: skip
    changes: dict[str, Any] = {"prune_granularity": "unit", "prune_criterion": "magnitude", "prune_train_first": 0}
    work, run = replace(job(**changes), model=build(whole)), fresh(tmp_path / "run")
    begin = {**start(work), "architecture": whole.to_json()}
    summary = run_prune(run, work, begin, lambda _: None, time.time())
    written = json.loads((run.best / "architecture.json").read_text(encoding="utf-8"))
    assert written == summary["best"]["architecture"]
    again = build(from_json(written))
    assert [tuple(w.shape) for w in again.weights] == [tuple(w.shape) for w in result(run).weights]
    assert dict(from_json(written).nodes[1].settings)["filters"] == 3


def test_without_an_architecture_there_is_none(by_weight: Any) -> None:
    run, summary = by_weight
    assert summary["best"]["architecture"] is None
    assert not (run.best / "architecture.json").exists()


def test_what_weights_were_worth_is_noted_although_the_run_died_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, changes = fresh(tmp_path / "run"), {"prune_rounds": 1, "prune_fine_tune": 0}
    killed_at(run, job(trained=True, **changes), 1, monkeypatch, before=False)
    assert session(run, job(trained=True, **changes))["prune"]["before"]["weights"] == "given"


def test_a_first_training_that_stops_before_the_epoch_to_go_back_to_is_one_line(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    plain = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])
    work = job(prune="lottery_ticket", prune_rewind="epoch:4", prune_train_first=5)
    still = replace(work.training.optimizer, learning_rate=1e-12)
    work = replace(work, model=plain, training=replace(work.training, patience=1, optimizer=still))
    with pytest.raises(RunError, match="ended before epoch 4, to which prune.rewind=epoch:4 goes back"):
        session(fresh(tmp_path / "run"), work)
