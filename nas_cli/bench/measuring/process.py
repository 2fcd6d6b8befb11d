"""A process of a measurement: python -m nas_cli.bench.measuring.process FOLDER ROLE NUMBER.

Roles: `ring` (its number is its rank), `alone`, `worker` and `ps` (served over gRPC), `coordinator`. The measurement
lies in the folder, and so do the results.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nas_cli.bench.measuring.measurement import CLASSES, SYNC, Measurement, write_result
from nas_cli.errors import ConfigError, NasError

USAGE, FAILED = 2, 1


def main(arguments: list[str]) -> int:
    """The exit code; what went wrong is one `Error:` line."""
    # Nothing here is worth keeping, and a process that waits for others in native code would not hear a handler.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    folder, role, number = Path(arguments[0]), arguments[1], int(arguments[2])
    try:
        ROLES[role](Measurement.read(folder), folder, number)
    except NasError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)
        return USAGE if isinstance(error, ConfigError) else FAILED
    return 0


def in_ring(job: Measurement, folder: Path, number: int) -> None:
    """Steps with gradients averaged over all processes; the first one writes what all have measured."""
    _begin(job)
    from nas_cli.bench.measuring.steps import local_step
    from nas_cli.bench.measuring.synthetic import one_batch
    from nas_cli.distributed.ring import join
    from nas_cli.distributed.timed_loop import timed_together

    ring = join()
    model = _model(job)
    ring.broadcast([variable.value for variable in model.variables])
    images, labels = one_batch([ring.rank], job.batch, job.image_size, CLASSES, job.seed)
    step = local_step(model, images, labels, ring.average)
    measured = timed_together(step, job.warmup, job.iterations, ring)
    if ring.rank == 0:
        _finish(job, model, folder, 0, {"workers": measured})


def alone(job: Measurement, folder: Path, number: int) -> None:
    """Steps without communication, in each process for itself."""
    _begin(job)
    from nas_cli.bench.measuring.steps import local_step
    from nas_cli.bench.measuring.synthetic import one_batch
    from nas_cli.distributed.timed_loop import timed_beside

    model = _model(job)
    numbers = range(number * job.shares, (number + 1) * job.shares)
    images, labels = one_batch(numbers, job.batch, job.image_size, CLASSES, job.seed)
    step = local_step(model, images, labels, list)
    measured = timed_beside(step, job.warmup, job.iterations, folder, number, job.processes)
    _finish(job, model, folder, number, {"workers": [measured]})


def served(job: Measurement, folder: Path, number: int, role: str) -> None:
    """A worker or a parameter server, until it is ended."""
    from nas_cli.distributed.server_roles import SURROUNDINGS, note_pid, serve

    note_pid(folder, role, number)
    os.environ.update(SURROUNDINGS)
    _import_tensorflow()
    serve(job.cluster, role, number, job.threads)


def coordinate(job: Measurement, folder: Path, number: int) -> None:
    """Directs workers and servers, and writes what they have done."""
    from nas_cli.distributed.server_roles import SURROUNDINGS, note_pid, noted_pids

    note_pid(folder, "coordinator", number)
    os.environ.update(SURROUNDINGS)
    _begin(job)
    from nas_cli.bench.measuring.steps import RATE, gradients, trained
    from nas_cli.bench.measuring.synthetic import shares
    from nas_cli.distributed.parameter_server import ParameterServers, ServedTraining, server_bytes

    servers = ParameterServers(job.cluster)
    with servers.scope():
        model = _model(job)
    training = ServedTraining(
        servers,
        trained(model),
        lambda images, labels: gradients(model, images, labels)[1],
        lambda: shares(range(job.processes), job.batch, job.image_size, CLASSES, job.seed),
        RATE,
    )
    timed = training.synchronous if job.mode == SYNC else training.asynchronous
    measured = timed(job.warmup, job.iterations, noted_pids(folder))
    held = server_bytes(trained(model), job.servers)
    _finish(job, model, folder, 0, {"served": measured, "server_bytes": held})
    # The threads that talk to the workers are still there, and would log that these are ended.
    sys.stdout.flush()
    os._exit(0)


ROLES: dict[str, Callable[[Measurement, Path, int], None]] = {
    "ring": in_ring,
    "alone": alone,
    "worker": lambda job, folder, number: served(job, folder, number, "worker"),
    "ps": lambda job, folder, number: served(job, folder, number, "ps"),
    "coordinator": coordinate,
}


def _begin(job: Measurement) -> None:
    _import_tensorflow()
    import keras

    from nas_cli.training.session import configure

    configure(job.threads, deterministic=False)
    keras.utils.set_random_seed(job.seed)


def _import_tensorflow() -> None:
    from nas_cli.training.quiet import quiet_import

    with quiet_import():
        import tensorflow  # noqa: F401


def _model(job: Measurement) -> Any:
    """The network with fresh weights, the same in every process.

    Raises:
        ConfigError: there is no such network, or it does not take such images.
        LaunchError: the processes would not fit into the memory.
    """
    from nas_cli.models.reference import open_model
    from nas_cli.models.settings import ModelSettings

    settings = ModelSettings(name=job.model, keep_weights=False, width=None, weights=None)
    model = open_model(settings, (job.image_size, job.image_size, 3), CLASSES)
    if job.must_fit:
        _check(job, model)
    return model


def _check(job: Measurement, model: Any) -> None:
    import psutil

    from nas_cli.bench.measuring.memory import check_memory
    from nas_cli.costs.keras_cost import model_cost

    try:
        cost = model_cost(model)
    except ConfigError:
        # A layer whose outputs nobody can count; the measured memory of this process will say what others need.
        return
    fixed = cost.training_bytes(0)
    free = psutil.virtual_memory().available + psutil.Process().memory_info().rss
    check_memory(job.must_fit, job.model, job.batch, free, fixed, cost.training_bytes(1) - fixed)


def _finish(job: Measurement, model: Any, folder: Path, number: int, measured: dict[str, Any]) -> None:
    import numpy as np

    from nas_cli.bench.measuring.steps import trained

    variables = trained(model)
    tensors = [int(variable.shape.num_elements()) for variable in variables]
    if job.weights:
        np.savez(folder / f"weights-{number}.npz", *[variable.numpy() for variable in variables])
    write_result(folder, {**measured, "tensors": tensors}, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
