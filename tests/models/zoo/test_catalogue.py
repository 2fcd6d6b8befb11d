import inspect

import keras
import numpy as np
import pytest

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.keras_cost import model_cost
from nas_cli.errors import ConfigError
from nas_cli.models import zoo
from nas_cli.models.zoo.applications import APPLICATIONS


@pytest.mark.parametrize(
    ("name", "shortcut", "macs_m", "params_m"),
    [
        ("resnet20", "projection", 40.81, 0.27),
        ("resnet20", "pad", 40.55, 0.27),
        ("resnet56", "projection", 125.75, 0.86),
        ("resnet56", "pad", 125.49, 0.86),
    ],
)
def test_residual_networks_have_their_published_cost(name: str, shortcut: str, macs_m: float, params_m: float) -> None:
    described = zoo.architecture(name, (32, 32, 3), 10, shortcut=shortcut)
    assert described is not None
    analytic, built = architecture_cost(described), model_cost(zoo.build(name, (32, 32, 3), 10, shortcut=shortcut))
    for cost in (analytic, built):
        assert (round(cost.macs / 1e6, 2), round(cost.params / 1e6, 2)) == (macs_m, params_m)
    assert analytic.activation_bytes == built.activation_bytes
    assert analytic.other_flops == built.other_flops


def test_the_pad_shortcut_takes_every_second_pixel_and_adds_zero_channels() -> None:
    model = zoo.build("resnet20", (8, 8, 3), 10, shortcut="pad")
    pad = next(layer for layer in model.layers if layer.name.endswith("_pad"))
    activation = pad.input._keras_history.operation.input
    inner = keras.Model(model.inputs, [activation, pad.output])
    before, after = inner.predict_on_batch(np.random.default_rng(0).random((1, 8, 8, 3), np.float32))
    np.testing.assert_array_equal(after[..., :16], before[:, ::2, ::2])
    assert after.shape == (1, 4, 4, 32) and not after[..., 16:].any()


def test_vgg16_and_resnet50_have_their_published_cost() -> None:
    vgg16 = model_cost(zoo.build("vgg16", (224, 224, 3), 1000))
    assert vgg16.params == 138_357_544
    assert vgg16.macs == 15_470_264_320
    resnet50 = model_cost(zoo.build("resnet50", (224, 224, 3), 1000))
    assert resnet50.params == 25_636_712
    assert round(resnet50.macs / 1e9, 2) == 3.86


def test_lenet_300_100_has_its_published_size() -> None:
    lenet = zoo.architecture("lenet_300_100", (28, 28, 1), 10)
    assert lenet is not None
    assert architecture_cost(lenet).params == 266_610


def test_vgg16_for_small_images_has_its_published_size() -> None:
    vgg = zoo.architecture("vgg16_cifar", (32, 32, 3), 10)
    assert vgg is not None
    cost = architecture_cost(vgg)
    assert (round(cost.macs / 1e6, 1), round(cost.params / 1e6, 1)) == (313.2, 14.7)


def test_every_network_of_keras_applications_has_a_name() -> None:
    published = {name for name, value in vars(keras.applications).items() if inspect.isfunction(value)}
    assert set(APPLICATIONS.values()) == published


@pytest.mark.parametrize(
    "name", ["convnext_tiny", "efficientnet_b0", "inception_v3", "mobilenet", "mobilenet_v3_small"]
)
def test_applications_of_each_kind_build_and_are_counted(name: str) -> None:
    model = zoo.build(name, (96, 96, 3), 7, [0.02] * 3, [-1.0] * 3)
    cost = model_cost(model)
    assert cost.params == model.count_params()
    assert cost.macs > 1e6
    assert model.output_shape == (None, 7)
    assert not any(layer.name == "sequential" for layer in model.layers)
    keras.backend.clear_session()


@pytest.mark.parametrize(
    ("name", "shape", "hidden"),
    [
        ("resnet20", (32, 32, 3), {8, 16, 32}),
        ("resnet56", (32, 32, 3), {8, 16, 32}),
        ("paper3_cnn", (32, 32, 3), {16, 32, 64}),
        ("lenet_300_100", (28, 28, 1), {150, 50}),
    ],
)
def test_half_the_width_is_half_of_every_hidden_layer(name: str, shape: tuple[int, ...], hidden: set[int]) -> None:
    described = zoo.architecture(name, shape, 10, width=0.5)
    assert described is not None
    sizes = {dict(n.settings).get("filters", dict(n.settings).get("units")) for n in described.nodes[:-1]}
    assert sizes - {None} == hidden
    assert described.nodes[-1]["units"] == 10


def test_options_reach_the_network() -> None:
    narrow = zoo.build("mobilenet_v2", (32, 32, 3), 10, alpha=0.35)
    assert narrow.count_params() < zoo.build("mobilenet_v2", (32, 32, 3), 10).count_params()
    assert narrow.count_params() == zoo.build("mobilenet_v2", (32, 32, 3), 10, width=0.35).count_params()
    assert zoo.build("paper3_cnn", (8, 8, 3), 10, filters=(4, 4)).get_layer("conv2d_3").filters == 4


def test_applications_answer_in_float32_under_mixed_precision() -> None:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = zoo.build("mobilenet", (32, 32, 3), 4, [0.02] * 3, [-1.0] * 3)
    finally:
        keras.config.set_dtype_policy(before)
    assert model.outputs[0].dtype == "float32"


@pytest.mark.parametrize(
    ("name", "shape", "options", "message"),
    [
        ("resnet21", (32, 32, 3), {}, "unknown model 'resnet21'. Did you mean 'resnet20'"),
        ("resnet20", (32, 32, 3), {"depth": 2}, "has no option 'depth'. Known: shortcut, width"),
        ("resnet20", (32, 32, 3), {"width": 0}, "width must be above 0, got 0"),
        ("resnet20", (32, 32, 3), {"shortcut": "none"}, "must be 'projection' or 'pad', got 'none'"),
        ("resnet20", (13,), {}, "needs images"),
        ("vgg16", (13,), {}, "needs images"),
        ("vgg16", (28, 28, 1), {}, "model 'vgg16' on inputs .28, 28, 1.: .*at least 32x32"),
        ("vgg16", (32, 32, 3), {"width": 2}, "model 'vgg16' has no width to choose"),
        ("vgg16", (32, 32, 3), {"depth": 2}, "model 'vgg16' on inputs .*depth"),
    ],
)
def test_wrong_requests_are_refused_in_one_line(name: str, shape: tuple[int, ...], options: dict, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ConfigError, match=message) as caught:
        zoo.build(name, shape, 10, **options)
    assert "\n" not in str(caught.value)
