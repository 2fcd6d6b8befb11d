"""What a search will cost before it starts: sizes of sampled networks, memory, and time on this machine."""

import math
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nas_cli.build import (
    NO_DATA,
    has_supernet,
    looks_up,
    make_estimator,
    make_space,
    make_strategy,
    needs_data,
    needs_tensorflow,
    own_passes,
    planned_trials,
    raw_space,
    sample_candidates,
)
from nas_cli.commands.machine import cores
from nas_cli.commands.supernet import predict_supernet
from nas_cli.config import (
    DistillConfig,
    MorphConfig,
    PruneConfig,
    QuantizeConfig,
    SearchConfig,
    SmallerNetworkConfig,
    TrainConfig,
)
from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.devices import THIS_MACHINE, find_device
from nas_cli.costs.throughput import machine_flops, training_seconds
from nas_cli.data.batches import batches_per_epoch
from nas_cli.data.dataset import DatasetInfo
from nas_cli.data.info import info
from nas_cli.data.sources import data_dir
from nas_cli.distill.references import check_classes, check_teachers
from nas_cli.estimators.budget import check_train_size, trial_shape
from nas_cli.estimators.folds import check_folds
from nas_cli.models import zoo
from nas_cli.models.load import model_file
from nas_cli.models.reference import find_architecture
from nas_cli.models.weights import check_weights
from nas_cli.morph import length
from nas_cli.morph import phases as morph_phases
from nas_cli.prune import phases as prune_phases
from nas_cli.quantize.calibration import check_calibration
from nas_cli.quantize.settings import CALIBRATED
from nas_cli.spaces.architecture import Architecture

SAMPLES = 100
SEEN_BY_SUPERNET = (
    "note: the supernet learns from examples that every fold holds back, so found networks score higher in "
    "cross-validation than they deserve beside random ones"
)
WORKER_START_SECONDS = 9
"""Import of TensorFlow in a worker, once per run, and the first compilation."""
TRIAL_OVERHEAD_SECONDS = 1.0
"""Build, trace and save of one network."""
CONVERSION_SECONDS = 10
"""Conversion of a small network into one TFLite file, and its predictions on the validation and test splits."""


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
    if looks_up(config):
        # Found out before anything is written: does the table have what the estimator wants?
        make_estimator(config, space, None)
    elif data is not None:
        check_train_size(data.name, data.classes, getattr(config.estimator, "train_size", None))
        trial_shape(data.name, data.input_shape, getattr(config.estimator, "resolution", None))
        if folds := getattr(config.estimator, "folds", None):
            check_folds(folds, data, getattr(config.estimator, "train_size", None))
        if teachers := getattr(config.estimator, "distill_from", None):
            check_teachers(teachers.split(","), data)
    sampled = sample_candidates(config, space, SAMPLES)
    # Likewise: are the strategy's own settings and files usable?
    make_strategy(config, space)
    networks = [candidate for candidate in sampled if isinstance(candidate, Architecture)]
    lines = [] if data is None else [_data_line(data, classes=True)]
    if data is not None and has_supernet(config):
        lines += predict_supernet(config, raw_space(space), data.train_examples, machine_flops())
        if hasattr(config.estimator, "folds"):
            lines.append(SEEN_BY_SUPERNET)
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
    busy = sum(training_seconds(cost, images, 1, speed) for cost in trained) / len(trained)
    busy *= own_passes(config) + compressing
    overhead = TRIAL_OVERHEAD_SECONDS * trials / min(workers, cores())
    of_what = "of the trials " if has_supernet(config) else ""
    seconds = trials * busy + (2 if compressing else 1) * overhead + WORKER_START_SECONDS
    bound, extra = ("at most ", f" after {compressing:g} of compression") if compressing else ("", "")
    flops = sorted(cost.flops for cost in costs)
    memory = max(cost.training_bytes(config.training.batch_size) for cost in trained)
    return [
        f"{trials} trials of {epochs} epoch{'s' * (epochs != 1)}{extra}; {len(costs)} sampled networks: "
        f"{flops[0] / 1e6:.1f} to {flops[-1] / 1e6:.1f} MFLOPs (median {statistics.median(flops) / 1e6:.1f}), at most "
        f"{max(cost.params for cost in costs):,} parameters, {memory / 1e9:.2f} GB per trial in training",
        f"estimated time {of_what}{bound}{duration(seconds)} with {workers} worker{'s' if workers > 1 else ''} "
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


def predict_distillation(config: DistillConfig) -> list[str]:
    """The same for a student's training, and what the teachers learned; their own time is not counted.

    Raises:
        ConfigError, DataError: teachers that are not there, or do not fit the data set or one another.
    """
    data = info(config.dataset, data_dir())
    teachers = check_teachers(config.teacher, data)
    shares = config.distill.shares(len(config.teacher))
    several = len(shares) > 1
    shown = ", ".join(
        f"{name} (share {share:.2g})" if several else name for name, share in zip(config.teacher, shares, strict=True)
    )
    once = config.distill.asks_once(config.augmentation)
    asked = "asked once" if once else "asked in every step, which is not in the time below"
    if not config.distill.teaches:
        asked = "not asked for soft targets (distill.lambda_soft=0): this is plain training"
    lines = _lines_of_model(config, data, config.training.epochs, f"{config.training.epochs} epochs")
    return [lines[0], *teachers, f"teacher{'s' if several else ''} {shown}: {asked}", *lines[1:]]


def predict_morph(config: MorphConfig) -> list[str]:
    """The same for shrinking and retraining, in one process; phases after the first shrinking are counted at the share
    that remains."""
    if config.morph.target == "latency" and config.morph.device != THIS_MACHINE:
        find_device(config.morph.device)
    data = info(config.dataset, data_dir())
    batches = batches_per_epoch(data.train_examples, config.training.batch_size, config.augmentation.copies)
    plan = morph_phases.phases(config.morph, config.loop, config.training.epochs, config.seed, batches)
    share = 1.0 - (config.morph.reduction or 0.0) if config.morph.expand is None else config.morph.expand
    shrunk = [phase.kind == "retrain" or phase.iteration > 1 for phase in plan]
    epochs = sum(phase.passes * (share if small else 1.0) for phase, small in zip(plan, shrunk, strict=True))
    what = ", ".join(f"{phase.name} {round(phase.passes, 2):g}" for phase in plan)
    taught = _own_teacher(config, data, lambda: morph_phases.teacher(plan, config.model.has_weights))
    return [*_lines_of_model(config, data, epochs, f"{what} epochs"), *taught]


def predict_quantize(config: QuantizeConfig) -> list[str]:
    """What is quantized and how; the time is that of the methods that train, whose passes cost about twice as much.

    Raises:
        ConfigError: more calibration examples than there are for training.
    """
    data, wanted = info(config.dataset, data_dir()), config.quantize
    if any(method in CALIBRATED for method in wanted.asked):
        check_calibration(wanted.calibration, data.train_examples)
    epochs = wanted.training_epochs
    lines = _lines_of_model(config, data, 2 * epochs, f"{epochs} epochs of training" if epochs else "no training")
    files = f"about {duration(CONVERSION_SECONDS * len(wanted.asked))} for files and predictions"
    return [*lines, f"methods {', '.join(wanted.asked)}: {files}"]


def predict_prune(config: PruneConfig) -> list[str]:
    """The same for pruning, in one process; of units half of what is to go is taken to be gone in every round."""
    if config.prune.target == "latency" and config.prune.device != THIS_MACHINE:
        find_device(config.prune.device)
    data = info(config.dataset, data_dir())
    trained = config.model.has_weights
    plan = prune_phases.phases(config.prune, config.loop, config.training.epochs, trained, config.seed)
    taught = _own_teacher(config, data, lambda: prune_phases.teacher(plan, trained))
    left = 1 - config.prune.final / 2 if config.prune.structured else 1.0
    epochs = sum(phase.epochs * (left if phase.round else 1.0) for phase in plan)
    scanned = " and a scan of every layer" if any(phase.kind == "scan" for phase in plan) else ""
    named = ", ".join(f"{phase.name} {phase.epochs}" for phase in plan if phase.epochs) or "0"
    return [*_lines_of_model(config, data, epochs, f"at most {named} epochs{scanned}"), *taught]


def _own_teacher(config: SmallerNetworkConfig, data: DatasetInfo, find: Callable[[], str]) -> list[str]:
    """A line on the network as the teacher of what is made of it, where it is; `find` finds out whether it can be.

    Raises:
        ConfigError: if it cannot.
    """
    if config.training.teacher is None:
        return []
    if config.own_teacher is None:
        return ["training.teacher=self with distill.lambda_soft=0: the teacher is not asked, this is plain training"]
    check_classes(data)
    find()
    once = config.own_teacher.asks_once(config.augmentation)
    asked = "asked once" if once else "asked in every step, which is not in the time above"
    return [f"teacher: the trained network before anything is removed, {asked}"]


Trains = TrainConfig | MorphConfig | PruneConfig | QuantizeConfig | DistillConfig


def _lines_of_model(config: Trains, data: DatasetInfo, epochs: float, what: str) -> list[str]:
    """Data, cost, and time of `epochs` epochs, which `what` says in words."""
    check_weights(config.model)
    lines = [_data_line(data)]
    architecture = find_architecture(config.model.name, data.input_shape, data.classes, config.model.width)
    if architecture is None:
        if config.model.name not in zoo.names():
            model_file(Path(config.model.name))
        return [*lines, f"{config.model.name}: its cost is known once it is built; {what}"]
    cost = architecture_cost(architecture)
    images = data.train_examples * config.augmentation.copies
    seconds = training_seconds(cost, images, 1, machine_flops()) * epochs
    memory = cost.training_bytes(config.training.batch_size)
    return [
        *lines,
        f"{config.model.name}: {cost.flops / 1e6:.1f} MFLOPs, {cost.params:,} parameters, {memory / 1e9:.2f} GB",
        f"estimated time {duration(seconds + WORKER_START_SECONDS)}, {what}",
    ]


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
