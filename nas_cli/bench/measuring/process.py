"""A process of a measurement: python -m nas_cli.bench.measuring.process FOLDER ROLE NUMBER LOCAL_NUMBER.

Roles: `ring` (its numbers are those that horovodrun gives), `alone`, `worker` and `ps` (served over gRPC),
`coordinator`. The local number is that among the processes of the role on the same host. The measurement lies in the
folder, and so do the results.
"""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas_cli.bench.measuring.measurement import CLASSES, SYNC, Measurement, write_result
from nas_cli.costs.cost import FLOAT32_BYTES
from nas_cli.distributed.collective import TIMELINE
from nas_cli.distributed.exchange import VISIBLE, gpu_of
from nas_cli.distributed.remote import end_with_caller
from nas_cli.distributed.server_roles import COORDINATOR, SERVER, WORKER
from nas_cli.errors import ConfigError, NasError

USAGE, FAILED = 2, 1


@dataclass(frozen=True)
class Place:
    """Which process of its role this one is: `number` of all, `local` of those on its host."""

    number: int
    local: int


def main(arguments: list[str]) -> int:
    """The exit code; what went wrong is one `Error:` line."""
    # Nothing here is worth keeping, and a process that waits for others in native code would not hear a handler.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    end_with_caller()
    folder, role, place = Path(arguments[0]), arguments[1], Place(int(arguments[2]), int(arguments[3]))
    try:
        ROLES[role](Measurement.read(folder), folder, place)
    except NasError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)
        return USAGE if isinstance(error, ConfigError) else FAILED
    return 0


def in_ring(job: Measurement, folder: Path, place: Place) -> None:
    """Steps with gradients averaged over all processes; the first one writes what all have measured."""
    if job.timeline:
        os.environ[TIMELINE] = job.timeline
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


def alone(job: Measurement, folder: Path, place: Place) -> None:
    """Steps without communication, in each process for itself."""
    _take_gpu(place)
    _begin(job)
    from nas_cli.bench.measuring.steps import local_step
    from nas_cli.bench.measuring.synthetic import one_batch
    from nas_cli.distributed.timed_loop import timed_beside

    model, number = _model(job), place.number
    numbers = range(number * job.shares, (number + 1) * job.shares)
    images, labels = one_batch(numbers, job.batch, job.image_size, CLASSES, job.seed)
    step = local_step(model, images, labels, list)
    measured = timed_beside(step, job.warmup, job.iterations, folder, number, job.processes, place.local)
    _finish(job, model, folder, number, {"workers": [measured]})


def work(job: Measurement, folder: Path, place: Place) -> None:
    """A worker, until it is ended."""
    _take_gpu(place)
    _serve(job, folder, WORKER, place.number)


def hold(job: Measurement, folder: Path, place: Place) -> None:
    """A parameter server, until it is ended."""
    _take_no_gpu()
    _serve(job, folder, SERVER, place.number)


def coordinate(job: Measurement, folder: Path, place: Place) -> None:
    """Directs workers and servers, and writes what they have done."""
    from nas_cli.distributed.reported_usage import Accounts
    from nas_cli.distributed.server_roles import hosts_of, surroundings

    _take_no_gpu()
    os.environ.update(surroundings(job.cluster))
    _begin(job)
    from nas_cli.bench.measuring.steps import change, learned, trained
    from nas_cli.bench.measuring.synthetic import shares
    from nas_cli.distributed.parameter_server import ParameterServers, ServedTraining
    from nas_cli.distributed.placement import server_bytes

    servers, model = ParameterServers(job.cluster), _model(job)
    training = ServedTraining(
        servers,
        [variable.numpy() for variable in learned(model)],
        lambda values, images, labels: change(model, values, images, labels),
        lambda: shares(range(job.processes), job.batch, job.image_size, CLASSES, job.seed),
    )
    timed = training.synchronous if job.mode == SYNC else training.asynchronous
    (here,) = hosts_of(job.cluster, COORDINATOR)
    accounts = Accounts(folder, here, [*hosts_of(job.cluster, WORKER), *hosts_of(job.cluster, SERVER)])
    measured = timed(job.warmup, job.iterations, accounts)
    if job.weights:
        for variable, value in zip(learned(model), training.numpy(), strict=True):
            variable.assign(value)
    sizes = [FLOAT32_BYTES * int(variable.shape.num_elements()) for variable in trained(model)]
    _finish(job, model, folder, 0, {"served": measured, "server_bytes": server_bytes(sizes, job.servers)})
    # The threads that talk to the workers are still there, and would log that these are ended.
    sys.stdout.flush()
    os._exit(0)


ROLES: dict[str, Callable[[Measurement, Path, Place], None]] = {
    "ring": in_ring,
    "alone": alone,
    WORKER: work,
    SERVER: hold,
    "coordinator": coordinate,
}


def _serve(job: Measurement, folder: Path, role: str, number: int) -> None:
    from nas_cli.distributed.reported_usage import report_usage
    from nas_cli.distributed.server_roles import serve, surroundings

    report_usage(folder, number if role == WORKER else job.processes + number)
    os.environ.update(surroundings(job.cluster))
    _import_tensorflow()
    serve(job.cluster, role, number, job.threads)


def _take_gpu(place: Place) -> None:
    """A GPU of its own for each process of a host, where there are any, and only as much of its memory as it needs."""
    if mine := gpu_of(place.local):
        os.environ.update(mine)
        os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"


def _take_no_gpu() -> None:
    os.environ[VISIBLE] = ""


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
