"""Starts the processes of one measurement, and takes their results."""

import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nas_cli.bench.measuring.measurement import RING, SERVED, Measurement, read_result
from nas_cli.distributed.exchange import share_gpus
from nas_cli.distributed.launcher import INTERRUPTED, launch
from nas_cli.distributed.local_job import Member, run_here
from nas_cli.distributed.preflight import Plan
from nas_cli.distributed.server_roles import SERVER, WORKER, local_cluster

Result = Mapping[str, Any]


def carry_out(
    job: Measurement,
    parent: Path,
    log: Path,
    plan: Plan | None = None,
    port: int | None = None,
    keep: Path | None = None,
) -> Result:
    """What the processes of `job` have measured: `tensors` (numbers in each gradient), and

    `workers`, a block of `seconds`, `wall`, `cpu_seconds`, `sent_bytes` and `peak_bytes` each; or `served`, a block for
    all, with `busy`, `staleness` and `server_bytes`. They work in a folder below `parent`, which is removed.

    `plan`: hosts of a ring. `port`: the first of parameter servers; None for free ones. `keep`: where the trained
    weights are moved.

    Raises:
        KeyboardInterrupt: the user has stopped it.
        NasError: the reason of the first process that failed; no process is left.
    """
    folder = Path(tempfile.mkdtemp(prefix="job-", dir=parent))
    try:
        if job.mode in SERVED:
            cluster = local_cluster(job.processes, job.servers, port)
            job = replace(job, cluster={role: tuple(addresses) for role, addresses in cluster.items()})
        job.write(folder)
        code = _run(job, folder, log, plan)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        if keep is not None:
            shutil.move(folder / "weights-0.npz", keep)
        return _results(job, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(job: Measurement, folder: Path, log: Path, plan: Plan | None) -> int:
    if job.mode != RING:
        return run_here(_members(job, folder), log)
    if plan is None:
        raise ValueError("a ring needs the plan of its pre-flight")
    return launch(plan, _argv(folder, "ring"), log)


def _argv(folder: Path, role: str, number: int = 0) -> list[str]:
    return [sys.executable, "-m", "nas_cli.bench.measuring.process", str(folder.resolve()), role, str(number)]


def _members(job: Measurement, folder: Path) -> list[Member]:
    if job.mode not in SERVED:
        return [
            Member(f"process {number}", _argv(folder, "alone", number), variables=_gpu(number))
            for number in range(job.processes)
        ]
    coordinator = Member("the coordinator", _argv(folder, "coordinator"), variables={"CUDA_VISIBLE_DEVICES": ""})
    workers = [
        Member(f"worker {number}", _argv(folder, WORKER, number), True, _gpu(number)) for number in range(job.processes)
    ]
    servers = [
        Member(f"parameter server {number}", _argv(folder, SERVER, number), True, {"CUDA_VISIBLE_DEVICES": ""})
        for number in range(job.servers)
    ]
    return [coordinator, *workers, *servers]


def _gpu(number: int) -> dict[str, str]:
    """A GPU of its own for each process, where there are any, and only as much of its memory as it needs."""
    taken = share_gpus({"HOROVOD_LOCAL_RANK": str(number)})
    return {**taken, "TF_FORCE_GPU_ALLOW_GROWTH": "true"} if taken else {}


def _results(job: Measurement, folder: Path) -> Result:
    if job.mode == RING or job.mode in SERVED:
        return read_result(folder)
    found = [read_result(folder, number) for number in range(job.processes)]
    return {**found[0], "workers": [worker for one in found for worker in one["workers"]]}
