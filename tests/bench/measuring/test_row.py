import pytest

from nas_cli.bench.measuring.measurement import Measurement
from nas_cli.bench.measuring.row import bytes_moved, row_of

JOB = Measurement(
    mode="ring-allreduce", model="lenet_300_100", processes=2, threads=1, batch=4, image_size=8, iterations=2, warmup=1,
    crowd=2,
)  # fmt: skip


def worker(*seconds: float) -> dict[str, object]:
    return {
        "seconds": list(seconds),
        "wall": sum(seconds) + 0.5,
        "cpu_seconds": 1.5,
        "sent_bytes": 100,
        "peak_bytes": 7,
    }


def test_a_ring_is_as_fast_as_its_steps_within_the_common_time() -> None:
    result = {"tensors": [10, 5], "workers": [worker(1, 1), worker(1.5, 1)], "collective": "mpi"}
    row = row_of(JOB, result, cores=1, single=4.0, independent=8.0)
    assert row["images_per_second"] == pytest.approx(2 * 2 * 4 / 3.0)
    assert row["efficiency"] == pytest.approx(16 / 3 / (2 * 4.0))
    assert row["efficiency_independent"] == pytest.approx(16 / 3 / 8.0)
    assert (row["oversubscribed"], row["transport"]) == (True, "mpi")
    assert (row["params"], row["cpu_seconds"], row["peak_memory_bytes"]) == (15, 3.0, 14)
    assert row["bytes_moved"] == 2 * 1 * 60
    assert row["bytes_counted"] == (100 + 100) / 2


def test_one_process_with_all_cores_is_no_part_of_the_comparison() -> None:
    job = Measurement(**{**JOB.__dict__, "mode": "independent", "processes": 1, "crowd": 1, "threads": 2})
    row = row_of(job, {"tensors": [15], "workers": [worker(1, 1)]}, cores=2, kind="reference")
    assert (row["efficiency"], row["efficiency_independent"], row["oversubscribed"]) == (None, None, False)


def test_independent_processes_add_up() -> None:
    job = Measurement(**{**JOB.__dict__, "mode": "independent"})
    row = row_of(job, {"tensors": [15], "workers": [worker(1, 1), worker(2, 2)]}, cores=2, single=3.0)
    assert row["images_per_second"] == pytest.approx(4.0 + 2.0)
    assert (row["bytes_moved"], row["oversubscribed"], row["efficiency"]) == (0, False, 1.0)


def test_parameter_servers_tell_staleness_and_where_the_bytes_lie() -> None:
    job = Measurement(**{**JOB.__dict__, "mode": "ps-async", "servers": 1})
    served = {"wall": 2.0, "busy": [[1, 1], [0.5, 1]], "spans": [2.0, 1.6], "staleness": [0, 1, 2, 1], "cpu_seconds": 1,
              "sent_bytes": 0, "peak_bytes": 9}  # fmt: skip
    row = row_of(job, {"tensors": [15], "served": served, "server_bytes": [60]}, cores=2, single=4.0, independent=8.0)
    # Two batches of 4 in 2 s, and two in 1.6 s: what the first worker does at the end counts for it alone.
    assert row["images_per_second"] == pytest.approx(4.0 + 5.0)
    assert (row["staleness"], row["most_staleness"], row["bytes_per_server"]) == (1.0, 2, [60])
    assert row["bytes_moved"] == bytes_moved(job, 60) == 2 * 2 * 60
