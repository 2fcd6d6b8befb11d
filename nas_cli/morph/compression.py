"""What a shrinking phase decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nas_cli.surgery.keep import Keep


@dataclass(frozen=True, kw_only=True)
class Compression:
    """The outcome of `compress`; counts by group are in units (channels, or blocks that go together).

    `keep`: masks of the groups that can lose channels, before any growth. `alive`: units over their thresholds at the
    end of the phase. `sizes`: units that the network is to have, after rounding, `min_channels` and expansion.
    `widths`: output channels that each convolution and dense layer is to have, by its path; growth included.
    `dead`: groups without a unit over its threshold. `cost_before`, `cost_after`: the target's, without growth;
    `flops_*`, `params_*`: of the whole network as `costs` counts them, likewise.
    `strength`: λ. `multiplier`: the one taken. `threshold`: the relevance that a unit of the result had to
    exceed; with `reduction` as a share of its group's mean at the start of the phase.
    `omega`: the factor of the uniform expansion, None if there was none.
    `curve`: one mapping per epoch, as `progress` got it, of all multipliers tried. `seconds`: of the whole call;
    `compile_seconds`: of these, the calls that compile.
    """

    keep: Keep
    alive: Mapping[str, int]
    sizes: Mapping[str, int]
    widths: Mapping[str, int]
    dead: tuple[str, ...]
    cost_before: float
    cost_after: float
    flops_before: int
    flops_after: int
    params_before: int
    params_after: int
    strength: float
    multiplier: float
    threshold: float
    omega: float | None
    curve: tuple[Mapping[str, Any], ...]
    seconds: float
    compile_seconds: float
    warnings: tuple[str, ...]
