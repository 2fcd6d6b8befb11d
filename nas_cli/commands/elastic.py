"""--min-np N: a run whose process or host is lost goes on by itself, from its last checkpoint, with what is left.

Nothing that is in memory is saved: all processes of a job end with the first that is lost, and another job begins as
--resume would begin it. The batch of a step stays the one that the run was begun with, of which each process takes
its share, so that the same weights come out. A lost host is asked again before each job: it may come back.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import final

from nas_cli.distributed.hosts import Host, assigned, written
from nas_cli.distributed.job_output import ProcessFailed
from nas_cli.distributed.preflight import Plan
from nas_cli.distributed.remote import ask
from nas_cli.errors import LaunchError
from nas_cli.runs.folder import RunFolder
from nas_cli.runs.interruption import stoppable

LOSSES = 3
"""So many jobs in a row may be lost with nothing new done in between; of a second one a process less goes on."""
SESSION = ("start", "resume", "stop", "restart")
"""Events that are no progress."""


@final
class Elastic:
    """The jobs of a run, one after the other until one ends by itself.

    `hosts` and `number` of processes are those that were asked for; `least` of them will do. `check`: the plan for so
    many processes on such hosts, or a LaunchError. `note` takes lines for the user.
    """

    def __init__(
        self,
        run: RunFolder,
        hosts: Sequence[Host],
        number: int,
        least: int,
        check: Callable[[int, str], Plan],
        note: Callable[[str], None],
    ) -> None:
        """
        Raises:
            LaunchError: more processes than slots.
        """
        assigned(hosts, number)
        self.hosts, self.number = tuple(hosts), number
        self._run, self._least, self._check, self._note = run, least, check, note

    def plan(self) -> Plan:
        """For the processes that were asked for, or as many of them as the hosts that answer have slots for.

        Raises:
            LaunchError: these are too few, or something is missing.
        """
        return self._planned(self._answering(self.hosts))

    def carry_on(self, plan: Plan, job: Callable[[Plan], int]) -> int:
        """The exit code of the last job; `plan` is the first one's.

        Raises:
            KeyboardInterrupt: after Ctrl-C or SIGTERM between two jobs.
            ProcessFailed: a process is lost and the run cannot go on: it has not begun, there are too few slots, or job
                after job is lost before anything is done.
            NasError: what a job has said itself; that is not tried again.
        """
        done, losses = self._done(), 0
        with stoppable():
            while True:
                try:
                    return job(plan)
                except ProcessFailed as lost:
                    before, done = done, self._done()
                    losses = 1 if done > before else losses + 1
                    if not self._run.events():
                        raise
                    if losses == LOSSES:
                        raise ProcessFailed(f"{lost}; {losses} times in a row, and nothing done in between") from lost
                    plan = self._again(lost, plan, losses > 1)

    def look(self, plan: Plan) -> None:
        """
        Raises:
            ProcessFailed: a host of a job does not answer, asked twice.
        """
        silent = troubles(plan.hosts)
        if silent and (silent := troubles([*silent])):
            raise ProcessFailed(f"no answer from {', '.join(host.name for host in silent)}; the others were stopped")

    def _again(self, lost: ProcessFailed, plan: Plan, fewer: bool) -> Plan:
        """The plan of the next job, which is in the journal; `fewer`: a process less than before where that will do."""
        self._note(str(lost))
        hosts = without(plan, lost.rank) if fewer and plan.processes > self._least else self.hosts
        try:
            left = self._answering(hosts)
            plan = self._planned(left)
        except LaunchError as error:
            raise ProcessFailed(f"{lost}; {error}", lost.rank) from lost
        shown = written(plan.hosts)
        self._note(f"going on from the last checkpoint: {plan.processes} of {count(self.number)} on {shown}")
        gone = [host.name for host in hosts if host not in left]
        restart = {"processes": plan.processes, "hosts": shown, "lost": gone, "reason": str(lost)}
        with self._run.lock(), self._run.journal() as journal:
            journal.append({"event": "restart", **restart})
        return plan

    def _answering(self, hosts: Sequence[Host]) -> tuple[Host, ...]:
        silent = troubles(hosts)
        for trouble in silent.values():
            self._note(f"left out: {trouble}")
        return tuple(host for host in hosts if host not in silent)

    def _planned(self, hosts: Sequence[Host]) -> Plan:
        number = min(self.number, sum(host.slots for host in hosts))
        if number < self._least:
            raise LaunchError(f"{number} of {count(self.number)} could go on, fewer than --min-np {self._least}.")
        return self._check(number, written(hosts))

    def _done(self) -> int:
        return sum(event["event"] not in SESSION for event in self._run.events())


def count(processes: int) -> str:
    """The number of processes, in words."""
    return f"{processes} process{'es' if processes > 1 else ''}"


def troubles(hosts: Sequence[Host]) -> dict[Host, str]:
    """What keeps other hosts from taking part, as they say it themselves; all are asked at once."""
    others = [host for host in hosts if not host.is_local]
    with ThreadPoolExecutor(max(1, len(others))) as pool:
        found = zip(others, pool.map(_trouble, others), strict=True)
        return {host: trouble for host, trouble in found if trouble is not None}


def without(plan: Plan, rank: int | None) -> tuple[Host, ...]:
    """The hosts of a plan with as many slots as they have processes, but for that of process `rank`.

    The last process goes where that is not known, and where rank 0, without which there is no job, would go.
    """
    given = assigned(plan.hosts, plan.processes)
    placed = [host for host, number in given.items() for _ in range(number)]
    gone = placed[rank or -1]
    left = {host: number - (host == gone) for host, number in given.items()}
    return tuple(replace(host, slots=number) for host, number in left.items() if number)


def _trouble(host: Host) -> str | None:
    try:
        ask(host.name)
    except LaunchError as error:
        return str(error)
    return None
