"""Bandwidth and bytes of an all-reduce, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.bench.allreduce.bus import (
    bus_bandwidth,
    chunks,
    passes,
    ring_bytes,
    seconds_per_gigabyte,
    sent_bytes,
    slowest,
)


def test_bus_bandwidth_is_that_of_what_each_process_sends() -> None:
    """16 MB in 20 ms: two processes send it once, four one and a half times, a great many twice."""
    assert passes(2) == 1
    assert bus_bandwidth(16_000_000, 0.020, 2) == pytest.approx(0.8e9)
    assert bus_bandwidth(16_000_000, 0.020, 4) == pytest.approx(1.2e9)
    assert bus_bandwidth(16_000_000, 0.020, 1000) == pytest.approx(1.6e9, rel=2e-3)


def test_all_together_send_twice_the_message_less_once_to_themselves() -> None:
    assert ring_bytes(1000, 2) == 2000
    assert ring_bytes(1000, 4) == 6000


def test_processor_seconds_for_each_gigabyte() -> None:
    assert seconds_per_gigabyte(3.0, 1.5e9) == pytest.approx(2.0)


def test_an_operation_is_as_long_as_the_process_that_took_longest() -> None:
    assert slowest([[1.0, 5.0], [2.0, 4.0]]) == [2.0, 5.0]


def test_uneven_chunks() -> None:
    """10 bytes between three: 3, 3, 4. Process 0 sends all but chunk 1, then all but chunk 2."""
    assert chunks(10, 3) == [3, 3, 4]
    assert sent_bytes(10, 3, 0) == 7 + 6


@given(size=st.integers(1, 10_000), processes=st.integers(2, 9))
def test_what_all_send_is_what_the_formula_says(size: int, processes: int) -> None:
    assert sum(chunks(size, processes)) == size
    assert sum(sent_bytes(size, processes, rank) for rank in range(processes)) == pytest.approx(
        ring_bytes(size, processes)
    )
