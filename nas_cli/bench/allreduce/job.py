"""The processes of one measurement of messages: what they are told, how they are started, and what they leave."""

import dataclasses
import json
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, final

from nas_cli.bench.allreduce.method import SERVED, Method
from nas_cli.distributed.hosts import Host
from nas_cli.distributed.launcher import INTERRUPTED, launch
from nas_cli.distributed.members import Member, run_members
from nas_cli.distributed.ports import HERE, find_ports
from nas_cli.distributed.preflight import Plan
from nas_cli.distributed.server_roles import COORDINATOR, SERVER, WORKER, find_cluster
from nas_cli.errors import NasError
from nas_cli.runs.files import write_atomic

JOB = "job.json"
ROWS = "rows-*.json"
LOOK_SECONDS = 0.5

Row = dict[str, Any]
OnRows = Callable[[list[Row]], None]


@dataclass(frozen=True, kw_only=True)
class Job:
    """`methods` on messages of `sizes` bytes between `processes` processes, `rounds` times each in turn.

    `threads`: of each process. `cores`: of this machine. `addresses`: of the processes in the ring that only moves
    bytes. `cluster`: those of workers and the server. `timeline`: the folder for traces of Horovod, '' for none.
    """

    processes: int
    threads: int
    cores: int
    methods: tuple[Method, ...]
    sizes: tuple[int, ...]
    rounds: int
    addresses: tuple[str, ...] = ()
    cluster: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    collective: str = ""
    timeline: str = ""

    @property
    def served(self) -> bool:
        """True if the messages go to a parameter server and come from it."""
        return all(method.method in SERVED for method in self.methods)

    @staticmethod
    def read(folder: Path) -> "Job":
        """What `carry_out` has left for its processes."""
        said = json.loads((folder / JOB).read_text(encoding="utf-8"))
        methods = tuple(Method(**method) for method in said.pop("methods"))
        return Job(methods=methods, **said)


def leave_rows(folder: Path, rows: list[Row]) -> None:
    """Leaves rows for the one that has started this process; once for each size that comes first."""
    size = rows[0]["message_bytes"]
    write_atomic(folder / ROWS.replace("*", str(size)), json.dumps(rows).encode())


def carry_out(job: Job, parent: Path, log: Path, plan: Plan, port: int | None, on_rows: OnRows) -> None:
    """Starts the processes of `job`, whose rows `on_rows` gets as soon as they are there.

    They work in a folder below `parent`, which is removed. `port`: the first they listen at; None for free ones.

    Raises:
        KeyboardInterrupt: the user has stopped it.
        NasError: the reason of the first process that failed; no process is left.
    """
    folder = Path(tempfile.mkdtemp(prefix="job-", dir=parent))
    try:
        job = _with_addresses(job, port)
        (folder / JOB).write_text(json.dumps(dataclasses.asdict(job)), encoding="utf-8")
        with _Arrivals(folder, on_rows):
            code = run_members(_members(job, folder), log) if job.served else launch(plan, _argv(folder, "ring"), log)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _with_addresses(job: Job, port: int | None) -> Job:
    if job.served:
        cluster = find_cluster({Host("localhost", job.processes): job.processes}, 1, port)
        return dataclasses.replace(job, cluster={role: tuple(listed) for role, listed in cluster.items()})
    ports = find_ports(job.processes, port)
    return dataclasses.replace(job, addresses=tuple(f"{HERE}:{one}" for one in ports))


def _argv(folder: Path, role: str, number: int = 0) -> list[str]:
    module = "nas_cli.bench.allreduce.process"
    return [sys.executable, "-m", module, str(folder.resolve()), role, str(number)]


def _members(job: Job, folder: Path) -> list[Member]:
    workers = [Member(f"worker {i}", _argv(folder, WORKER, i), serves=True) for i in range(job.processes)]
    server = Member("the parameter server", _argv(folder, SERVER), serves=True)
    return [Member("the coordinator", _argv(folder, COORDINATOR)), *workers, server]


@final
class _Arrivals:
    """Within `with`, takes what the processes leave in the folder; at its end what has come last."""

    def __init__(self, folder: Path, take: OnRows) -> None:
        self._folder, self._take = folder, take
        self._seen: set[Path] = set()
        self._over = threading.Event()
        self._error: NasError | None = None
        self._thread = threading.Thread(target=self._watch, name="rows", daemon=True)

    def __enter__(self) -> "_Arrivals":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._look()
        if self._error is not None:
            raise self._error

    def _watch(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self._look()

    def _look(self) -> None:
        for file in sorted(set(self._folder.glob(ROWS)) - self._seen, key=lambda file: file.stat().st_mtime_ns):
            self._seen.add(file)
            try:
                self._take(json.loads(file.read_text(encoding="utf-8")))
            except NasError as error:
                self._error = self._error or error
