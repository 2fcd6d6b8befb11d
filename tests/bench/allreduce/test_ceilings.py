"""The ceilings, measured for real between threads of this process, and that what they move arrives."""

import threading
from collections import defaultdict
from typing import Any

import pytest

from nas_cli.bench.allreduce.job import Job
from nas_cli.bench.allreduce.method import CEILINGS, MEMCPY, SHIFT, Method
from nas_cli.bench.allreduce.process import Found, Times, measure, memcpy, rows_of
from nas_cli.distributed.loopback import LoopbackRing
from nas_cli.distributed.ports import HERE, find_ports


@pytest.mark.parametrize("processes", [2, 3])
def test_both_ceilings_have_rows(processes: int) -> None:
    methods = tuple(Method(name) for name in CEILINGS)
    addresses = tuple(f"{HERE}:{port}" for port in find_ports(processes))
    job = Job(processes=processes, threads=1, cores=2, methods=methods, sizes=(50_000,), rounds=2, addresses=addresses)
    rows: dict[int, list[dict[str, Any]]] = {}

    def work(rank: int) -> None:
        found: Found = defaultdict(Times)
        with LoopbackRing(rank, addresses) as ring:
            measure(job, methods, ring, found)
            measure(job, methods, ring, found)
        rows[rank] = rows_of(job, 50_000, found)

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(processes)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert [row["method"] for row in rows[0]] == [SHIFT, MEMCPY]
    for row in rows[0]:
        assert (row["rounds"], row["operations"]) == (2 * 2, 2 * 2 * 50)
        assert 0 < row["least_seconds"] <= row["seconds"]
        assert row["gb_per_second"] > 0
    # All processes have heard the same times.
    assert rows[0][0]["seconds"] == rows[1][0]["seconds"]


@pytest.mark.parametrize(("processes", "copied"), [(2, 10), (3, 13)])
def test_a_copy_is_of_as_many_chunks_as_a_ring_sends(processes: int, copied: int) -> None:
    """Of 10 bytes: twice 5 between two; between three 3 + 3 + 4 and 3 again."""
    assert memcpy(10, processes)() == copied
