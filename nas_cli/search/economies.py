"""Which results of earlier trials a search may use again."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Economies:
    """What makes later trials cheaper; each by itself, all off for a search in which every trial stands alone.

    `cache`: a candidate equal to one of an earlier generation takes over its score. `reuse`: networks start from
    trained weights of earlier ones that share a part. `inherit`: they start from the nearest earlier network.
    `continues`: a trial may go on from the network that the same candidate had with a smaller budget. `stop_early`:
    trainings are told a bar below which they may stop. `proxy`: the metric in which a network must be among the best
    `keep` (a share) to be worth its training. `networks`: False where trials leave no network, so that none is kept or
    missed.
    """

    cache: bool = False
    reuse: bool = False
    inherit: bool = False
    continues: bool = False
    stop_early: bool = False
    proxy: str | None = None
    keep: float = 1.0
    networks: bool = True

    @property
    def keep_all(self) -> bool:
        """True if any trained network may be asked for until the search ends."""
        return self.networks and (self.reuse or self.inherit or self.continues)


NONE = Economies()
