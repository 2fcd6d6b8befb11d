import math

import pytest

from nas_cli.bench.measuring.speeds import Speed, beside, speed, together


def test_speed_uncertainty_and_jitter_are_those_of_tf_cnn_benchmarks() -> None:
    made = speed(8, [1.0, 2.0, 4.0, 1.0])
    assert made.mean == 8 / 2.0
    speeds = [8.0, 4.0, 2.0, 8.0]
    mean = sum(speeds) / 4
    assert made.uncertainty == pytest.approx(math.sqrt(sum((one - mean) ** 2 for one in speeds) / 4) / 2)
    assert made.jitter == pytest.approx(1.4826 * 2.0)  # median 6, deviations 2, 2, 4, 2


def test_workers_that_wait_for_one_another_vary_together_others_each_for_itself() -> None:
    speeds = [Speed(10.0, 3.0, 6.0), Speed(12.0, 4.0, 8.0)]
    assert together(speeds) == Speed(22.0, 7.0, 14.0)
    assert beside(speeds) == Speed(22.0, 5.0, 10.0)
