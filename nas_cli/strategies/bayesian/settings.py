"""Settings of Bayesian optimisation."""

from dataclasses import dataclass

from nas_cli.schema import choice, number


@dataclass(frozen=True, kw_only=True)
class BayesianSettings:
    """`generations` batches of `population` candidates; `attempts` draws to find one that respects the limits.

    `surrogate`: tree-structured Parzen estimators (tpe) or a Gaussian process with expected improvement.
    `startup`: outcomes before the model takes over from random candidates; with a scheduler, the outcomes that a budget
    needs before its model is used. `explore`: the share of later trials that stay random. `repeat`: a candidate may be
    proposed again. `draws`: candidates among which the best by the model is proposed; None takes 24 (tpe), as
    Bergstra et al., or 500 (gaussian_process), the neighbours of the best beside them.
    """

    name: str
    generations: int = number(1)
    population: int = number(1)
    attempts: int = number(1)
    surrogate: str = choice("tpe", "gaussian_process")
    startup: int = number(1)
    explore: float = number(0, 1)
    repeat: bool
    draws: int | None = number(1)
