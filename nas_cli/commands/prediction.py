"""What a search will cost before it starts: sizes of sampled networks, memory, and time on this machine."""

import statistics

from nas_cli.build import make_space, make_strategy, sample_architectures
from nas_cli.commands.machine import cores
from nas_cli.config import SearchConfig, TrainConfig
from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.throughput import machine_flops, training_seconds
from nas_cli.data.info import info
from nas_cli.data.sources import data_dir
from nas_cli.estimators.budget import check_train_size, trial_shape
from nas_cli.models.reference import find_architecture

SAMPLES = 100
WORKER_START_SECONDS = 9
"""Import of TensorFlow in a worker, once per run, and the first compilation."""
TRIAL_OVERHEAD_SECONDS = 1.0
"""Build, trace and save of one network."""


def planned_trials(config: SearchConfig) -> int:
    """How many networks the strategy will propose."""
    return int(config.strategy.generations * config.strategy.population)


def predict_search(config: SearchConfig) -> list[str]:
    """Three lines: data and trials, cost of sampled networks, predicted time.

    Raises:
        ConfigError: if no sampled network respects the limits.
    """
    data = info(config.dataset, data_dir())
    space = make_space(config, data.input_shape, data.classes)
    shape = trial_shape(data.name, data.input_shape, config.estimator.resolution)
    check_train_size(data.name, data.classes, config.estimator.train_size)
    sampled = sample_architectures(config, space, SAMPLES)
    # Found out before anything is written: are the strategy's own settings and files usable?
    make_strategy(config, space)
    costs = [architecture_cost(architecture) for architecture in sampled]
    # The limits and the journal count networks of full size; a trial may train on smaller images.
    trained = [architecture_cost(architecture.with_input(shape)) for architecture in sampled]
    trials, workers = planned_trials(config), config.resources.workers
    epochs = config.estimator.epochs or config.training.epochs
    images = min(config.estimator.train_size or data.train_examples, data.train_examples)
    images *= config.augmentation.copies
    speed = machine_flops() * min(1.0, workers / cores() if config.deterministic else 1.0)
    busy = sum(training_seconds(cost, images, epochs, speed) for cost in trained) / len(trained)
    overhead = TRIAL_OVERHEAD_SECONDS * trials / min(workers, cores())
    seconds = trials * busy + overhead + WORKER_START_SECONDS
    flops = sorted(cost.flops for cost in costs)
    memory = max(cost.training_bytes(config.training.batch_size) for cost in trained)
    return [
        f"{data.name}: {data.train_examples:,} training, {data.validation_examples:,} validation, "
        f"{data.test_examples:,} test examples of shape {'x'.join(map(str, data.input_shape))}, {data.classes} classes",
        f"{trials} trials of {epochs} epochs; {len(costs)} sampled networks: {flops[0] / 1e6:.1f} to "
        f"{flops[-1] / 1e6:.1f} MFLOPs (median {statistics.median(flops) / 1e6:.1f}), at most "
        f"{max(cost.params for cost in costs):,} parameters, {memory / 1e9:.2f} GB per trial in training",
        f"estimated time {_duration(seconds)} with {workers} worker{'s' if workers > 1 else ''} on {cores()} cores",
    ]


def predict_training(config: TrainConfig) -> list[str]:
    """Lines on data, cost and time of one training; a model file's cost is known only once it is built."""
    data = info(config.dataset, data_dir())
    lines = [
        f"{data.name}: {data.train_examples:,} training, {data.validation_examples:,} validation, "
        f"{data.test_examples:,} test examples of shape {'x'.join(map(str, data.input_shape))}"
    ]
    architecture = find_architecture(config.model.name, data.input_shape, data.classes)
    if architecture is None:
        return [*lines, f"{config.model.name}: its cost is known once it is built"]
    cost = architecture_cost(architecture)
    images = data.train_examples * config.augmentation.copies
    seconds = training_seconds(cost, images, config.training.epochs, machine_flops())
    memory = cost.training_bytes(config.training.batch_size)
    return [
        *lines,
        f"{config.model.name}: {cost.flops / 1e6:.1f} MFLOPs, {cost.params:,} parameters, {memory / 1e9:.2f} GB",
        f"estimated time {_duration(seconds + WORKER_START_SECONDS)}, {config.training.epochs} epochs",
    ]


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
