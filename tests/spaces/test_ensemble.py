from typing import Any

import pytest

from nas_cli.costs.lowering import lower
from nas_cli.costs.shapes import shapes
from nas_cli.errors import ConfigError
from nas_cli.schema import validate
from nas_cli.spaces.ensemble import EnsembleSpace, EnsembleSpaceSettings, Subnetwork
from tests.spaces.configured import values
from tests.spaces.contract import SpaceContract


def ensembles(shape: tuple[int, ...] = (28, 28, 1), classes: int = 10, **changes: Any) -> EnsembleSpace:
    settings = validate(EnsembleSpaceSettings, {**values("space", "ensemble"), **changes}, "space")
    return EnsembleSpace(settings, shape, classes)


class TestEnsembleSpace(SpaceContract):
    @pytest.fixture
    def space(self) -> Any:
        return ensembles()


def test_the_output_reads_all_subnetworks() -> None:
    architecture = ensembles().architecture((Subnetwork(1, 16), Subnetwork(3, 32)))
    joined, output = architecture.nodes[-2:]
    assert [architecture.nodes[at].op for at in joined.inputs] == ["global_average_pool"] * 2
    assert shapes(architecture)[-2:] == ((48,), (10,)) and output["units"] == 10


def test_maps_are_pooled_after_every_second_layer_down_to_the_smallest() -> None:
    architecture = ensembles(max_depth=9).architecture((Subnetwork(9, 16),))
    sizes = [shape[0] for n, shape in zip(architecture.nodes, shapes(architecture), strict=True) if n.op == "conv2d"]
    assert sizes == [28, 28, 14, 14, 7, 7, 7, 7, 7]


def test_features_go_through_dense_layers() -> None:
    architecture = ensembles(shape=(13,), classes=1).architecture((Subnetwork(2, 16),))
    assert [n.op for n in architecture.nodes] == ["input", "dense", "dense", "merge", "dense"]


def test_layers_keep_their_names_when_the_ensemble_grows() -> None:
    space = ensembles()
    small, large = (Subnetwork(2, 16), Subnetwork(3, 16)), (Subnetwork(2, 16), Subnetwork(3, 16), Subnetwork(4, 64))
    assert space.layers(large)[:2] == space.layers(small)
    names = {layer.name: layer for layer in lower(space.architecture(large))}
    for subnetwork, layers in zip(large, space.layers(large), strict=True):
        assert [names[name].settings["filters"] for name in layers] == [subnetwork.width] * subnetwork.depth


def test_the_neighbours_of_one_subnetwork() -> None:
    space = ensembles(widths=(8, 16), max_depth=2, max_subnetworks=2)
    one = (Subnetwork(1, 8),)
    assert set(space.neighbours(one)) == {
        ((2, 8),), ((1, 16),), ((1, 8), (1, 8)), ((1, 8), (1, 16)), ((1, 8), (2, 8)), ((1, 8), (2, 16)),
    }  # fmt: skip
    assert space.size() == 4 + 16


@pytest.mark.parametrize("value", [[], [[0, 16]], [[1, 17]], [[1]], "ab", [[1, 16]] * 9, [["x", 16]]])
def test_what_is_no_ensemble_is_refused(value: Any) -> None:
    with pytest.raises(ConfigError):
        ensembles().decode(value)


def test_equal_widths_are_refused() -> None:
    with pytest.raises(ConfigError, match="different numbers"):
        ensembles(widths=[16, 16])
