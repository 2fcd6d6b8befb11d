"""Several processes that train supernets together, here threads, and how they end together."""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from nas_cli.commands.search_together import trained_along
from nas_cli.distributed.exchange import exchange
from nas_cli.errors import RunError
from nas_cli.oneshot.phase import SupernetPhase
from nas_cli.search.ring_evaluator import Said
from tests.oneshot.supernet_settings import darts
from tests.oneshot.test_phase import SPACE, Log
from tests.search.thread_ring import ThreadRing, rings
from tests.training.examples import PLAIN, images, training

STEPS = 15


class Net:
    """A search of three epochs that trains nothing; in rank 0 something happens at a `place`."""

    variables: Sequence[Any] = ()

    def __init__(self, phase: SupernetPhase, place: str) -> None:
        self._phase, self._place = phase, place

    def run_epoch(self, number: int, asked_to_stop: Any) -> dict[str, Any]:
        for step in range(STEPS):
            if self._place == "step" and number == 1 and step == 5:
                self._stop()
            asked_to_stop()
        if self._place == "diverged":
            raise RunError("the supernet diverged.")
        return {"train_loss": 1.0}

    def stop_reason(self, event: Mapping[str, Any]) -> None:
        return None

    def found(self, epochs: int, asked_to_stop: Any) -> list[Any]:
        if self._place == "behind the last step":
            self._stop()
        return [("none",) * 6]

    def scores(self, genotypes: Sequence[Any], asked_to_stop: Any) -> None:
        if self._place == "scoring":
            self._stop()
            asked_to_stop()
            raise AssertionError("the rest of the networks is scored")

    def _stop(self) -> None:
        if self._phase.ring.rank == 0:
            self._phase._request._note(2, None)


class Still(ThreadRing):
    """Has no variables to broadcast."""

    def broadcast(self, variables: Any) -> None:
        self.barrier()


class Full(Log):
    """A journal on a disk that is full after one event."""

    def write(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.events:
            raise RunError("the disk is full.")
        return super().write(event)


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("step", KeyboardInterrupt),
        ("behind the last step", KeyboardInterrupt),
        ("scoring", KeyboardInterrupt),
        ("diverged", RunError),
        ("disk", RunError),
        ("nowhere", None),
    ],
)
def test_all_processes_leave_where_rank_0_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, error: type[BaseException] | None
) -> None:
    monkeypatch.setattr("nas_cli.oneshot.phase.ordinary_epoch_seconds", lambda *given: 1.0)
    monkeypatch.setattr(SupernetPhase, "_made", lambda self, seed: Net(self, place))
    settings, both = darts(searches=2, epochs=3, batch_size=12), rings(2)
    phases = [
        SupernetPhase(
            SPACE, images(48), PLAIN, training(), settings, 0, lambda candidate: True, 0, tmp_path,
            Still(one.rank, one._shared, one._barrier), lambda event: None,
        )
        for one in both
    ]  # fmt: skip
    goes_on: list[bool] = []
    follower = threading.Thread(target=lambda: goes_on.append(trained_along(phases[1])), daemon=True)
    follower.start()
    log = Full() if place == "disk" else Log()
    if error is None:
        phases[0].run(log)
        assert len(log.events) == 9
    else:
        with pytest.raises(error):
            phases[0].run(log)
        # As `RingEvaluator.close` does.
        exchange(phases[0].ring, Said(stop=True))
    follower.join(60)
    assert goes_on == [error is None]
