"""Settings of MorphNet; checked without TensorFlow."""

from dataclasses import dataclass

from nas_cli.errors import ConfigError
from nas_cli.schema import choice, number


@dataclass(frozen=True, kw_only=True)
class MorphSettings:
    """One shrinking phase, and what follows it (Gordon et al. 2018, arXiv:1711.06798).

    `target`: the resource; latency is the roofline of `device`. `weighting`: resource weighs each channel by what it
    costs; uniform is plain lasso, every channel weighs 1, and only the selection counts the target.
    `regularizer`: gamma, the scales of batch norms; group_lasso, kernels; auto, gamma where a batch norm follows, else
    group_lasso. `norm`: scale of the group norm, l2 ‖w‖, rms ‖w‖/√n, or scaled √n·‖w‖.
    A unit lives while its relevance exceeds the threshold of its kind; for a kernel's norm that is at most half of the
    norm with which the phase starts, so that at the start every unit lives. The strength is `multiplier` / initial cost
    (uniform: 2 · `multiplier` / number of channels that can go).
    `multipliers`: tried in turn from the same start, and the one whose living units cost nearest to what `reduction`
    wants is taken.
    `proximal`: a soft-threshold step instead of the regularizer's gradient, which makes exact zeros. A step lowers a
    channel by learning rate · strength · its weight, whatever the optimizer, so that bringing a relevance of 1 to zero
    takes a multiplier of about channels / (learning rate · steps): far more than without, where Adam moves every scale
    by about its learning rate.
    The phase lasts `epochs`, or about `steps` if given, at the constant `learning_rate` (None: the training's own).
    `reduction`: the share of the cost that must go, by whatever threshold does that, the same for all groups relative
    to a group's mean relevance at the start; None leaves it to the thresholds.
    `expand`: afterwards all widths grow uniformly up to this share of the initial cost; None does not. Widths are
    rounded up to multiples of `round_to`, and no group gets fewer than `min_channels` (0: a group may vanish).
    """

    target: str = choice("flops", "params", "activation_memory", "latency")
    device: str
    weighting: str = choice("resource", "uniform")
    regularizer: str = choice("auto", "gamma", "group_lasso")
    norm: str = choice("l2", "rms", "scaled")
    gamma_threshold: float = number(0)
    norm_threshold: float = number(0)
    multiplier: float = number(0, open_low=True)
    multipliers: tuple[float, ...] | None = number(0, open_low=True)
    proximal: bool
    epochs: int = number(1)
    steps: int | None = number(1)
    learning_rate: float | None = number(0, open_low=True)
    reduction: float | None = number(0, 1, open_low=True, open_high=True)
    expand: float | None = number(0, open_low=True)
    round_to: int = number(1)
    min_channels: int = number(0)

    def __post_init__(self) -> None:
        if self.multipliers is not None and not self.multipliers:
            raise ConfigError("morph.multipliers must be null or a list of at least one number, got [].")
        if self.multipliers is not None and self.reduction is None:
            raise ConfigError(
                "morph.multipliers needs morph.reduction: the multiplier that comes nearest to it is taken."
            )
