import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nas_cli.errors import ConfigError, DataError
from nas_cli.models.builder import build
from nas_cli.models.reference import find_architecture, open_model
from nas_cli.models.settings import ModelSettings
from nas_cli.schema import validate
from nas_cli.spaces.architecture import Architecture, node

NET = Architecture(
    (
        node("input", shape=(4, 4, 1)),
        node("conv2d", (0,), filters=2, kernel=3),
        node("global_average_pool", (1,)),
        node("dense", (2,), units=3),
    )
)


def _settings(name: str | Path, **changed: Any) -> ModelSettings:
    return ModelSettings(**{"name": str(name), "keep_weights": False, "width": None, "weights": None, **changed})


@pytest.fixture
def run(tmp_path: Path) -> Path:
    best = tmp_path / "run" / "best"
    best.mkdir(parents=True)
    (best / "architecture.json").write_text(json.dumps(NET.to_json()))
    build(NET).save(best / "model.keras")
    return tmp_path / "run"


def _weights(model) -> np.ndarray:  # type: ignore[no-untyped-def, type-arg]
    return model.get_layer("conv2d_1").get_weights()[0]  # type: ignore[no-any-return]


def test_a_run_is_trained_again_from_fresh_weights_on_any_size(run: Path) -> None:
    model = open_model(_settings(run), (8, 8, 1), 3, [0.1], [0.0])
    assert model.input_shape == (None, 8, 8, 1)
    assert model.get_layer("standardise").scale == [0.1]


def test_weights_are_kept_on_request_only(run: Path) -> None:
    kept = open_model(_settings(run, keep_weights=True), (4, 4, 1), 3)
    file = run / "best" / "model.keras"
    fresh = open_model(_settings(file), (4, 4, 1), 3)
    again = open_model(_settings(file, keep_weights=True), (4, 4, 1), 3)
    np.testing.assert_array_equal(_weights(kept), _weights(again))
    assert not np.array_equal(_weights(kept), _weights(fresh))


def test_zoo_names_need_no_file() -> None:
    assert find_architecture("lenet_300_100", (28, 28, 1), 10) is not None
    assert find_architecture("mobilenet_v2", (96, 96, 3), 10) is None
    assert open_model(_settings("paper3_cnn"), (8, 8, 3), 4).output_shape == (None, 4)


def test_a_width_is_for_networks_known_by_name(run: Path) -> None:
    narrow = find_architecture("resnet20", (32, 32, 3), 10, width=0.5)
    assert narrow is not None
    assert {n["filters"] for n in narrow.nodes if n.op == "conv2d"} == {8, 16, 32}
    assert open_model(_settings("resnet20", width=0.5), (32, 32, 3), 10).get_layer("conv2d_1").filters == 8
    with pytest.raises(ConfigError, match="model 'vgg16' has no width to choose. Models that have one: .*inception_v2"):
        find_architecture("vgg16", (32, 32, 3), 10, width=0.5)
    with pytest.raises(ConfigError, match="keeps the width it was made with"):
        find_architecture(str(run), (4, 4, 1), 3, width=0.5)


@pytest.mark.parametrize("width", [0, -1, 1e9, float("nan")])
def test_impossible_widths_are_refused(width: float) -> None:
    values = {"name": "resnet20", "keep_weights": False, "width": width, "weights": None}
    with pytest.raises(ConfigError, match=r"model.width must be in \(0, 16\], got"):
        validate(ModelSettings, values, "model")


def test_weights_come_from_one_source() -> None:
    with pytest.raises(ConfigError, match="keep_weights=true and model.weights=imagenet name two sources"):
        _settings("vgg16", keep_weights=True, weights="imagenet")


def test_what_does_not_fit_is_refused_in_one_line(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="neither a known network nor a path.*Did you mean 'resnet20'"):
        find_architecture("resnet2", (32, 32, 3), 10)
    for path in ("nets/resnet2", "resnet2.keras"):
        with pytest.raises(ConfigError, match=f"model '{path}' is neither a known network nor a path that exists.$"):
            find_architecture(path, (32, 32, 3), 10)
    with pytest.raises(ConfigError, match="has 3 outputs, the data set needs 10"):
        find_architecture(str(run), (4, 4, 1), 10)
    with pytest.raises(ConfigError, match=r"takes \(4, 4, 1\) and gives \(3,\).*\. dataset.resolution=4 resizes"):
        open_model(_settings(run, keep_weights=True), (8, 8, 1), 3)
    with pytest.raises(ConfigError, match=r"the data set needs \(8, 8, 3\) and \(3,\)\.$"):
        open_model(_settings(run, keep_weights=True), (8, 8, 3), 3)
    with pytest.raises(ConfigError, match="has no weights to keep"):
        open_model(_settings("resnet20", keep_weights=True), (32, 32, 3), 10)
    (tmp_path / "net.json").write_text("{")
    with pytest.raises(DataError, match="cannot read an architecture from .*net.json"):
        find_architecture(str(tmp_path / "net.json"), (4, 4, 1), 3)
