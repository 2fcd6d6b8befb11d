"""What is timed, and in which portions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.bench.allreduce.method import Method, beginnings, message_bytes, operations, parts, ring_methods


def test_cycles_are_tried_with_one_tensor_and_thresholds_with_several() -> None:
    labels = [method.label for method in ring_methods((0.1, 5), (0, 128), 16)]
    assert labels == [
        "shift", "memcpy", "horovod, cycle 0.1 ms", "horovod, cycle 5 ms",
        "horovod, cycle 0.1 ms, 16 tensors, fusion 0 MB", "horovod, cycle 0.1 ms, 16 tensors, fusion 128 MB",
    ]  # fmt: skip
    assert all(method.pieces == 1 for method in ring_methods((1,), (0, 128), 1))


def test_horovod_begins_once_for_each_of_its_settings_with_both_ceilings_beside_it() -> None:
    groups = beginnings(ring_methods((0.1, 5), (0, 128), 16))
    assert [[(method.cycle_ms, method.fusion_mb, method.pieces) for method in group[2:]] for group in groups] == [
        [(0.1, 128, 1), (0.1, 128, 16)], [(5, 128, 1)], [(0.1, 0, 16)],
    ]  # fmt: skip
    assert {group[:2] for group in groups} == {(Method("shift"), Method("memcpy"))}


def test_nothing_is_timed_twice() -> None:
    methods = list(ring_methods((1, 1, 5), (0, 0), 4))
    assert len(methods) == len(set(methods)) == 5


@pytest.mark.parametrize(("megabytes", "size"), [(16, 16_000_000), (0.004, 4000), (0.0000001, 4), (0.000006, 8)])
def test_a_message_is_of_whole_numbers(megabytes: float, size: int) -> None:
    assert message_bytes(megabytes) == size


@given(numbers=st.integers(1, 1000), pieces=st.integers(1, 40))
def test_tensors_hold_all_numbers_and_none_is_empty(numbers: int, pieces: int) -> None:
    sizes = parts(numbers, pieces)
    assert sum(sizes) == numbers
    assert min(sizes) >= 1
    assert len(sizes) == min(numbers, pieces)


def test_small_messages_are_sent_more_often() -> None:
    assert [operations(size) for size in (4000, 1_000_000, 64_000_000)] == [50, 16, 2]
    assert Method("horovod", 1.0, 0).label == "horovod, cycle 1 ms"
