"""Weights that are zero stay so while a network is trained."""

import numpy as np

from nas_cli.training.fit import fit
from nas_cli.training.zeros import ZerosStay
from tests.training.examples import PLAIN, images, linear, training, weights


def test_zeros_and_masked_weights_stay_while_the_others_move() -> None:
    data = images(train=32)
    model = linear(data)
    kernel, bias = model.trainable_variables
    first = np.array(kernel)
    first[::2] = 0
    kernel.assign(first)
    held = np.array([True, False, True])
    bias.assign([0, 0, 0])
    zeros, masked = ZerosStay([kernel]), ZerosStay([bias], [held])
    fit(model, data, training(), PLAIN, 0, penalty=zeros)
    after = weights(model)[0]
    assert (after[::2] == 0).all()
    assert (after[1::2] != first[1::2]).mean() > 0.9
    fit(model, data, training(epochs=1), PLAIN, 0, penalty=masked)
    assert (weights(model)[1] != 0).tolist() == held.tolist()
