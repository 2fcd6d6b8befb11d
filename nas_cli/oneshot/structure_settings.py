"""Settings of the relaxed structure and of its prior; checked without TensorFlow."""

from dataclasses import dataclass

from nas_cli.schema import choice, number


@dataclass(frozen=True, kw_only=True)
class StructureSettings:
    """How logits become the weights γ of operations.

    `relaxation`: softmax(α), or the Gumbel-Softmax softmax((α + g)/τ) with fresh noise g in each step. `simplex`: what
    sums to one, the operations of an edge or those of all edges into a vertex. `temperature_start`,
    `temperature_end`: τ at the beginning and the end of the search, exponential between; softmax has τ = 1.
    """

    relaxation: str = choice("softmax", "gumbel_softmax")
    simplex: str = choice("edge", "vertex")
    temperature_start: float = number(0, open_low=True)
    temperature_end: float = number(0, open_low=True)


@dataclass(frozen=True, kw_only=True)
class PriorSettings:
    """What is believed of γ beforehand; the outer objective grows by −`weight`·log P(Γ).

    `weight`: λ, relative to a validation loss that is a mean over examples. `concentration`: of the symmetric
    Dirichlet density; below 1 it favours vertices of the simplex, above 1 its middle. `temperature`: τ of the
    Gumbel-Softmax density; its modes are the vertices for τ ≤ 1/(n − 1) with n operations. `floor`: no γ counts as
    less, because both densities are unbounded at a vertex.
    """

    name: str = choice("none", "dirichlet", "gumbel_softmax")
    weight: float = number(0)
    concentration: float = number(0, open_low=True)
    temperature: float = number(0, open_low=True)
    floor: float = number(0, 0.5, open_low=True, open_high=True)
