"""Masks while a network is trained: zeros stay zero, numbers stay constant, and a restart ends with the same masks."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from nas_cli.prune.during_training import masks_in_training
from nas_cli.prune.gradients import batch_gradients
from nas_cli.prune.masks import apply_masks, full_masks, largest, load_masks, save_masks
from nas_cli.prune.regrowth import exchanged
from nas_cli.prune.schedule import step_shares
from nas_cli.prune.settings import PruneSettings
from nas_cli.prune.weight_selection import select_weights
from nas_cli.prune.weights import Weight, find_weights
from nas_cli.training.fit import fit
from tests.prune.prune_settings import prune
from tests.training.examples import ADAM, PLAIN, images, linear, training

DATA = images(train=64)
STEPS = 8
"""Two epochs of 64 examples in batches of 16."""


def small() -> Any:
    keras.utils.set_random_seed(0)
    inputs = keras.Input(DATA.input_shape)
    x = keras.layers.Conv2D(4, 3, strides=2, activation="tanh", name="conv")(keras.layers.Rescaling(1 / 255)(inputs))
    return keras.Model(inputs, keras.layers.Dense(3, name="dense")(keras.layers.Flatten()(x)))


def pruned(settings: PruneSettings) -> tuple[Any, tuple[Weight, ...], dict[str, Any]]:
    """A network without its smallest weights."""
    model = small()
    weights = find_weights(model, settings)
    scores = {weight.path: np.abs(weight.variable) for weight in weights}
    masks = select_weights(weights, scores, settings, settings.rounds)
    apply_masks(weights, masks)
    return model, weights, masks


def assert_masked(weights: Any, masks: Any) -> None:
    for weight in weights:
        gone = np.asarray(weight.variable)[~masks[weight.path]]
        assert (gone == 0).all()
        assert not np.signbit(gone).any()


def test_zeros_stay_zero_through_training_saving_and_loading(tmp_path: Path) -> None:
    settings = prune(sparsity=0.7)
    model, weights, masks = pruned(settings)
    assert [int(masks[weight.path].sum()) for weight in weights] == [round(36 * 0.3), round(108 * 0.3)]
    before = [np.array(weight.variable) for weight in weights]
    during = masks_in_training(weights, masks, settings, STEPS, 0)
    fit(model, DATA, training(), PLAIN, 0, penalty=during)
    assert_masked(weights, masks)
    for weight, old in zip(weights, before, strict=True):
        changed = np.asarray(weight.variable) != old
        assert changed[masks[weight.path]].mean() > 0.9
    model.save(tmp_path / "model.keras")
    save_masks(tmp_path / "masks.npz", during.masks())
    loaded = keras.models.load_model(tmp_path / "model.keras")
    read = load_masks(tmp_path / "masks.npz")
    again = find_weights(loaded, settings)
    apply_masks(again, read)
    fit(loaded, DATA, training(), PLAIN, 1, penalty=masks_in_training(again, read, settings, STEPS, 0))
    assert_masked(again, masks)


@pytest.mark.parametrize(("regrow", "jit_compile"), [("rigl", "false"), ("set", "false"), ("rigl", "true")])
def test_regrowth_keeps_the_number_of_weights(regrow: str, jit_compile: str) -> None:
    settings = prune(sparsity=0.7, regrow=regrow, update_every=3)
    model, weights, masks = pruned(settings)
    during = masks_in_training(weights, masks, settings, STEPS, 0)
    seen = []
    fit(
        model, DATA, training(jit_compile=jit_compile), PLAIN, 0, penalty=during,
        progress=lambda epoch: seen.append(during.masks()),
    )  # fmt: skip
    for after in seen:
        for path, mask in masks.items():
            assert after[path].sum() == mask.sum()
            assert (after[path] != mask).any()
    assert_masked(weights, seen[-1])


def test_one_exchange_of_rigl_by_hand() -> None:
    """After the first of four steps 0.3/2·(1 + cos(π/4)) of the present weights are the smallest after the step, and
    the absent ones with the largest gradients before it take their places, at zero."""
    data = images(train=16)
    settings = prune(sparsity=0.5, regrow="rigl", update_every=1, until=1.0)
    model = linear(data)
    (weight,) = weights = find_weights(model, settings)
    mask = largest(np.abs(weight.variable), 96)
    apply_masks(weights, {weight.path: mask})
    before = np.array(weight.variable)
    ((gradient,),) = batch_gradients(model, [weight.variable], data, 1, 16, 0)
    during = masks_in_training(weights, {weight.path: mask}, settings, 4, 0)
    sgd = training(epochs=1, optimizer=ADAM.__class__("sgd", 1e-3, None, None, None))
    fit(model, data, sgd, PLAIN, 0, penalty=during)
    moved = before - 1e-3 * gradient * mask
    number = round(0.15 * (1 + np.cos(np.pi / 4)) * 96)
    kept = largest(np.where(mask, np.abs(moved), -1), 96 - number)
    expected = kept | largest(np.where(mask, -1, np.abs(gradient)), number)
    assert (during.masks()[weight.path] == expected).all()
    np.testing.assert_allclose(np.asarray(weight.variable), np.where(kept, moved, 0), rtol=1e-3, atol=1e-4)


def test_how_many_are_exchanged() -> None:
    """0.15·(1 + cos(π·t/750)) of 1000, every 100 steps until 75 % of 1000 steps."""
    settings = prune(regrow="rigl")
    found = [exchanged(settings, step, 1000, 1000, 5000) for step in (50, 100, 300, 700, 800, 900)]
    # 150·(1 + cos 24°), 150·(1 + cos 72°), 150·(1 + cos 168°)
    assert found == [0, 287, 196, 3, 0, 0]
    assert exchanged(settings, 100, 1000, 1000, 7) == 7


def test_gradual_pruning_follows_its_schedule_at_every_step() -> None:
    settings = prune(when="step", schedule="cubic", initial=0.2, sparsity=0.8, end=0.75, update_every=1)
    shares = dict(step_shares(settings, STEPS))
    assert list(shares) == [0, 1, 2, 3, 4, 5, 6]
    model = small()
    weights = find_weights(model, settings)
    during = masks_in_training(weights, full_masks(weights), settings, STEPS, 0)
    assert [int(mask.sum()) for mask in during.masks().values()] == [round(36 * 0.8), round(108 * 0.8)]
    counts = []

    def note(epoch: Any) -> None:
        counts.append([int(mask.sum()) for mask in during.masks().values()])
        assert_masked(weights, during.masks())

    # Eight epochs of one step each.
    fit(model, DATA, training(epochs=8), PLAIN, 0, penalty=during, max_steps=1, progress=note)
    expected = [shares.get(step, 0.8) for step in range(1, 9)]
    assert counts == [[round(36 * (1 - share)), round(108 * (1 - share))] for share in expected]


@pytest.mark.parametrize(
    "changes",
    [
        {"regrow": "set", "update_every": 2},
        {"when": "step", "schedule": "linear", "update_every": 2, "end": 0.75},
    ],
)
def test_a_killed_training_ends_with_the_same_masks(changes: dict[str, Any], tmp_path: Path) -> None:
    settings = prune(**changes)

    def run(folder: Path | None, kill: bool) -> tuple[Any, Any]:
        model, weights, masks = pruned(settings)
        during = masks_in_training(weights, masks, settings, STEPS, 0)

        def stop(epoch: Any) -> None:
            if kill:
                raise KeyboardInterrupt

        fit(model, DATA, training(), PLAIN, 0, checkpoints=folder, penalty=during, progress=stop)
        return during.masks(), [np.array(value) for value in model.variables]

    whole = run(None, kill=False)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, kill=True)
    resumed = run(tmp_path, kill=False)
    assert all((whole[0][path] == resumed[0][path]).all() for path in whole[0])
    assert all((a == b).all() for a, b in zip(whole[1], resumed[1], strict=True))
