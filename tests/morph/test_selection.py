"""Which units stay, and how widths grow, by hand."""

from typing import Any

import numpy as np
import pytest

from nas_cli.morph.expand import expand
from nas_cli.morph.relevance import Relevance
from nas_cli.morph.selection import Candidates, Selection, select
from nas_cli.surgery.channels import Channels, find_channels
from nas_cli.surgery.resource import resource
from tests.morph import nets

GAMMAS = {"a": (1.0, 0.5, 0.005, 0.02), "b": (0.3, -0.7, 0.009, 1.1, -0.004), "c": (0.25, 0.75, 0.002)}


def chosen(gammas: Any = GAMMAS, **changes: Any) -> Selection:
    channels = find_channels(nets.with_gammas(nets.chain(), gammas))
    settings = nets.settings(**changes)
    relevance = Relevance(channels, settings)
    candidates = Candidates(channels, relevance.living(), relevance.scores(), relevance.immortal)
    return select(candidates, resource("flops", channels), settings)


def marks(selection: Selection) -> dict[str, str]:
    return {
        name[-1]: "".join("01"[int(kept)] for kept in mask) for name, mask in selection.keep.items() if "conv" in name
    }


def test_units_over_their_thresholds_stay() -> None:
    selection = chosen()
    assert marks(selection) == {"a": "1101", "b": "11010", "c": "110"}
    assert selection.cost == 13160


def test_the_best_come_back_up_to_a_multiple_and_the_group_size() -> None:
    """a: 3 → 4; b: 3 → 4 with the best of 0.009 and 0.004; c: 2 → 4, of which there are 3."""
    assert marks(chosen(round_to=4)) == {"a": "1111", "b": "11110", "c": "111"}


def test_no_group_loses_all() -> None:
    dying = {"a": (0.001, 0.003, 0.002, 0.001), "b": (1,) * 5, "c": (1,) * 3}
    assert marks(chosen(dying))["a"] == "0100"
    assert marks(chosen(dying, min_channels=2))["a"] == "0110"
    assert marks(chosen(dying, min_channels=0))["a"] == "0000"


def test_reduction_takes_the_smallest_threshold_that_does_it() -> None:
    """Of 20076 FLOPs 30 % must go: 14053 may stay. In rising order of r go b₄ (0.004), c₂, a₂ (0.005), b₂, a₃ (0.02):
    without the first four 13160 are left (a 3, b 3, c 2), before b₂ 1152·9 + 288·3·4 + 32·4·2 + 8 = 14088.
    """
    selection = chosen(reduction=0.3)
    assert marks(selection) == {"a": "1101", "b": "11010", "c": "110"}
    assert selection.threshold == pytest.approx(0.009)
    assert selection.reached
    assert chosen(reduction=0.298).cost == 14088


def test_a_reduction_out_of_reach_gives_the_most_and_says_so() -> None:
    selection = chosen(reduction=0.99)
    assert not selection.reached
    assert selection.cost == 1152 * 3 + 288 + 32 + 4


def everything(channels: Channels) -> dict[str, Any]:
    return {group.name: np.ones(len(group.units), bool) for group in channels.groups}


def test_widths_grow_by_the_largest_factor_that_fits() -> None:
    """F(ω) of widths (4, 5, 3): (8, 10, 6) cost 1152·3·8 + 288·80 + 32·60 + 24 = 52632; the next step is b = 11 at
    ω = 2.1, 55128 FLOPs.
    """
    channels = find_channels(nets.chain())
    omega, sizes = expand(channels, everything(channels), resource("flops", channels), 55127, 1)
    assert sizes == {"conv_a": 8, "conv_b": 10, "conv_c": 6}
    assert omega == pytest.approx(2.1, rel=1e-6)
    assert expand(channels, everything(channels), resource("flops", channels), 55128, 1)[1]["conv_b"] == 11


def test_grown_widths_are_multiples_and_never_below_what_stays() -> None:
    """(8, 12, 8) cost 58400, from ω = 2 on; a becomes 12 at ω = 2.5."""
    channels = find_channels(nets.chain())
    _, sizes = expand(channels, everything(channels), resource("flops", channels), 60000, 4)
    assert sizes == {"conv_a": 8, "conv_b": 12, "conv_c": 8}
    omega, sizes = expand(channels, everything(channels), resource("flops", channels), 1000, 4)
    assert (omega, sizes) == (1.0, {"conv_a": 4, "conv_b": 5, "conv_c": 3})
