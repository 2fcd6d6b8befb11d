"""Settings of what a pruning run does besides the pruning itself; checked without TensorFlow."""

from dataclasses import dataclass

from nas_cli.errors import ConfigError
from nas_cli.schema import number


@dataclass(frozen=True, kw_only=True)
class PruneLoopSettings:
    """What the pruned network is compared with, and what else is looked at.

    `baseline`: also train the network as it came, unpruned, for as many epochs as the pruned one had. `random`: also
    prune it by the random criterion, everything else equal. `scan`: before the first round, prune each layer alone by
    each share of `scan_points`, and note what is left of the validation accuracy without any training. `test_rounds`:
    at the end, test the networks of all rounds and controls too, once; nothing is chosen by it.
    """

    baseline: bool
    random: bool
    scan: bool
    scan_points: tuple[float, ...] = number(0, 1, open_low=True, open_high=True)
    test_rounds: bool

    def __post_init__(self) -> None:
        """
        Raises:
            ConfigError: if there is no share to scan, or the shares do not rise.
        """
        points = list(self.scan_points)
        if not points or points != sorted(set(points)):
            raise ConfigError(f"loop.scan_points must be a list of rising shares, got {points}.")
