"""A folded architecture: which boxes every path passes, and what lies between."""

from nas_cli.reports.blocks import Block, blocks_of
from nas_cli.reports.outline import Module, outline
from nas_cli.reports.page.outline_list import outline_list
from nas_cli.spaces.architecture import Architecture, Node, node


def conv(*inputs: int) -> Node:
    return node("conv2d", inputs, filters=8, kernel=3, stride=1, use_bias=True, activation="relu")


def residual(modules: int) -> list[Block]:
    """A convolution, then `modules` times two convolutions beside a skip connection, added."""
    nodes = [node("input", shape=(8, 8, 3)), conv(0)]
    for _ in range(modules):
        last = len(nodes) - 1
        nodes += [conv(last), conv(last + 1), node("merge", (last + 2, last), mode="sum")]
    nodes += [node("flatten", (len(nodes) - 1,)), node("dense", (len(nodes),), units=10, activation="linear")]
    return blocks_of(Architecture(tuple(nodes)))


def test_a_chain_stays_as_it_is() -> None:
    blocks = residual(0)
    assert outline(blocks) == list(blocks)


def test_what_lies_between_two_boxes_of_every_path_is_a_module() -> None:
    parts = outline(residual(2))
    assert [type(part) for part in parts] == [Block, Block, Module, Module, Block]
    module = parts[2]
    assert isinstance(module, Module)
    assert [block.kind for block in module.blocks] == ["conv2d", "conv2d", "conv2d", "merge"]
    assert [block.inputs for block in module.blocks] == [(), (0,), (1,), (2, 0)]
    assert module.branches == 2
    assert module.macs == 2 * 8 * 8 * 8 * 9 * 8


def test_every_box_is_shown_once() -> None:
    for modules in range(4):
        blocks = residual(modules)
        shown = [layer.position for part in outline(blocks) for own in _boxes(part) for layer in own.layers]
        assert sorted(shown) == sorted(layer.position for block in blocks for layer in block.layers)


def _boxes(part: Block | Module) -> list[Block]:
    return list(part.own) if isinstance(part, Module) else [part]


def test_modules_that_look_alike_are_drawn_once() -> None:
    text = outline_list(outline(residual(3)))
    assert text.count("<svg") == 2  # the last one ends with another box
    assert text.count("like module 1") == 1
