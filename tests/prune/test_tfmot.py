import keras
import numpy as np
import pytest

from nas_cli.errors import ConfigError
from nas_cli.models.tf_keras_library import tfmot
from nas_cli.prune.during_training import masks_in_training
from nas_cli.prune.masks import full_masks
from nas_cli.prune.schedule import step_shares
from nas_cli.prune.tfmot.engine import check_tfmot, prune_with_tfmot
from nas_cli.prune.weights import find_weights
from nas_cli.training.fit import fit
from tests.prune.tfmot_examples import gradual
from tests.training.examples import PLAIN, convolutional, images, linear, training


def network(dataset, **more):
    """The example network with the names of a first one in its process."""
    keras.backend.clear_session()
    return convolutional(dataset, **more)


@pytest.fixture(scope="module")
def pruned():
    dataset = images()
    model = network(dataset)
    return model, prune_with_tfmot(model, dataset, training(), PLAIN, gradual(), seed=0), dataset


def test_each_kernel_keeps_exactly_the_scheduled_number_and_zeros_survive_a_file(pruned, tmp_path):
    model, result, _ = pruned
    assert {path: int(mask.sum()) for path, mask in result.masks.items()} == {
        "conv2d/kernel": round(36 * 0.2),
        "dense/kernel": round(192 * 0.2),
    }
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    for layer in again.layers:
        if f"{layer.name}/kernel" in result.masks:
            assert (layer.get_weights()[0] != 0).sum() == result.masks[f"{layer.name}/kernel"].sum()
    assert result.sparsity["dense/kernel"] == pytest.approx(1 - 38 / 192)


def test_it_reports_epochs_as_fit_does(pruned):
    _, result, _ = pruned
    last = result.curve[-1]
    assert (result.stopped, result.steps, last["epoch"]) == ("completed", 10, 2.0)
    assert last["sparsity"] == pytest.approx(1 - 45 / 228)
    assert last["train_loss"] < result.curve[0]["train_loss"]


def test_both_engines_reach_the_same_sparsity(pruned):
    _, result, dataset = pruned
    model = network(dataset)
    settings = gradual(engine="own")
    weights = find_weights(model, settings)
    penalty = masks_in_training(weights, full_masks(weights), settings, 10, 0)
    fit(model, dataset, training(), PLAIN, 0, penalty=penalty)
    own = {path: int(mask.sum()) for path, mask in penalty.masks().items()}
    assert own == {path: int(mask.sum()) for path, mask in result.masks.items()}


def test_a_training_goes_on_from_its_checkpoint_to_the_same_masks(pruned, tmp_path):
    dataset = images()

    class Killed(Exception):
        pass

    def kill(epoch):
        raise Killed

    def run(**more):
        model = network(dataset, dropout=0.0)
        # A layer that draws has no state to go on from; without one the checkpoint is used.
        inputs = model.inputs[0]
        plain = keras.Model(inputs, model.layers[-1](model.get_layer(model.layers[-3].name).output))
        return prune_with_tfmot(plain, dataset, training(), PLAIN, gradual(), 3, **more)

    whole = run()
    with pytest.raises(Killed):
        run(checkpoints=tmp_path, progress=kill)
    resumed = run(checkpoints=tmp_path)
    for (_, one), (_, other) in zip(whole.masks.items(), resumed.masks.items(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert [epoch["train_loss"] for epoch in whole.curve] == [epoch["train_loss"] for epoch in resumed.curve]


def test_two_of_four_neighbours_along_the_inputs_go():
    dataset = images()
    model = network(dataset)
    settings = gradual(pattern="2:4", sparsity=0.5, initial=0.0, schedule="one_shot")
    masks = prune_with_tfmot(model, dataset, training(epochs=1), PLAIN, settings, 0).masks
    assert masks["conv2d/kernel"].all()  # one input channel: no four neighbours
    assert (masks["dense/kernel"].reshape(16, 4, 3).sum(axis=1) == 2).all()


def test_whole_blocks_go():
    dataset = images()
    model = network(dataset)
    settings = gradual(pattern="block", block=(4, 1), exclude=("conv2d",))
    result = prune_with_tfmot(model, dataset, training(epochs=1), PLAIN, settings, 0)
    blocks = result.masks["dense/kernel"].reshape(16, 4, 3).sum(axis=1)
    assert set(np.unique(blocks)) == {0, 4}
    assert (blocks == 4).sum() == round(48 * 0.2)


def test_layers_that_it_cannot_prune_are_named():
    with pytest.raises(ConfigError, match=r"layer 'conv2d' \(Conv2D\).*pattern=block is for dense layers.*exclude"):
        check_tfmot(network(images()), gradual(pattern="block", block=(2, 2)))
    model = keras.Sequential([keras.Input((4,)), keras.layers.RMSNormalization(name="odd"), keras.layers.Dense(2)])
    with pytest.raises(ConfigError, match="layer 'odd'"):
        check_tfmot(model, gradual())


@pytest.mark.parametrize(("schedule", "power"), [("cubic", 3), ("linear", 1)])
def test_the_schedule_is_tfmots_own(schedule, power):
    settings = gradual(schedule=schedule, begin=0.1, end=0.6, update_every=10)
    theirs = tfmot().sparsity.keras.PolynomialDecay(0.5, 0.8, begin_step=10, end_step=60, power=power, frequency=10)
    for step, share in step_shares(settings, 100):
        due, value = theirs(np.int64(step))
        assert bool(due)
        assert float(value) == pytest.approx(share, abs=1e-6)


def test_equal_weights_do_not_let_too_many_stay():
    dataset = images()
    model = linear(dataset)
    kernel = model.layers[-1].kernel
    kernel.assign(np.zeros(kernel.shape))
    result = prune_with_tfmot(model, dataset, training(epochs=1), PLAIN, gradual(end=0.2), 0)
    assert int(result.masks[f"{model.layers[-1].name}/kernel"].sum()) == round(192 * 0.2)
