"""What a run consists of, before it begins."""

from typing import Any

import pytest

from nas_cli.errors import ConfigError
from nas_cli.prune.loop_settings import PruneLoopSettings
from nas_cli.prune.phases import BASELINE, Phase, phases
from tests.prune.prune_settings import prune


def plan(loop: dict[str, bool], **changes: Any) -> list[Phase]:
    """Of a network with fresh weights, whose ordinary training has 10 epochs."""
    off = {"baseline": False, "random": False, "scan": False, "test_rounds": False}
    return phases(prune(**changes), PruneLoopSettings(**(off | loop), scan_points=(0.5,)), 10, False, 0)


@pytest.mark.parametrize(
    ("changes", "epochs"),
    [
        ({"rounds": 3, "fine_tune": 2, "last_fine_tune": 5}, 10 + 2 + 2 + 5),
        ({"rounds": 3, "fine_tune": 4, "rewind": "init"}, 4),
        ({"rounds": 3, "fine_tune": 4, "rewind": "epoch:2"}, 2 + 4),
        ({"when": "step", "fine_tune": 4}, 10 + 4),
    ],
)
def test_the_baseline_is_trained_as_long_as_the_weights_of_the_result(changes: dict[str, Any], epochs: int) -> None:
    found = plan({"baseline": True}, **changes)[-1]
    assert (found.kind, found.epochs) == (BASELINE, epochs)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"when": "step"}, "loop.random=true needs prune.when=round"),
        ({"criterion": "random"}, "would prune by chance twice"),
    ],
)
def test_chance_beside_what_would_be_the_same_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plan({"random": True}, **changes)


def test_weights_go_back_to_an_epoch_that_the_first_training_has() -> None:
    assert plan({}, rewind="epoch:10")
    with pytest.raises(ConfigError, match="prune.rewind=epoch:11 is behind the 10 epoch"):
        plan({}, rewind="epoch:11")
