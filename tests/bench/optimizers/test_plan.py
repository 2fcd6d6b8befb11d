"""What is trained, from which beginning."""

import pytest

from nas_cli.bench.optimizers.plan import GLOROT
from nas_cli.errors import ConfigError
from tests.bench.optimizers.plans import bench, plan


def test_all_optimizers_of_a_seed_begin_alike_and_rates_are_tried_from_another_beginning() -> None:
    job = plan(seeds=3)
    seeds = {(t.optimizer, t.seed): job.training_seed(t) for t in job.compared("shared", {"sgd": 0.1, "adam": 0.1})}
    assert [seeds["sgd", s] for s in range(3)] == [seeds["adam", s] for s in range(3)]
    assert len(set(seeds.values())) == 3
    assert job.training_seed(job.tuning("sgd", 0.1)) not in seeds.values()


def test_rows_that_vary_batch_size_or_initializer_stand_beside_the_optimizers() -> None:
    job = plan(seeds=1, batch_sizes=(32, 64), initializers=("he_normal", GLOROT))
    trainings = job.compared("shared", {"sgd": 0.5, "adam": 0.25})
    assert [(t.optimizer, t.batch_size, t.initializer) for t in trainings] == [
        ("sgd", 32, GLOROT), ("adam", 32, GLOROT), ("adam", 64, GLOROT), ("adam", 32, "he_normal"),
    ]  # fmt: skip
    assert {t.rate for t in trainings if t.optimizer == "adam"} == {0.25}
    assert len({t.name for t in trainings}) == 4


def test_an_optimizer_without_a_rate_is_left_out() -> None:
    assert {t.optimizer for t in plan().compared("tuned", {"adam": 0.1})} == {"adam"}


def test_the_grid_is_about_the_optimizers_usual_rate() -> None:
    assert plan(rate_factors=(3.0, 0.1, 1.0)).rates("sgd") == (0.005, 0.05, 0.15)


def test_the_predicted_images_are_those_of_all_trainings() -> None:
    # Tuning: 2 optimizers, 2 rates, 1 epoch; compared: 2 protocols, 2 seeds, 2 rows, 2 epochs on training + validation.
    assert plan().images(100, 20, 10) == (4 * 100 + 16 * 120, 4 * 20 + 16 * 10)
    assert plan(protocol="shared").images(100, 20, 10) == (8 * 120, 8 * 10)


def test_a_batch_larger_than_the_data_is_refused() -> None:
    with pytest.raises(ConfigError, match="batch size 500 is more than the 400 training examples"):
        plan(batch_sizes=(500,)).check_batches(400)


@pytest.mark.parametrize(("changes", "said"), [
    ({"optimizers": ()}, "bench.optimizers is empty"),
    ({"optimizers": ("sgd", "sgd")}, "bench.optimizers names one twice"),
    ({"rate_factors": ()}, "bench.rate_factors is empty"),
    ({"batch_sizes": (8,), "vary": "lion"}, "bench.vary=lion must be one of bench.optimizers"),
])  # fmt: skip
def test_settings_that_say_nothing_are_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        bench(**changes)
