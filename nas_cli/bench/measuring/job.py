"""Starts the processes of one measurement, and takes their results."""

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nas_cli.bench.measuring.measurement import RING, SERVED, Measurement, read_result
from nas_cli.distributed.hosts import Host, assigned
from nas_cli.distributed.launcher import INTERRUPTED, launch
from nas_cli.distributed.members import Member, run_members
from nas_cli.distributed.preflight import Plan
from nas_cli.distributed.server_roles import SERVER, WORKER, find_cluster, placed

Result = Mapping[str, Any]


def carry_out(
    job: Measurement,
    parent: Path,
    log: Path,
    plan: Plan,
    port: int | None = None,
    keep: Path | None = None,
) -> Result:
    """What the processes of `job` have measured: `tensors` (numbers in each gradient), and

    `workers`, a block of `seconds`, `wall`, `cpu_seconds`, `sent_bytes` and `peak_bytes` each; or `served`, a block for
    all, with `busy`, `staleness` and `server_bytes`; `collective` of a ring. They work in a folder below `parent`,
    which is removed.

    `plan`: the hosts, which get processes in their order. `port`: the first of parameter servers; None for free ones.
    `keep`: where the trained weights are moved.

    Raises:
        KeyboardInterrupt: the user has stopped it.
        NasError: the reason of the first process that failed; no process is left.
    """
    folder = Path(tempfile.mkdtemp(prefix="job-", dir=parent))
    try:
        if job.mode in SERVED:
            cluster = find_cluster(assigned(plan.hosts, job.processes), job.servers, port)
            job = replace(job, cluster={role: tuple(addresses) for role, addresses in cluster.items()})
        job.write(folder)
        code = _run(job, folder, log, plan)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        if keep is not None:
            shutil.move(folder / "weights-0.npz", keep)
        return {**_results(job, folder), "collective": plan.collective}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(job: Measurement, folder: Path, log: Path, plan: Plan) -> int:
    if job.mode != RING:
        return run_members(_members(job, folder, assigned(plan.hosts, job.processes)), log)
    return launch(plan, _argv(folder, "ring"), log)


def _argv(folder: Path, role: str, number: int = 0, local: int = 0) -> list[str]:
    module = "nas_cli.bench.measuring.process"
    return [sys.executable, "-m", module, str(folder.resolve()), role, str(number), str(local)]


def _members(job: Measurement, folder: Path, given: Mapping[Host, int]) -> list[Member]:
    hosts = placed(given, job.servers)
    if job.mode not in SERVED:
        return list(_of_role("process", "alone", folder, hosts[WORKER]))
    return [
        Member("the coordinator", _argv(folder, "coordinator")),
        *_of_role("worker", WORKER, folder, hosts[WORKER], serves=True),
        *_of_role("parameter server", SERVER, folder, hosts[SERVER], serves=True),
    ]


def _of_role(name: str, role: str, folder: Path, hosts: Sequence[Host], serves: bool = False) -> Iterator[Member]:
    """A member on each of the hosts, with its number among those of the role, and among those of them on its host."""
    there: Counter[Host] = Counter()
    for number, host in enumerate(hosts):
        yield Member(f"{name} {number}", _argv(folder, role, number, there[host]), serves, host)
        there[host] += 1


def _results(job: Measurement, folder: Path) -> Result:
    if job.mode == RING or job.mode in SERVED:
        return read_result(folder)
    found = [read_result(folder, number) for number in range(job.processes)]
    return {**found[0], "workers": [worker for one in found for worker in one["workers"]]}
