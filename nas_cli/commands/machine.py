"""How a run's processes share this machine's cores."""

import os

from nas_cli.config import SearchConfig
from nas_cli.distributed.ring import ranks_here
from nas_cli.search.worker import WorkerSettings

GB = 1e9


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def worker_settings(config: SearchConfig) -> WorkerSettings:
    """Threads and limits of a worker: its share of the cores, or one thread when results must repeat bit for bit.

    The processes of a job on this machine share its cores, and each has as many workers.
    """
    given = config.resources
    share = given.threads or max(1, cores() // (given.workers * ranks_here()))
    return WorkerSettings(
        threads=1 if config.deterministic else share,
        deterministic=config.deterministic,
        trial_seconds=given.trial_seconds,
        memory_bytes=None if given.trial_memory_gb is None else given.trial_memory_gb * GB,
        recycle_bytes=given.recycle_gb * GB,
    )
