import warnings

import keras
import numpy as np
import pytest

from nas_cli.errors import ConfigError
from nas_cli.quantize.quantization_aware import check_quantization_aware, quantization_aware
from nas_cli.training.evaluation import evaluate
from tests.training.examples import PLAIN, convolutional, images, training


def network(dataset, **more):
    """The example network with the names of a first one in its process."""
    keras.backend.clear_session()
    return convolutional(dataset, **more)


layers = keras.layers


@pytest.fixture(scope="module")
def aware():
    dataset = images()
    model = network(dataset)
    before = model.get_weights()
    return model, before, quantization_aware(model, dataset, training(epochs=3), PLAIN, 0), dataset


def test_it_learns_with_rounding_and_leaves_the_model_alone(aware):
    model, before, result, dataset = aware
    assert result.curve[-1]["valid_accuracy"] > 0.9
    assert evaluate(result.model, dataset.validation, dataset)["accuracy"] == result.curve[-1]["valid_accuracy"]
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_tflite_gets_int8_weights_from_it(aware):
    import tensorflow as tf

    _, _, result, dataset = aware
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        converter = tf.lite.TFLiteConverter.from_keras_model(result.model)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        content = converter.convert()
        interpreter = tf.lite.Interpreter(model_content=content)
    kernels = [one for one in interpreter.get_tensor_details() if tuple(one["shape"]) in ((4, 3, 3, 1), (3, 64))]
    assert {one["dtype"] for one in kernels} == {np.int8}
    interpreter.allocate_tensors()
    entry, exit_ = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    hits = 0
    for x, y in zip(dataset.validation.x, dataset.validation.y, strict=True):
        interpreter.set_tensor(entry, x[None].astype(np.float32))
        interpreter.invoke()
        hits += int(interpreter.get_tensor(exit_).argmax() == y)
    assert abs(hits / len(dataset.validation) - result.curve[-1]["valid_accuracy"]) < 0.1


def test_zeros_stay_zero():
    dataset = images()
    model = network(dataset)
    kernel = model.layers[-1].kernel
    kernel.assign(np.where(np.arange(kernel.shape[0])[:, None] % 2, np.array(kernel), 0))
    result = quantization_aware(model, dataset, training(epochs=1), PLAIN, 0, keep_zeros=True)
    values = [np.array(weight) for weight in result.model.weights if tuple(weight.shape) == tuple(kernel.shape)]
    assert any((value[::2] == 0).all() and (value[1::2] != 0).all() for value in values)


def test_what_tfmot_cannot_quantise_is_named():
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(2, 3, activation="elu", name="odd")(inputs)
    with pytest.raises(ConfigError, match=r"layer 'odd' \(Conv2D\) has the activation elu"):
        check_quantization_aware(keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x))))
    x = layers.GRU(3, name="odd")(layers.Reshape((8, 8))(inputs))
    with pytest.raises(ConfigError, match=r"layer 'odd' \(GRU\)"):
        check_quantization_aware(keras.Model(inputs, layers.Dense(2)(x)))
    dense = layers.Dense(4, name="twice")
    inputs = keras.Input((4,))
    with pytest.raises(ConfigError, match=r"layer 'twice' \(Dense\) is called 2 times"):
        check_quantization_aware(keras.Model(inputs, dense(dense(inputs))))
