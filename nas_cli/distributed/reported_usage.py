"""What the processes of a job have used together, on all hosts: each counts for itself, when the coordinator says so.

They say so by files in the folder that the job shares.
"""

import json
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import final

from nas_cli.distributed.gathering import all_there, arrive, meet
from nas_cli.distributed.ring import JSON
from nas_cli.distributed.usage import Meter

BEGIN, BEGUN, END, ENDED = "begin", "begun", "end", "ended"
LOOK_SECONDS = 0.05


def report_usage(folder: Path, number: int) -> None:
    """Starts to listen to the coordinator, beside what this process does; its number is one of 0, 1, …"""
    threading.Thread(target=_report, args=(folder, number), name="usage", daemon=True).start()


def _report(folder: Path, number: int) -> None:
    _await(folder, BEGIN)
    meter = Meter.start()
    arrive(folder, BEGUN, number)
    _await(folder, END)
    (folder / f"used-{number}.json").write_text(json.dumps(meter.used()), encoding="utf-8")
    arrive(folder, ENDED, number)


def _await(folder: Path, what: str) -> None:
    while not all_there(folder, what, 1):
        time.sleep(LOOK_SECONDS)


@final
class Accounts:
    """The coordinator's: of this process and of those that report, of which `hosts` says where each one runs."""

    def __init__(self, folder: Path, here: str, hosts: Sequence[str]) -> None:
        self._folder, self._here, self._hosts = folder, here, list(hosts)
        self._meter = Meter.start()

    def begin(self) -> None:
        """Returns when all count.

        Raises:
            LaunchError: one does not within ten minutes.
        """
        arrive(self._folder, BEGIN, 0)
        meet(self._folder, BEGUN, range(len(self._hosts)))
        self._meter = Meter.start()

    def used(self) -> dict[str, JSON]:
        """`cpu_seconds` and `peak_bytes` of all together, and `sent_bytes` of every host, since `begin`.

        Raises:
            LaunchError: one does not answer within ten minutes.
        """
        used = self._meter.used()
        arrive(self._folder, END, 0)
        meet(self._folder, ENDED, range(len(self._hosts)))
        counted = {self._here}
        for number, host in enumerate(self._hosts):
            theirs = json.loads((self._folder / f"used-{number}.json").read_text(encoding="utf-8"))
            used["cpu_seconds"] += theirs["cpu_seconds"]
            used["peak_bytes"] += theirs["peak_bytes"]
            # The devices of a host are the same for all its processes.
            used["sent_bytes"] += 0 if host in counted else theirs["sent_bytes"]
            counted.add(host)
        return used
