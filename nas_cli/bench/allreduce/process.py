"""A process of a measurement of messages: python -m nas_cli.bench.allreduce.process FOLDER ROLE NUMBER.

Roles: `ring` (its number is that of horovodrun), `worker` and `ps` (served over gRPC), `chief`, which directs these.
The job lies in the folder, and so do the rows.
"""

import itertools
import os
import signal
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nas_cli.bench.allreduce.bus import chunks, sent_bytes, slowest
from nas_cli.bench.allreduce.job import Job, leave_rows
from nas_cli.bench.allreduce.method import (
    CEILINGS,
    HOROVOD,
    MEMCPY,
    NUMBER_BYTES,
    PULL,
    SHIFT,
    Method,
    operations,
    parts,
)
from nas_cli.bench.allreduce.row import Row, completed, ring_row, served_row, with_shares
from nas_cli.distributed.exchange import VISIBLE
from nas_cli.distributed.loopback import LoopbackRing
from nas_cli.distributed.server_roles import COORDINATOR, SERVER, WORKER
from nas_cli.errors import LaunchError, NasError

Operate = Callable[[], object]

IDLE_SECONDS = 0.1


def main(arguments: list[str]) -> int:
    """The exit code; what went wrong is one `Error:` line."""
    # Nothing here is worth keeping, and a process that waits for others in native code would not hear a handler.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    folder, role, number = Path(arguments[0]), arguments[1], int(arguments[2])
    # Messages of main memory are measured.
    os.environ[VISIBLE] = ""
    try:
        job = Job.read(folder)
        ROLES[role](job, folder, number)
    except NasError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


def in_ring(job: Job, folder: Path, number: int) -> None:
    """The ceilings, Horovod, and the ceilings again: what looks for news all the time must not run beside them."""
    _begin(job)
    from nas_cli.distributed.all_reduce import horovod_with
    from nas_cli.distributed.launcher import WAIT_SECONDS
    from nas_cli.distributed.ring import rank_number

    ceilings = [method for method in job.methods if method.method in CEILINGS]
    own = [method for method in job.methods if method.method == HOROVOD]
    found: Found = defaultdict(Times)
    # Some processes need much longer than others to import TensorFlow.
    with LoopbackRing(rank_number(), job.addresses, WAIT_SECONDS) as ring:
        measure(job, ceilings, ring, found)
        with horovod_with(float(own[0].cycle_ms or 0), int(own[0].fusion_mb or 0), _timeline(job, own[0])):
            measure(job, own, ring, found)
            ring.barrier()
        measure(job, ceilings, ring, found)
    if rank_number() == 0:
        leave_rows(folder, [row for size in job.sizes for row in rows_of(job, size, found)])


@dataclass
class Times:
    """What a method has taken at one size: `seconds` of every operation, those of the slowest process, `cpu_seconds` of
    all processes, and the share of a core that each took while nothing was sent, a value for each round of each."""

    seconds: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0
    idle: list[float] = field(default_factory=list)
    rounds: int = 0


Found = dict[tuple[Method, int], Times]


def measure(job: Job, methods: Sequence[Method], ring: LoopbackRing, found: Found) -> None:
    """Adds what the methods take at every size to `found`; each round takes them in another order. A collective call.

    Raises:
        LaunchError: a sum is wrong, or a process is gone.
    """
    todo = [(method, size) for size in job.sizes for method in methods]
    operate = {pair: _operation(*pair, ring) for pair in todo}
    for turn in range(job.rounds):
        first = turn % len(todo)
        for method, size in (*todo[first:], *todo[:first]):
            _check(method, operate[method, size](), ring.size)
            mine = timed(operate[method, size], ring, operations(size)) | {"idle": _idle(method)}
            said, times = ring.gather(mine), found[method, size]
            times.seconds += slowest([theirs["seconds"] for theirs in said])
            times.cpu_seconds += sum(theirs["cpu_seconds"] for theirs in said)
            times.idle += [theirs["idle"] for theirs in said]
            times.rounds += 1


def rows_of(job: Job, size: int, found: Found) -> list[Row]:
    """The rows of a message size."""
    rows = []
    for method in job.methods:
        times = found[method, size]
        idle = statistics.mean(times.idle)
        rows.append(ring_row(method, size, job.processes, times.seconds, times.cpu_seconds, times.rounds, idle))
    return [completed(row, job.collective, job.cores) for row in with_shares(rows)]


def timed(operate: Operate, ring: LoopbackRing, count: int) -> dict[str, Any]:
    """`seconds` of `count` operations of this process, begun together with the others', and `cpu_seconds` of all."""
    seconds, used = [], 0.0
    for _ in range(count):
        ring.barrier()
        cpu, begin = time.process_time(), time.perf_counter()
        operate()
        seconds.append(time.perf_counter() - begin)
        used += time.process_time() - cpu
    return {"seconds": seconds, "cpu_seconds": used}


def _idle(method: Method) -> float:
    """The share of a core that this process takes while nothing is sent: looking for news costs what it does."""
    if method.method != HOROVOD:
        return 0.0
    cpu, begin = time.process_time(), time.perf_counter()
    time.sleep(IDLE_SECONDS)
    return (time.process_time() - cpu) / (time.perf_counter() - begin)


def _timeline(job: Job, method: Method) -> Path | None:
    name = f"{job.processes}-cycle{method.cycle_ms:g}-fusion{method.fusion_mb}.json"
    return Path(job.timeline) / name if job.timeline else None


def _operation(method: Method, size: int, ring: LoopbackRing) -> Operate:
    if method.method == SHIFT:
        return _shift(size, ring)
    if method.method == MEMCPY:
        return memcpy(size, ring.size)
    from nas_cli.distributed.all_reduce import summed

    return summed(parts(size // NUMBER_BYTES, method.pieces))


def _check(method: Method, result: Any, processes: int) -> None:
    if method.method == HOROVOD and (found := float(result[-1][-1])) != processes:
        raise LaunchError(f"Horovod's sum over {processes} processes of 1 is {found:g}.")


def _shift(size: int, ring: LoopbackRing) -> Operate:
    send = memoryview(bytearray(b"\1") * sent_bytes(size, ring.size, ring.rank))
    receive = memoryview(bytearray(b"\1") * sent_bytes(size, ring.size, (ring.rank - 1) % ring.size))
    return lambda: ring.shift(send, receive)


def memcpy(size: int, processes: int) -> Callable[[], int]:
    """A copy in memory of as many chunks as a process of a ring sends, each place in turn; gives their bytes."""
    import numpy as np

    source, target = np.ones(size, np.uint8), np.zeros(size, np.uint8)
    ends = itertools.accumulate(chunks(size, processes), initial=0)
    places = [slice(*pair) for pair in itertools.pairwise(ends)]

    def copy() -> int:
        copied = 0
        for place in itertools.islice(itertools.cycle(places), 2 * (processes - 1)):
            target[place] = source[place]
            copied += place.stop - place.start
        return copied

    return copy


def serve(job: Job, folder: Path, number: int, role: str) -> None:
    """A worker or the server, until it is ended."""
    from nas_cli.distributed.server_roles import serve as serve_cluster
    from nas_cli.distributed.server_roles import surroundings

    (folder / f"pid-{role}-{number}").write_text(str(os.getpid()), encoding="utf-8")
    os.environ.update(surroundings(job.cluster))
    _import_tensorflow()
    serve_cluster(job.cluster, role, number, job.threads)


def direct(job: Job, folder: Path, number: int) -> None:
    """Has the workers pull and push, size after size, and leaves the rows."""
    from nas_cli.distributed.server_roles import surroundings

    os.environ.update(surroundings(job.cluster))
    _begin(job)
    from nas_cli.distributed.parameter_server import ParameterServers

    served = ParameterServers(job.cluster)
    pids = [int(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("pid-*"))]
    for size in job.sizes:
        leave_rows(folder, measure_served(job, size, served, pids))
    # The threads that talk to the workers are still there, and would log that these are ended.
    sys.stdout.flush()
    os._exit(0)


def measure_served(job: Job, size: int, served: Any, pids: Sequence[int]) -> list[Row]:
    """The rows of a message size; each round takes the directions in another order."""
    from nas_cli.distributed.server_traffic import Interval, ServerTraffic

    traffic, count = ServerTraffic(served, size // NUMBER_BYTES), operations(size)
    found: dict[Method, list[list[Interval]]] = {method: [] for method in job.methods}
    used = dict.fromkeys(job.methods, 0.0)
    for turn in range(job.rounds):
        for method in job.methods if turn % 2 == 0 else job.methods[::-1]:
            move = traffic.pull if method.method == PULL else traffic.push
            move(1)
            before = _cpu_seconds(pids)
            found[method].append(move(count))
            used[method] += _cpu_seconds(pids) - before
    pushed = sum(method.method != PULL for method in job.methods) * job.rounds * job.processes * (count + 1)
    if (sum_of_ones := traffic.first_number()) != pushed:
        raise LaunchError(f"{pushed} tensors of 1 were pushed to the server, and it holds {sum_of_ones:g}.")
    rows = [served_row(method, size, job.processes, found[method], used[method]) for method in job.methods]
    return [completed(row, "", job.cores) for row in rows]


def _cpu_seconds(pids: Sequence[int]) -> float:
    import psutil

    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return float(sum(one.user + one.system for one in times))


ROLES: Mapping[str, Callable[[Job, Path, int], None]] = {
    "ring": in_ring,
    WORKER: lambda job, folder, number: serve(job, folder, number, WORKER),
    SERVER: lambda job, folder, number: serve(job, folder, number, SERVER),
    COORDINATOR: direct,
}


def _begin(job: Job) -> None:
    _import_tensorflow()
    from nas_cli.training.session import configure

    configure(job.threads, deterministic=False)


def _import_tensorflow() -> None:
    from nas_cli.training.quiet import quiet_import

    with quiet_import():
        import tensorflow  # noqa: F401


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
