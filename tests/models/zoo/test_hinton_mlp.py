"""The networks of Hinton et al. 2015 have the sizes of the paper."""

import pytest

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.models import zoo


@pytest.mark.parametrize(
    ("name", "hidden"), [("hinton_teacher", 1200), ("hinton_student", 800), ("hinton_small_student", 30)]
)
def test_two_hidden_layers(name: str, hidden: int) -> None:
    network = zoo.architecture(name, (28, 28, 1), 10)
    assert network is not None
    expected = 785 * hidden + (hidden + 1) * hidden + (hidden + 1) * 10
    assert architecture_cost(network).params == expected


def test_only_the_teacher_has_dropout_on_inputs_and_hidden_layers() -> None:
    def rates(name: str) -> list[float]:
        network = zoo.architecture(name, (28, 28, 1), 10)
        assert network is not None
        return [dict(one.settings)["rate"] for one in network.nodes if one.op == "dropout"]

    assert rates("hinton_teacher") == [0.2, 0.5, 0.5]
    assert rates("hinton_student") == []
