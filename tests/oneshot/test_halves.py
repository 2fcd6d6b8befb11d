import numpy as np
import pytest

from nas_cli.distributed.ring import OneProcess
from nas_cli.errors import ConfigError
from nas_cli.oneshot.halves import Halves
from tests.search.thread_ring import rings
from tests.training.examples import PLAIN, images, table


def seen(halves: Halves, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    batches = list(halves.epoch(epoch))
    return tuple(np.concatenate([pair[at][0].reshape(-1, pair[at][0].shape[-1]) for pair in batches]) for at in (0, 1))


def test_no_example_is_in_both_halves_and_epochs_differ_in_order_only() -> None:
    halves = Halves(table(64), PLAIN, 8, 0, OneProcess())
    weights, judging = seen(halves, 0)
    assert halves.steps == 4
    assert len({*map(tuple, weights), *map(tuple, judging)}) == 64
    again, _ = seen(halves, 1)
    assert not np.array_equal(weights, again)
    assert {*map(tuple, weights)} == {*map(tuple, again)}
    np.testing.assert_array_equal(weights, seen(Halves(table(64), PLAIN, 8, 0, OneProcess()), 0)[0])


def test_processes_share_every_batch() -> None:
    two = rings(2)
    parts = [list(Halves(images(72), PLAIN, 4, 3, ring).epoch(0)) for ring in two]
    whole = list(Halves(images(72), PLAIN, 8, 3, OneProcess()).epoch(0))
    assert len(parts[0]) == len(whole) == 4
    for first, second, both in zip(*parts, whole, strict=True):
        np.testing.assert_array_equal(np.concatenate([first[0][1], second[0][1]]), both[0][1])
        np.testing.assert_array_equal(np.concatenate([first[1][0], second[1][0]]), both[1][0])


def test_a_half_that_is_smaller_than_a_batch_is_one() -> None:
    halves = Halves(table(10), PLAIN, 64, 0, OneProcess())
    assert (halves.steps, halves.batch_size) == (1, 5)
    assert [len(y) for _, y in halves.judging()] == [5]


def test_too_few_examples_for_the_processes() -> None:
    with pytest.raises(ConfigError, match="3 training examples are too few for 2 processes"):
        Halves(table(3), PLAIN, 4, 0, rings(2)[0])
