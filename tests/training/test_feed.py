"""Chunks hold every batch once, in order; compiling counts apart."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.data.dataset import Split
from nas_cli.training import feed
from nas_cli.training.feed import Pace, chunks, in_order


@given(st.integers(1, 60), st.integers(1, 16), st.integers(1, 8), st.booleans())
def test_chunks_are_the_batches_joined(count: int, batch: int, wanted: int, few_lengths: bool) -> None:
    split = Split(np.arange(count)[:, None].astype(np.float32), np.arange(count))
    parts = list(chunks(in_order(split, batch), lambda: wanted, few_lengths))
    assert np.concatenate([y.reshape(-1) for _, y in parts]).tolist() == list(range(count))
    assert all(x.shape == (*y.shape, 1) and len(y) <= wanted and y.shape[1] <= batch for x, y in parts)
    assert sum(y.shape[1] < batch for _, y in parts) <= 1


class Clock:
    """Time that passes only when told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(feed, "time", SimpleNamespace(perf_counter=lambda: self.now))


def test_a_chunk_that_xla_compiles_has_one_of_few_lengths_whatever_the_clock_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, rng, pace = Clock(monkeypatch), np.random.default_rng(0), Pace(jit=True)
    split = Split(np.zeros((4 * 203 + 1, 1), np.float32), np.zeros(4 * 203 + 1, np.int64))
    shapes = set()
    for _ in range(30):
        pace.begin()
        for _, y in chunks(in_order(split, 4), pace.steps, pace.jit):
            clock.now += len(y) * rng.uniform(0.002, 0.02)
            pace.lap(len(y), y.size)
            shapes.add(y.shape)
    assert shapes <= {(2**power, 4) for power in range(7)} | {(1, 1)}
    assert len(shapes) > 3


def test_a_lap_that_compiles_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    def laps(pace: Pace, *given: tuple[int, float]) -> Pace:
        pace.begin()
        for steps, seconds in given:
            clock.now += seconds
            pace.lap(steps, steps * 10)
        return pace

    clock = Clock(monkeypatch)
    given = [(1, 5.0), (1, 0.1), (2, 7.0), (2, 0.2), (1, 0.1)]
    compiled = laps(Pace(jit=True), *given)
    assert compiled.compile_seconds == pytest.approx(12.0)
    assert compiled.timed == (40, pytest.approx(0.4))
    assert compiled.steps() == 2
    traced = laps(Pace(), *given[:3])
    assert traced.compile_seconds == pytest.approx(5.0)
    assert traced.timed == (30, pytest.approx(7.1))
