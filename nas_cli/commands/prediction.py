"""What a search will cost before it starts: sizes of sampled networks, memory, and time on this machine."""

import math
import statistics
from collections.abc import Sequence
from typing import Any

from nas_cli.build import (
    NO_DATA,
    make_estimator,
    make_space,
    make_strategy,
    needs_data,
    needs_tensorflow,
    planned_trials,
    sample_candidates,
)
from nas_cli.commands.machine import cores
from nas_cli.config import MorphConfig, SearchConfig, TrainConfig
from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.devices import THIS_MACHINE, find_device
from nas_cli.costs.throughput import machine_flops, training_seconds
from nas_cli.data.batches import batches_per_epoch
from nas_cli.data.dataset import DatasetInfo
from nas_cli.data.info import info
from nas_cli.data.sources import data_dir
from nas_cli.estimators.budget import check_train_size, trial_shape
from nas_cli.models.reference import find_architecture
from nas_cli.models.weights import check_weights
from nas_cli.morph import length
from nas_cli.morph.phases import phases
from nas_cli.spaces.architecture import Architecture

SAMPLES = 100
WORKER_START_SECONDS = 9
"""Import of TensorFlow in a worker, once per run, and the first compilation."""
TRIAL_OVERHEAD_SECONDS = 1.0
"""Build, trace and save of one network."""


def compression_epochs(config: SearchConfig, images: int) -> float:
    """Epochs over `images` training examples that each network is compressed for; 0 if networks are not compressed."""
    morph = getattr(config.estimator, "morph", None)
    if morph is None:
        return 0.0
    epochs = length.compression_epochs(morph, batches_per_epoch(images, config.training.batch_size))
    return round(epochs / getattr(config.strategy, "compress_every", 1), 2)


def predict_search(config: SearchConfig) -> list[str]:
    """Lines on data and trials, the cost of sampled candidates where it is counted, and the time where it is predicted.

    How much smaller networks are after compression is not known beforehand: with it the time is an upper bound.

    Raises:
        ConfigError: if no sampled candidate respects the limits.
    """
    data = info(config.dataset, data_dir()) if needs_data(config) else None
    space = make_space(config, *(NO_DATA if data is None else (data.input_shape, data.classes)))
    if data is None:
        # Found out before anything is written: does the table have what the estimator wants?
        make_estimator(config, space, None)
    else:
        check_train_size(data.name, data.classes, getattr(config.estimator, "train_size", None))
        trial_shape(data.name, data.input_shape, getattr(config.estimator, "resolution", None))
    sampled = sample_candidates(config, space, SAMPLES)
    # Likewise: are the strategy's own settings and files usable?
    make_strategy(config, space)
    networks = [candidate for candidate in sampled if isinstance(candidate, Architecture)]
    lines = [] if data is None else [_data_line(data, classes=True)]
    if data is None or not networks:
        return [*lines, _space_line(config, space)]
    return [*lines, *_costs_and_time(config, data, networks)]


def _space_line(config: SearchConfig, space: Any) -> str:
    """How many trials, of how many candidates that are no networks."""
    size = space.size()
    many = "" if size is None else ", infinitely many candidates" if math.isinf(size) else f", {size:,.0f} candidates"
    workers = f"{config.resources.workers} workers" if needs_tensorflow(config) else "without worker processes"
    return f"space {config.space.name}: {planned_trials(config):,} trials{many}, {workers}"


def _costs_and_time(config: SearchConfig, data: DatasetInfo, sampled: Sequence[Architecture]) -> list[str]:
    """Two lines: cost of sampled networks, predicted time."""
    shape = trial_shape(data.name, data.input_shape, getattr(config.estimator, "resolution", None))
    costs = [architecture_cost(architecture) for architecture in sampled]
    # The limits and the journal count networks of full size; a trial may train on smaller images.
    trained = [architecture_cost(architecture.with_input(shape)) for architecture in sampled]
    trials, workers = planned_trials(config), config.resources.workers
    epochs = getattr(config.estimator, "epochs", None) or config.training.epochs
    images = min(getattr(config.estimator, "train_size", None) or data.train_examples, data.train_examples)
    images *= config.augmentation.copies
    compressing = compression_epochs(config, images)
    speed = machine_flops() * min(1.0, workers / cores() if config.deterministic else 1.0)
    busy = sum(training_seconds(cost, images, 1, speed) for cost in trained) / len(trained) * (epochs + compressing)
    overhead = TRIAL_OVERHEAD_SECONDS * trials / min(workers, cores())
    seconds = trials * busy + (2 if compressing else 1) * overhead + WORKER_START_SECONDS
    bound, extra = ("at most ", f" after {compressing:g} of compression") if compressing else ("", "")
    flops = sorted(cost.flops for cost in costs)
    memory = max(cost.training_bytes(config.training.batch_size) for cost in trained)
    return [
        f"{trials} trials of {epochs} epochs{extra}; {len(costs)} sampled networks: {flops[0] / 1e6:.1f} to "
        f"{flops[-1] / 1e6:.1f} MFLOPs (median {statistics.median(flops) / 1e6:.1f}), at most "
        f"{max(cost.params for cost in costs):,} parameters, {memory / 1e9:.2f} GB per trial in training",
        f"estimated time {bound}{_duration(seconds)} with {workers} worker{'s' if workers > 1 else ''} "
        f"on {cores()} cores",
    ]


def _data_line(data: DatasetInfo, classes: bool = False) -> str:
    return (
        f"{data.name}: {data.train_examples:,} training, {data.validation_examples:,} validation, "
        f"{data.test_examples:,} test examples of shape {'x'.join(map(str, data.input_shape))}"
        + (f", {data.classes} classes" if classes else "")
    )


def predict_training(config: TrainConfig) -> list[str]:
    """Lines on data, cost and time of one training; a model file's cost is known only once it is built."""
    data = info(config.dataset, data_dir())
    return _lines_of_model(config, data, config.training.epochs, f"{config.training.epochs} epochs")


def predict_morph(config: MorphConfig) -> list[str]:
    """The same for shrinking and retraining, in one process; phases after the first shrinking are counted at the share
    that remains."""
    if config.morph.target == "latency" and config.morph.device != THIS_MACHINE:
        find_device(config.morph.device)
    data = info(config.dataset, data_dir())
    batches = batches_per_epoch(data.train_examples, config.training.batch_size, config.augmentation.copies)
    plan = phases(config.morph, config.loop, config.training.epochs, config.seed, batches)
    share = 1.0 - (config.morph.reduction or 0.0) if config.morph.expand is None else config.morph.expand
    shrunk = [phase.kind == "retrain" or phase.iteration > 1 for phase in plan]
    epochs = sum(phase.passes * (share if small else 1.0) for phase, small in zip(plan, shrunk, strict=True))
    what = ", ".join(f"{phase.name} {round(phase.passes, 2):g}" for phase in plan)
    return _lines_of_model(config, data, epochs, f"{what} epochs")


def _lines_of_model(config: TrainConfig | MorphConfig, data: DatasetInfo, epochs: float, what: str) -> list[str]:
    """Data, cost, and time of `epochs` epochs, which `what` says in words."""
    check_weights(config.model)
    lines = [_data_line(data)]
    architecture = find_architecture(config.model.name, data.input_shape, data.classes, config.model.width)
    if architecture is None:
        return [*lines, f"{config.model.name}: its cost is known once it is built; {what}"]
    cost = architecture_cost(architecture)
    images = data.train_examples * config.augmentation.copies
    seconds = training_seconds(cost, images, 1, machine_flops()) * epochs
    memory = cost.training_bytes(config.training.batch_size)
    return [
        *lines,
        f"{config.model.name}: {cost.flops / 1e6:.1f} MFLOPs, {cost.params:,} parameters, {memory / 1e9:.2f} GB",
        f"estimated time {_duration(seconds + WORKER_START_SECONDS)}, {what}",
    ]


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
