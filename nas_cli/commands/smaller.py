"""What `nas morph` and `nas prune` have in common: a network comes, a smaller one goes."""

import logging
from collections.abc import Sequence
from typing import Any

from nas_cli.commands.carry_out import begun
from nas_cli.commands.parallel import Note, join_ring
from nas_cli.config import SmallerNetworkConfig
from nas_cli.distributed.ring import Ring


def joined(config: SmallerNetworkConfig) -> Ring:
    """Starts TensorFlow; its ring."""
    # Every phase has a network and graphs of its own, which TensorFlow takes for one that is traced over and over.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return join_ring(config)


def job_parts(config: Any, run: Any, ring: Ring, note: Note) -> dict[str, Any]:
    """What a `Morphing` and a `Pruning` both have, by its name.

    The network is opened in the first process of a run that has not begun; `model` is None in any other.
    """
    from nas_cli.commands.start import opened, prepared
    from nas_cli.distill.own_teacher import own_lesson
    from nas_cli.training import precision

    dataset = prepared(config, run, note)
    precision.apply(config.training.precision)
    opens, taught = ring.rank == 0 and not begun(run), config.own_teacher
    return {
        "model": opened(config, dataset, note) if opens else None,
        "trained": config.model.has_weights,
        "dataset": dataset,
        "training": config.training,
        "augmentation": config.augmentation,
        "loop": config.loop,
        "seed": config.seed,
        "lesson": taught and own_lesson(taught, dataset, config.augmentation, run.path / "checkpoints"),
    }


def start_parts(command: str, config: SmallerNetworkConfig, job: Any, device: Any, ring: Ring) -> dict[str, Any]:
    """What the start event of a morph run and of a pruning run both say; `device`: of a latency target."""
    from nas_cli.commands.start import start_head
    from nas_cli.costs.before_after import layer_rows
    from nas_cli.costs.target_device import device_block
    from nas_cli.models.reference import find_architecture
    from nas_cli.schema import plain
    from nas_cli.training import precision

    data = job.dataset
    network = find_architecture(config.model.name, data.input_shape, data.classes, config.model.width)
    return {
        **start_head(command, config, data),
        "device": device_block(device),
        "architecture": None if network is None else network.to_json(),
        "layers": layer_rows(job.model),
        "teacher": plain(config.own_teacher),
        "precision": precision.policy(config.training.precision),
        "processes": ring.size,
    }


def say(lines: Sequence[str], run: Any, progress: Any) -> None:
    """Tells what a finished run came to, and where its files are."""
    for line in lines:
        progress.note(line)
    network = run.best / "model.keras"
    # A complete run that is resumed is not computed again: what was deleted since stays away.
    progress.note(f"network: {network}" if network.exists() else f"network: {network} is gone; only a new run makes it")
    progress.note(f"report: {run.path / 'report.html'}")
