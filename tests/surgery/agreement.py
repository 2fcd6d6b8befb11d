"""What every shrunk network must show, whatever it was before."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from nas_cli.costs.keras_cost import model_cost
from nas_cli.surgery.channels import Channels
from nas_cli.surgery.cost import predicted
from nas_cli.surgery.keep import Keep
from nas_cli.surgery.mask import mask
from tests.surgery.random_weights import images

TOLERANCE = 1e-4


def random_keep(channels: Channels, rng: np.random.Generator) -> Keep:
    """A random choice for each group that may lose channels; at least one channel of each stays."""
    keep = {}
    for group in channels.groups:
        if group.fixed is None:
            kept = rng.random(len(group.units)) < rng.uniform(0.3, 0.9)
            kept[rng.integers(len(kept))] = True
            keep[group.name] = kept
    return keep


def answers(model: keras.Model, batch: Any) -> NDArray[np.float32]:
    """The logits for a batch, whether the model takes its image as such or in a list of one."""
    listed = not isinstance(model, keras.Sequential) and isinstance(model.input, list)
    return np.asarray(model([batch] if listed else batch))


def assert_agree(model: keras.Model, channels: Channels, keep: Keep, shrunk: keras.Model) -> None:
    """Equal answers of the masked and the shrunk model, equal shapes, and exactly the predicted cost."""
    batch = images(model, np.random.default_rng(0))
    assert (shrunk.input_shape, shrunk.output_shape) == (model.input_shape, model.output_shape)
    masked_answers = answers(mask(model, keep), batch)
    scale = max(1.0, float(np.abs(masked_answers).max()))
    np.testing.assert_allclose(answers(shrunk, batch), masked_answers, rtol=0, atol=TOLERANCE * scale)
    cost, said = model_cost(shrunk), predicted(channels, keep)
    assert (said.macs, said.flops, said.params) == (cost.macs, cost.flops, cost.params)
