import subprocess
import sys

from nas_cli.costs.architecture_cost import architecture_cost
from nas_cli.costs.cost import Cost
from nas_cli.spaces.architecture import Architecture, Node, node


def _cost(*nodes: Node) -> Cost:
    return architecture_cost(Architecture(nodes))


def test_a_small_net_counted_by_hand() -> None:
    cost = _cost(
        node("input", shape=(4, 4, 3)),
        node("conv2d", (0,), filters=2, kernel=3, activation="relu"),
        node("batch_norm", (1,)),
        node("max_pool", (2,), size=2),
        node("flatten", (3,)),
        node("dropout", (4,), rate=0.5),
        node("dense", (5,), units=5),
    )
    assert cost.params == (3 * 3 * 3 + 1) * 2 + 4 * 2 + (8 + 1) * 5
    assert cost.trainable_params == cost.params - 2 * 2
    assert cost.macs == 16 * 9 * 3 * 2 + 8 * 5
    assert cost.flops == 2 * cost.macs
    assert cost.other_flops == 32 * 2 + 32 * 2 + 8 * 4 + 5  # bias and relu, batch norm, pooling, bias
    assert cost.weight_bytes == 4 * cost.params
    assert cost.activation_bytes == 4 * (48 + 32)  # input and convolution; later pairs are smaller
    assert cost.training_activation_bytes == 4 * (48 + 32 + 32 + 8 + 8 + 5)  # dropout is kept, flatten is a view


def test_a_skipped_tensor_stays_alive_until_its_reader() -> None:
    cost = _cost(
        node("input", shape=(4, 4, 1)),
        node("conv2d", (0,), filters=10, kernel=1, use_bias=False),
        node("conv2d", (1,), filters=10, kernel=1, use_bias=False),
        node("conv2d", (2,), filters=10, kernel=1, use_bias=False),
        node("merge", (3, 1), mode="sum"),
        node("global_average_pool", (4,)),
        node("dense", (5,), units=2),
    )
    assert cost.activation_bytes == 4 * 16 * 10 * 3
    assert cost.macs == 16 * (10 + 100 + 100) + 20
    assert cost.other_flops == 160 + 160 + 2


def test_a_merge_of_unequal_maps_pools_crops_and_pads() -> None:
    cost = _cost(
        node("input", shape=(9, 9, 2)),
        node("max_pool", (0,), size=2),  # 5 x 5
        node("max_pool", (0,), size=5),  # 2 x 2
        node("conv2d", (2,), filters=4, kernel=1, use_bias=False),
        node("merge", (1, 3), mode="sum"),
        node("flatten", (4,)),
        node("dense", (5,), units=1),
    )
    assert [layer.kind for layer in cost.layers if layer.name.startswith("merge_4")] == [
        "align_pool",
        "pad_channels",
        "add",
    ]
    assert [layer.output_shape for layer in cost.layers if layer.name.startswith("merge_4")] == [
        (2, 2, 2),
        (2, 2, 4),
        (2, 2, 4),
    ]


def test_cropping_follows_pooling_that_does_not_divide() -> None:
    cost = _cost(
        node("input", shape=(8, 8, 1)),
        node("max_pool", (0,), size=3),  # 3 x 3
        node("merge", (0, 1), mode="concat"),
        node("flatten", (2,)),
        node("dense", (3,), units=1),
    )
    by_name = {layer.name: layer.output_shape for layer in cost.layers}
    assert by_name["merge_2_input_0_pool"] == (4, 4, 1)
    assert by_name["merge_2_input_0_crop"] == (3, 3, 1)
    assert by_name["merge_2"] == (3, 3, 2)


def test_a_depthwise_convolution_and_overlapping_pooling_counted_by_hand() -> None:
    cost = _cost(
        node("input", shape=(5, 5, 3)),
        node("depthwise_conv2d", (0,), kernel=3, stride=2, multiplier=2, activation="relu"),  # 3 x 3 x 6
        node("max_pool", (1,), size=3, stride=1),
        node("global_average_pool", (2,)),
        node("dense", (3,), units=1, use_bias=False),
    )
    assert cost.params == (9 + 1) * 6 + 6
    assert cost.macs == 9 * 9 * 6 + 6
    assert cost.other_flops == 2 * 54 + 9 * 54 + 54


def test_dilated_convolutions_shifts_and_zeros_counted_by_hand() -> None:
    cost = _cost(
        node("input", shape=(4, 4, 2)),
        node("depthwise_conv2d", (0,), kernel=3, dilation=2, use_bias=False),
        node("shift", (1,)),  # padded to 5 x 5, then cut to 4 x 4
        node("zeros", (2,)),
        node("global_average_pool", (3,)),
        node("dense", (4,), units=1),
    )
    assert cost.macs == 16 * 9 * 2 + 2
    assert cost.other_flops == 2 * 32 + 32 + 1  # zeros, pooling, bias
    assert cost.params == 9 * 2 + 3
    assert cost.training_activation_bytes == 4 * (32 + 32 + 50 + 32 + 32 + 2 + 1)


def test_layers_the_output_does_not_need_cost_nothing() -> None:
    cost = _cost(
        node("input", shape=(8, 8, 3)),
        node("conv2d", (0,), filters=99, kernel=3),
        node("flatten", (0,)),
        node("dense", (2,), units=2),
    )
    assert cost.params == 8 * 8 * 3 * 2 + 2
    assert [layer.name for layer in cost.layers] == ["input_0", "flatten_2", "dense_3"]


def vgg16() -> Architecture:
    """VGG16 (Simonyan & Zisserman 2015) at 224 x 224 with 1000 classes."""
    nodes = [node("input", shape=(224, 224, 3))]
    for filters, repeats in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(repeats):
            nodes.append(node("conv2d", (len(nodes) - 1,), filters=filters, kernel=3, activation="relu"))
        nodes.append(node("max_pool", (len(nodes) - 1,), size=2))
    nodes.append(node("flatten", (len(nodes) - 1,)))
    for units, activation in ((4096, "relu"), (4096, "relu"), (1000, "linear")):
        nodes.append(node("dense", (len(nodes) - 1,), units=units, activation=activation))
    return Architecture(tuple(nodes))


def test_vgg16_has_its_published_size() -> None:
    cost = architecture_cost(vgg16())
    assert cost.params == 138_357_544
    assert round(cost.macs / 1e9, 2) == 15.47


def test_counting_needs_neither_tensorflow_nor_keras() -> None:
    code = (
        "import sys; from nas_cli.costs.architecture_cost import architecture_cost; from nas_cli.models import zoo;"
        "import nas_cli.costs.limits, nas_cli.costs.throughput, nas_cli.costs.latency, nas_cli.costs.keras_cost;"
        "architecture_cost(zoo.architecture('resnet20', (32, 32, 3), 10));"
        "print(sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
