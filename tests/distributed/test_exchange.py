import threading
from pathlib import Path
from typing import Any

import pytest

from nas_cli.distributed.exchange import VISIBLE, exchange, join_to_talk, neighbours, share_gpus
from nas_cli.distributed.ring import OneProcess
from nas_cli.errors import LaunchError
from tests.search.thread_ring import ThreadRing, rings


def test_alone_one_hears_oneself() -> None:
    ring = join_to_talk()
    assert isinstance(ring, OneProcess)
    assert exchange(ring, {"a": (1, Path("b"))}) == [{"a": (1, Path("b"))}]
    assert neighbours(ring) == ()


def test_all_hear_all_by_rank() -> None:
    heard: dict[int, list[Any]] = {}

    def talk(ring: ThreadRing) -> None:
        heard[ring.rank] = exchange(ring, (ring.rank, "x\ny"))

    threads = [threading.Thread(target=talk, args=(ring,)) for ring in rings(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert heard == {rank: [(0, "x\ny"), (1, "x\ny"), (2, "x\ny")] for rank in range(3)}


def test_a_process_that_is_gone_is_one_line() -> None:
    first, second = rings(2)
    second.leave()
    with pytest.raises(LaunchError, match=r"another process of this job is gone \(BrokenBarrierError\)"):
        exchange(first, 1)


@pytest.mark.parametrize(
    ("local_rank", "visible", "gpus", "mine"),
    [
        (None, None, 4, {}),
        ("1", None, 0, {}),
        ("1", None, 4, {VISIBLE: "1"}),
        ("5", None, 4, {VISIBLE: "1"}),
        ("1", "6,7", 8, {VISIBLE: "7"}),
        ("0", "", 8, {}),
    ],
)
def test_each_process_of_a_host_has_a_gpu_while_there_are_some(
    tmp_path: Path, local_rank: str | None, visible: str | None, gpus: int, mine: dict[str, str]
) -> None:
    for number in range(gpus):
        (tmp_path / f"0000:0{number}:00.0").mkdir()
    given = {"HOROVOD_LOCAL_RANK": local_rank, VISIBLE: visible}
    environment = {name: value for name, value in given.items() if value is not None}
    assert share_gpus(environment, tmp_path) == mine
    assert share_gpus(environment, tmp_path / "missing") == (mine if visible else {})
