"""One training step of W workers: what each resource is busy for, what remains visible, and what binds."""

from dataclasses import dataclass

COMPUTE, WORKER_LINK, SERVER_LINK, LATENCY = "compute", "worker link", "server link", "latency"


@dataclass(frozen=True)
class Step:
    """Seconds of one step.

    `compute`: forward and backward pass of one worker. `waiting`: for the slowest worker, or for a turn on a shared
    device. `worker_link`, `server_link`: how long the busiest link of a worker (of its host, or inside it) and of a
    server move this step's bytes, servers' sums included. `latency`: what messages cost whatever their size.
    `exposed`: communication that no computation hides.
    """

    compute: float
    waiting: float = 0.0
    worker_link: float = 0.0
    server_link: float = 0.0
    latency: float = 0.0
    exposed: float = 0.0

    @property
    def seconds(self) -> float:
        """The whole step."""
        return self.compute + self.waiting + self.exposed

    @property
    def communication(self) -> float:
        """Seconds of communication, hidden or not."""
        return max(self.worker_link, self.server_link) + self.latency

    @property
    def binds(self) -> str:
        """compute if that, with its waiting, takes no less than communication; else the longest part of that."""
        if self.compute + self.waiting >= self.communication:
            return COMPUTE
        busy = {WORKER_LINK: self.worker_link, SERVER_LINK: self.server_link, LATENCY: self.latency}
        return max(busy, key=lambda name: busy[name])
