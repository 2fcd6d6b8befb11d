from typing import Any

import pytest

from nas_cli.oneshot.ordinary import ordinary_epoch_seconds
from tests.spaces.configured import registered
from tests.training.examples import table, training


@pytest.mark.parametrize("stem", ["learned", "none"])
def test_an_ordinary_network_is_timed_for_graphs_whose_width_may_be_given(stem: str) -> None:
    operations = ("none", "identity", "dense_tanh")
    space: Any = registered("dag", (4,), 1, vertices=3, width=4, stem=stem, vector_operations=operations)
    assert ordinary_epoch_seconds(space, table(64), training(), 16, 1.0) > 0
