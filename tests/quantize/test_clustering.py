import keras
import numpy as np
import pytest

from nas_cli.errors import ConfigError
from nas_cli.quantize.clustering import cluster_weights
from tests.training.examples import PLAIN, convolutional, images, training


def network(dataset, **more):
    """The example network with the names of a first one in its process."""
    keras.backend.clear_session()
    return convolutional(dataset, **more)


def test_each_kernel_keeps_a_few_values_through_training():
    dataset = images()
    model = network(dataset)
    result = cluster_weights(model, 4, dataset, training(epochs=3), PLAIN, 0)
    assert result.model is model
    assert set(result.clusters) == {"conv2d/kernel", "dense/kernel"}
    for layer in ("conv2d", "dense"):
        assert len(np.unique(model.get_layer(layer).get_weights()[0])) == result.clusters[f"{layer}/kernel"] <= 4
    assert result.curve[-1]["valid_accuracy"] > 0.6


def test_zeros_stay_zero_and_training_can_be_left_out():
    dataset = images()
    model = network(dataset)
    kernel = model.get_layer("dense").kernel
    kernel.assign(np.where(np.arange(64)[:, None] % 2, np.array(kernel), 0))
    result = cluster_weights(model, 5, dataset, None, PLAIN, 0, keep_zeros=True)
    assert result.curve == ()
    assert (np.array(kernel)[::2] == 0).all()
    assert result.clusters["dense/kernel"] <= 5


def test_wrong_numbers_are_refused():
    dataset = images()
    with pytest.raises(ConfigError, match="at least 2, got 1"):
        cluster_weights(network(dataset), 1, dataset, None, PLAIN, 0)
    with pytest.raises(ConfigError, match="nothing to cluster"):
        cluster_weights(network(dataset), 1000, dataset, None, PLAIN, 0)
