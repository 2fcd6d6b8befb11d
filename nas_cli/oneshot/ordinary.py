"""How long an ordinary network of a supernet's size takes for the same examples."""

import math
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.data.dataset import Dataset
from nas_cli.data.settings import AugmentationSettings
from nas_cli.models.builder import build
from nas_cli.oneshot.memory import supernet_cost
from nas_cli.training.fit import fit
from nas_cli.training.settings import TrainingSettings

STEPS = 12
"""Measured steps, behind as many that warm up."""
WIDTH = {"cell": "channels", "nasbench201": "channels", "dag": "width"}
NO_CHANGE = AugmentationSettings(name="none", flip=False, crop=0, cutout=0, copies=1)
SAMPLES = 20


def ordinary_epoch_seconds(
    space: Any, dataset: Dataset, training: TrainingSettings, batch_size: int, passes: float
) -> float:
    """Seconds that a network of the space, widened until it has the multiply-accumulates of the supernet, takes for
    `passes` over the training examples, forward and backward; compilation is not counted."""
    architecture = _wide(space, np.random.default_rng(0))
    keras.utils.set_random_seed(0)
    model = build(architecture, dataset.scale, dataset.offset)
    settings = replace(training, epochs=2, batch_size=batch_size, patience=None, max_seconds=None, tensorboard=False)
    result = fit(model, dataset, settings, NO_CHANGE, 0, max_steps=STEPS, validate=False)
    rate = result.images_per_second or math.inf
    correction = supernet_cost(space).flops / architecture_cost(architecture).flops
    return passes * len(dataset.train) / rate * correction


def _wide(space: Any, rng: np.random.Generator) -> Any:
    """The costliest of some random networks, at the width at which it costs about what the supernet does."""
    sampled = [space.sample(rng) for _ in range(SAMPLES)]
    genotype = max(sampled, key=lambda one: architecture_cost(space.architecture(one)).flops)
    wanted = supernet_cost(space).flops
    key = WIDTH[space.settings.name]
    settings = space.settings
    # A graph without a stem has the width of its inputs.
    for _ in range(0 if getattr(settings, "stem", "") == "none" else 4):
        wider = type(space)(settings, space.input_shape, space.classes)
        flops = architecture_cost(wider.architecture(genotype)).flops
        width = max(1, round(getattr(settings, key) * math.sqrt(wanted / flops)))
        settings = replace(settings, **{key: width})
    return type(space)(settings, space.input_shape, space.classes).architecture(genotype)
