import keras
import numpy as np
import pytest

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.keras_cost import model_cost
from nas_cli.costs.shapes import shapes
from nas_cli.errors import ConfigError
from nas_cli.models import zoo
from nas_cli.models.zoo.inception_v2 import inception_v2, stem_halvings


def test_it_has_its_published_size() -> None:
    """TF-Slim's own test counts 10,173,112 numbers before the output layer. Its batch norms have no gammas, and its
    first convolution a bias where ours has a batch norm."""
    cost = architecture_cost(inception_v2((224, 224, 3), 1000))
    gammas = sum(layer.output_shape[-1] for layer in cost.layers if layer.kind == "batch_norm")
    output_layer = 1024 * 1000 + 1000
    assert cost.params - gammas - output_layer - 3 * 64 + 64 == 10_173_112
    assert round(cost.params / 1e6, 1) == 11.2
    assert round(cost.macs / 1e9, 2) == 1.93


def test_its_modules_have_their_published_outputs() -> None:
    described = inception_v2((224, 224, 3), 1000)
    joined = [shape for n, shape in zip(described.nodes, shapes(described), strict=True) if n.op == "merge"]
    assert joined == [
        (28, 28, 256),
        (28, 28, 320),
        *[(14, 14, 576)] * 5,
        *[(7, 7, 1024)] * 3,
    ]


def test_width_multiplies_every_filter() -> None:
    whole, half = inception_v2((224, 224, 3), 10), inception_v2((224, 224, 3), 10, width=0.5)
    filters = [[n["filters"] for n in net.nodes if n.op == "conv2d"] for net in (whole, half)]
    assert [2 * count for count in filters[1]] == filters[0]
    tiny = inception_v2((32, 32, 3), 10, width=0.001)
    assert {n["filters"] for n in tiny.nodes if n.op == "conv2d"} == {1}
    with pytest.raises(ConfigError, match="width must be above 0, got -0.5"):
        inception_v2((32, 32, 3), 10, width=-0.5)


@pytest.mark.parametrize(
    ("size", "first_module"), [(224, 28), (96, 12), (95, 24), (64, 16), (48, 12), (32, 16), (28, 14), (8, 8)]
)
def test_the_stem_leaves_small_images_something_to_see(size: int, first_module: int) -> None:
    described = inception_v2((size, size, 3), 10)
    first = next(shape for n, shape in zip(described.nodes, shapes(described), strict=True) if n.op == "merge")
    assert first[:2] == (first_module, first_module)
    assert (stem_halvings(size) == 3) == (size >= 96)


def test_the_built_model_has_gammas_and_the_counted_cost() -> None:
    described = inception_v2((32, 32, 3), 10, width=0.25)
    model = zoo.build("inception_v2", (32, 32, 3), 10, [0.02] * 3, [-2.0] * 3, width=0.25)
    expected, found = architecture_cost(described), model_cost(model)
    assert (found.macs, found.other_flops, found.params) == (expected.macs, expected.other_flops, expected.params)
    assert found.activation_bytes == expected.activation_bytes
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(norms) == 69 and all(layer.scale for layer in norms)
    keras.backend.clear_session()


@pytest.mark.slow
def test_it_trains() -> None:
    model = zoo.build("inception_v2", (32, 32, 3), 10, [0.02] * 3, [-2.0] * 3, width=0.25)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.float32)
    assert np.isfinite(model.train_on_batch(images, np.arange(4)))
    keras.backend.clear_session()


def test_it_takes_grey_images_and_no_vectors() -> None:
    assert zoo.build("inception_v2", (28, 28, 1), 10, width=0.1).output_shape == (None, 10)
    with pytest.raises(ConfigError, match="needs images"):
        inception_v2((13,), 10)
