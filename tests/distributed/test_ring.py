"""Several processes train as one: the same weights in all of them, and those of one process with larger batches."""

import importlib.util
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nas_cli.distributed.launcher import launch
from nas_cli.distributed.preflight import preflight
from nas_cli.distributed.ring import HorovodRing, OneProcess, agreed, join
from tests.distributed.jobs.train import plain
from tests.training.examples import weights

TRAININGS = ("plain70", "plain33", "plain1", "whole", "begun", "continued", "hurried")

horovod = [
    pytest.mark.horovod,
    pytest.mark.skipif(importlib.util.find_spec("horovod") is None, reason="Horovod is not installed"),
]


def test_one_process_is_a_ring_of_one() -> None:
    ring = join()
    assert isinstance(ring, OneProcess)
    assert ring.average([1.0, None]) == [1.0, None]
    assert ring.gather({"a": 1}) == [{"a": 1}]
    assert agreed(ring, 3) == 3


def test_small_tensors_of_a_type_travel_together_and_come_back_each_as_it_was() -> None:
    import tensorflow as tf

    sent = []

    def allreduce(tensor: Any, name: str, **_: Any) -> Any:
        sent.append((name, tensor.dtype, tensor.shape))
        return 2 * tensor

    ring = SimpleNamespace(size=2, _hvd=SimpleNamespace(allreduce=allreduce, Average=None))
    large = tf.ones([2**18])
    given = [tf.ones([2, 3]), None, tf.constant(4.0), tf.constant([1, 2]), large, tf.fill([5], 3.0)]
    means = HorovodRing.average(ring, given, "here")
    assert means[1] is None
    for mean, tensor in zip(means, given, strict=True):
        if tensor is not None:
            np.testing.assert_array_equal(mean, 2 * tensor)
    assert [name for name, *_ in sent] == ["here_0", "here_1", "here_2", "here_3"]
    assert [kind for _, kind, _ in sent] == [tf.float32, tf.float32, tf.float32, tf.int32]
    assert [shape for *_, shape in sent] == [(7,), (2**18,), (5,), (2,)]


def test_a_tensor_of_unknown_size_travels_alone() -> None:
    import tensorflow as tf

    ring = SimpleNamespace(size=2, _hvd=SimpleNamespace(allreduce=lambda tensor, **_: 2 * tensor, Average=None))
    averaged = tf.function(
        lambda one: HorovodRing.average(ring, [tf.ones([2]), one, tf.ones([3])]),
        input_signature=[tf.TensorSpec([None])],
    )
    for mean, numbers in zip(averaged(tf.ones([4])), (2, 4, 3), strict=True):
        np.testing.assert_array_equal(mean, np.full(numbers, 2.0))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which two processes have left what they trained; one start of them for all tests here."""
    out = tmp_path_factory.mktemp("ring")
    job = [sys.executable, "-m", "tests.distributed.jobs.train", str(out)]
    plan = preflight(2, None, cores=2)
    assert launch(plan, job, out / "log.txt") == 0, (out / "log.txt").read_text()
    return out


def saved(out: Path, rank: int, name: str) -> list[Any]:
    with np.load(out / str(rank) / f"{name}.npz") as file:
        return [file[key] for key in file.files]


def said(out: Path, rank: int) -> Any:
    return json.loads((out / str(rank) / "said.json").read_text())


class TestTwoProcesses:
    """What two processes do together."""

    pytestmark = horovod

    @pytest.mark.parametrize("name", TRAININGS)
    def test_both_have_the_same_weights_and_curve(self, trained: Path, name: str) -> None:
        """Batch-norm statistics and the state of dropout's generators included, wherever they started."""
        for one, other in zip(saved(trained, 0, name), saved(trained, 1, name), strict=True):
            np.testing.assert_array_equal(one, other)
        assert said(trained, 0)["curves"][name] == said(trained, 1)["curves"][name]

    @pytest.mark.parametrize("examples", [70, 33, 1])
    def test_they_are_one_process_with_batches_twice_as_large(self, trained: Path, examples: int) -> None:
        """70 examples end in a batch of 6, 3 for each; 33 in one of 17, 8 and 9; of 1 one process has nothing."""
        model, result = plain(None, 16, examples)
        for together, alone in zip(saved(trained, 0, f"plain{examples}"), weights(model), strict=True):
            np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-5)
        curve = said(trained, 0)["curves"][f"plain{examples}"]
        for name in ("train_loss", "valid_loss", "train_accuracy", "valid_accuracy"):
            assert [epoch[name] for epoch in curve] == pytest.approx([epoch[name] for epoch in result.curve], rel=1e-4)

    def test_a_training_continued_from_the_checkpoint_of_rank_0_is_the_same(self, trained: Path) -> None:
        for straight, continued in zip(saved(trained, 0, "whole"), saved(trained, 0, "continued"), strict=True):
            np.testing.assert_array_equal(straight, continued)
        assert said(trained, 1)["stopped"]["begun"] == "paused"

    def test_the_clock_of_rank_0_ends_it_for_both(self, trained: Path) -> None:
        assert [said(trained, rank)["stopped"]["hurried"] for rank in (0, 1)] == ["out_of_time"] * 2

    def test_ctrl_c_at_rank_0_interrupts_both(self, trained: Path) -> None:
        assert [said(trained, rank)["interrupted"] for rank in (0, 1)] == [True, True]

    def test_each_hears_what_all_say(self, trained: Path) -> None:
        assert said(trained, 1)["gathered"] == [{"rank": 0}, {"rank": 1}]
        assert said(trained, 1)["agreed"] == "I am 0"
