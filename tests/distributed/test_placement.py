"""Which server holds what, and what travels together."""

from hypothesis import given
from hypothesis import strategies as st

from nas_cli.bench.projection.workload import largest_share
from nas_cli.distributed.placement import Bucket, dealt, server_bytes


def test_tensors_go_to_servers_in_turn_and_travel_in_buckets() -> None:
    assert dealt([4, 4, 4, 4, 4], 2, most=8) == [Bucket(0, (0, 2)), Bucket(0, (4,)), Bucket(1, (1, 3))]
    assert server_bytes([4, 4, 4, 4, 4], 2) == [12, 8]


def test_a_tensor_larger_than_a_bucket_has_one_to_itself() -> None:
    assert dealt([4, 100, 4], 1, most=8) == [Bucket(0, (0,)), Bucket(0, (1,)), Bucket(0, (2,))]


@given(st.lists(st.integers(1, 50), min_size=1), st.integers(1, 5), st.integers(1, 100))
def test_every_tensor_lies_whole_on_the_server_that_the_projection_takes_for_it(
    sizes: list[int], servers: int, most: int
) -> None:
    buckets = dealt(sizes, servers, most)
    assert sorted(number for bucket in buckets for number in bucket.members) == list(range(len(sizes)))
    assert all(number % servers == bucket.server for bucket in buckets for number in bucket.members)
    assert all(len(bucket.members) == 1 or sum(sizes[n] for n in bucket.members) <= most for bucket in buckets)
    assert max(server_bytes(sizes, servers)) == largest_share(sizes, servers)
