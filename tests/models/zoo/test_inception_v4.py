import math

import pytest

from nas_cli.bench.projection.workload import profiled
from nas_cli.errors import ConfigError
from nas_cli.models import zoo


def test_its_variables_are_those_of_the_paper_which_the_projection_counts() -> None:
    model = zoo.build("inception_v4", (299, 299, 3), 1000)
    built = [math.prod(variable.shape) for variable in model.trainable_variables]
    assert sum(built) == 42_679_816
    assert sorted(built) == sorted(profiled("inception_v4").tensors)


@pytest.mark.slow
def test_its_arithmetic_is_what_the_projection_counts() -> None:
    from nas_cli.costs.keras_cost import model_cost

    assert model_cost(zoo.build("inception_v4", (299, 299, 3), 1000)).macs == profiled("inception_v4").macs


def test_images_that_are_too_small_are_refused_in_one_line() -> None:
    with pytest.raises(ConfigError, match="inception_v4 needs images of at least 75 pixels per side"):
        zoo.build("inception_v4", (64, 64, 3), 10)
    with pytest.raises(ConfigError, match="has no ImageNet weights"):
        zoo.build("inception_v4", (299, 299, 3), 1000, pretrained=True)
