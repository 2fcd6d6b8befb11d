"""Numbers for people."""

import pytest

from nas_cli.reports import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (789, "789"), (999.7, "1.00 k"), (45_600, "45.6 k"), (1_234_567, "1.23 M"), (99_960_000, "100 M"),
     (999_600_000, "1.00 G"), (11.1e9, "11.1 G"), (None, "–")],
)  # fmt: skip
def test_count(value: float | None, text: str) -> None:
    assert numbers.count(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(8.31, "8.3 s"), (59.96, "1 min 00 s"), (245, "4 min 05 s"), (3599.6, "1 h 00 min"), (7380, "2 h 03 min"),
     (273_600, "3 d 4 h"), (None, "–")],
)  # fmt: skip
def test_duration(seconds: float | None, text: str) -> None:
    assert numbers.duration(seconds) == text


def test_size_percent_and_groups() -> None:
    assert numbers.size(512) == "512 B"
    assert numbers.size(3.25 * 2**30) == "3.25 GiB"
    assert numbers.percent(0.0753) == "7.5 %"
    assert numbers.grouped(60000) == "60\u202f000"
