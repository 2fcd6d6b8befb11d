"""What the search loop needs from whoever evaluates trials."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from nas_cli.estimators.contract import NO_HINTS, Hints, Score
from nas_cli.search.listener import Listener
from nas_cli.spaces.candidate import Candidate


@dataclass(frozen=True)
class Job:
    """One trial to evaluate.

    `model_file` is where the trained network, if there is one, must lie, whole and on disk, before the trial counts as
    finished.
    `predicted` is the cost of the trial in any unit; it only decides which trial starts first. `hints` come from the
    generations before the trial's own, never from what has finished in the meantime.
    """

    trial: int
    architecture: Candidate
    seed: int
    model_file: Path
    predicted: float = 0.0
    hints: Hints = NO_HINTS


@dataclass(frozen=True)
class Finished:
    """A trial's score and where it was made: `seconds` of wall time on worker number `worker`.

    `score` holds JSON values only; a failed trial has `score.failure` and no fitness.
    """

    job: Job
    score: Score
    seconds: float
    worker: int


class Evaluator(Protocol):
    """Evaluates the trials of a batch in any order."""

    def evaluate(self, jobs: Sequence[Job], listener: Listener) -> Iterator[Finished]:
        """Each job once, as it finishes; a network that cannot be scored is a result, not an error.

        Raises:
            RunError: if no trial could be evaluated at all (worker does not start, disk full).
        """
        ...

    def test(self, model_file: Path) -> Mapping[str, float]:
        """The test metrics of a saved network.

        Raises:
            RunError: if they cannot be computed.
        """
        ...

    def known_test(self, candidate: Candidate) -> Mapping[str, float] | None:
        """The test metrics of a candidate that leaves no network, where the estimator knows them; else None."""
        ...

    def processes(self) -> Sequence[int]:
        """The process numbers whose memory belongs to the run, without the caller's."""
        ...

    def close(self) -> None:
        """Stops all work at once; harmless when repeated."""
        ...
