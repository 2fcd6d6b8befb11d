"""The time during which a server is busy."""

import pytest

from nas_cli.distributed.server_traffic import Interval, busy_seconds


@pytest.mark.parametrize(
    ("intervals", "seconds"),
    [
        ([], 0),
        ([(1, 3)], 2),
        ([(5, 6), (1, 3)], 3),
        ([(1, 3), (2, 5)], 4),
        ([(1, 9), (2, 3), (4, 10)], 9),
    ],
)
def test_time_that_two_share_counts_once(intervals: list[Interval], seconds: float) -> None:
    assert busy_seconds(intervals) == seconds
