"""Which results of earlier generations a search may use again."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Economies:
    """What makes later generations cheaper; each by itself, all off for a search in which every trial stands alone.

    `cache`: a network equal to one of an earlier generation takes over its score. `reuse`: networks start from trained
    weights of earlier ones, so all trained networks are kept until the search ends. `stop_early`: trainings are told a
    bar below which they may stop.
    """

    cache: bool = False
    reuse: bool = False
    stop_early: bool = False


NONE = Economies()
