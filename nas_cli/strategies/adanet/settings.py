"""Settings of AdaNet."""

from dataclasses import dataclass

from nas_cli.schema import number


@dataclass(frozen=True, kw_only=True)
class AdaNetSettings:
    """Up to `generations` rounds of `population` candidates, in turn as deep as the ensemble and one layer deeper;
    fewer where the space has no more of them.

    `complexity` and `penalty`: λ and β of the objective, the price of a subnetwork's mixture weights for its complexity
    and for being there. `force_grow`: a round's best candidate becomes the ensemble even if its objective is no better;
    else the search ends there. `attempts`: subnetworks tried to find one that respects the limits.
    """

    name: str
    generations: int = number(1)
    population: int = number(1)
    attempts: int = number(1)
    complexity: float = number(0)
    penalty: float = number(0)
    force_grow: bool
