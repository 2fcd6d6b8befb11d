"""Settings of Gaussian weights; checked without TensorFlow."""

from dataclasses import dataclass

from nas_cli.schema import choice, number


@dataclass(frozen=True, kw_only=True)
class RelevanceSettings:
    """Whether weights are distributions, whose precisions tell the relevant ones (ard), or numbers (none).

    `share`: which weights have one precision a together: none, those of one input, or those of one output.
    `update`: closed_form, a = 1/mean(μ² + σ²); hypergradient, a gradient step on the validation loss through one
    step of the weights (second order only).
    `initial_log_variance`: log σ² at the start.
    """

    name: str = choice("none", "ard")
    share: str = choice("weight", "input", "output")
    update: str = choice("closed_form", "hypergradient")
    initial_log_variance: float = number(-20, 0)
