"""The loop that is timed: warm-up steps, a common start, steps with a clock, a common end."""

import time
from collections.abc import Callable
from pathlib import Path

from nas_cli.distributed.gathering import all_there, arrive, meet
from nas_cli.distributed.ring import JSON, Ring, local_rank
from nas_cli.distributed.usage import Meter

Step = Callable[[], object]
"""One step, complete when it returns."""


def timed_together(step: Step, warmup: int, iterations: int, ring: Ring) -> list[JSON]:
    """What each process of the ring has measured, on all of them; a collective call.

    `seconds` of each step, `wall` from the common start to the end of all, `cpu_seconds`, `peak_bytes`, and
    `sent_bytes` of the process's machine, which its other processes leave out.
    """
    for _ in range(warmup):
        step()
    ring.barrier()
    meter, begin = Meter.start(), time.perf_counter()
    seconds = _timed(step, iterations)
    ring.barrier()
    wall = time.perf_counter() - begin
    return ring.gather(_measured(seconds, wall, meter, local_rank()))


def timed_beside(
    step: Step, warmup: int, iterations: int, folder: Path, number: int, processes: int, local_number: int
) -> JSON:
    """What this process has measured beside the others, with which it does not communicate; keys as above.

    `number` among all `processes`, `local_number` among those of its machine.
    Who is done goes on with steps until all are: the last ones shall not have the machine to themselves.
    """
    for _ in range(warmup):
        step()
    arrive(folder, "ready", number)
    meet(folder, "ready", range(processes))
    meter, begin = Meter.start(), time.perf_counter()
    seconds = _timed(step, iterations)
    measured = _measured(seconds, time.perf_counter() - begin, meter, local_number)
    arrive(folder, "done", number)
    while not all_there(folder, "done", processes):
        step()
    return measured


def _measured(seconds: list[float], wall: float, meter: Meter, local_number: int) -> JSON:
    used = meter.used()
    used["sent_bytes"] *= local_number == 0
    return {"seconds": seconds, "wall": wall, **used}


def _timed(step: Step, iterations: int) -> list[float]:
    seconds = []
    for _ in range(iterations):
        begin = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - begin)
    return seconds
