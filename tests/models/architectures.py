"""Random architectures that use every operation, for property tests."""

from hypothesis import strategies as st

from nas_cli.spaces.architecture import Architecture, Node, node

SIZES = st.integers(1, 12)


@st.composite
def architectures(draw: st.DrawFn) -> Architecture:
    """Up to eight layers on maps that join at will, then up to four on vectors; some nodes may reach no output."""
    nodes = [node("input", shape=(draw(SIZES), draw(SIZES), draw(st.integers(1, 4))))]
    for _ in range(draw(st.integers(0, 8))):
        nodes.append(_on_map(draw, len(nodes)))
    maps = len(nodes)
    nodes.append(node(draw(st.sampled_from(["flatten", "global_average_pool"])), (draw(st.integers(0, maps - 1)),)))
    for _ in range(draw(st.integers(0, 4))):
        nodes.append(_on_vector(draw, maps, len(nodes)))
    nodes.append(node("dense", (len(nodes) - 1,), units=draw(st.integers(1, 5))))
    return Architecture(tuple(nodes))


def _on_map(draw: st.DrawFn, count: int) -> Node:
    source = draw(st.integers(0, count - 1))
    kind = draw(st.sampled_from(["conv2d", "conv2d", "depthwise", "pool", "merge", "merge", "plain", "shift"]))
    if kind == "shift":
        return node("shift", (source,))
    if kind == "conv2d":
        return node(
            "conv2d",
            (source,),
            filters=draw(st.integers(1, 6)),
            kernel=draw(st.integers(1, 5)),
            stride=draw(st.integers(1, 3)),
            activation=draw(st.sampled_from(["relu", "linear"])),
            use_bias=draw(st.booleans()),
        )
    if kind == "depthwise":
        stride, dilation = draw(st.sampled_from([(1, 1), (2, 1), (3, 1), (1, 2), (1, 3)]))
        return node(
            "depthwise_conv2d",
            (source,),
            kernel=draw(st.integers(1, 5)),
            stride=stride,
            dilation=dilation,
            multiplier=draw(st.integers(1, 3)),
            activation=draw(st.sampled_from(["relu", "linear"])),
            use_bias=draw(st.booleans()),
        )
    if kind == "pool":
        op = draw(st.sampled_from(["max_pool", "average_pool", "subsample"]))
        stride = {} if op == "subsample" or draw(st.booleans()) else {"stride": draw(st.integers(1, 3))}
        return node(op, (source,), size=draw(st.integers(1, 3)), **stride)
    return _merge(draw, 0, count) if kind == "merge" else _plain(draw, source)


def _on_vector(draw: st.DrawFn, first: int, count: int) -> Node:
    source = draw(st.integers(first, count - 1))
    kind = draw(st.sampled_from(["dense", "merge", "plain"]))
    if kind == "dense":
        return node("dense", (source,), units=draw(st.integers(1, 9)), activation="relu")
    return _merge(draw, first, count) if kind == "merge" else _plain(draw, source)


def _merge(draw: st.DrawFn, first: int, count: int) -> Node:
    sources = draw(st.lists(st.integers(first, count - 1), min_size=1, max_size=4))
    return node("merge", tuple(sources), mode=draw(st.sampled_from(["concat", "sum"])))


def _plain(draw: st.DrawFn, source: int) -> Node:
    op = draw(st.sampled_from(["batch_norm", "activation", "dropout", "zeros"]))
    if op == "activation":
        return node(op, (source,), activation=draw(st.sampled_from(["relu", "linear"])))
    return node(op, (source,), rate=0.25) if op == "dropout" else node(op, (source,))
