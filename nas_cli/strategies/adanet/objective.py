"""What AdaNet minimises."""

import math
from collections.abc import Mapping, Sequence

from nas_cli.spaces.ensemble import Subnetwork
from nas_cli.strategies.contract import Outcome
from nas_cli.strategies.exchange import finite


def objective(outcome: Outcome, ensemble: Sequence[Subnetwork], complexity: float, penalty: float) -> float | None:
    """F = loss + Σ_k (λ·r(h_k) + β)·‖w_k‖₁ (Cortes et al. 2017, eq. 4); None for a failed trial.

    The complexity of a subnetwork is r(h) = √depth, as the authors' own implementation has it for the bound of the
    paper. The loss is the validation loss (the paper's is that of the training set), minus the fitness where an
    estimator gives none.
    """
    fitness = finite(outcome.fitness)
    if fitness is None:
        return None
    loss = outcome.metrics.get("valid_loss", -fitness)
    norms = mixture_norms(outcome.metrics, len(ensemble))
    prices = [complexity * math.sqrt(subnetwork.depth) + penalty for subnetwork in ensemble]
    total = loss + sum(price * norm for price, norm in zip(prices, norms, strict=True))
    return finite(total)


def mixture_norms(metrics: Mapping[str, float], count: int) -> list[float]:
    """‖w_k‖₁ of each subnetwork's mixture weights: `mixture_l1_0`, … where the estimator measured them, else those of a
    uniform average, 1 / count."""
    measured = [metrics.get(f"mixture_l1_{at}") for at in range(count)]
    known = [norm for norm in measured if norm is not None]
    return known if len(known) == count else [1 / count] * count
