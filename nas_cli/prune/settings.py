"""Settings of pruning; checked without TensorFlow."""

from dataclasses import dataclass

from nas_cli.errors import ConfigError
from nas_cli.schema import choice, number


@dataclass(frozen=True, kw_only=True)
class PruneSettings:
    """What goes, by which score, how much of it and when; and what the weights that stay start again from.

    `granularity`: weight sets single weights of kernels to zero for good; neuron (units of dense layers), filter
    (output channels of convolutions) and unit (both) make the layers smaller. `criterion`: of `saliency`.
    `norm`: a filter's magnitude, l1 or l2. `taylor`: of a sum w·g over a filter its absolute value or its square.
    `curvature`: h of OBD, the empirical Fisher diagonal or an estimate of that of Gauss and Newton.
    `batches`: of training.batch_size training examples each, for every criterion that needs examples.

    `target` sparsity: the share `sparsity` of all weights or units that can go; flops, params, latency: the share
    `reduction` of the cost of the first network; latency is the roofline of `device`.
    `spread`: how the share is divided among layers; `normalise`: what a score is divided by before layers are compared
    in global spread: the layer's mean score, its l2 norm (Molchanov et al. 2017, arXiv:1611.06440) or nothing.
    `output_rate`: the share of the others' rate at which the output layer's weights go (0.5 for lottery tickets).
    `include`, `exclude`: names of the layers that are pruned, of those that are not; None is all, and none.

    `schedule` from `initial` to the target, over `rounds` of score, remove and fine-tune (`when`=round) or while one
    training runs (`when`=step), between the shares `begin` and `end` of its steps, every `update_every` steps.
    `rate`: of what is left, the share that goes in each round of an iterative schedule, in place of `sparsity`.

    `regrow`: rigl or set exchange the share `drop_fraction` of a layer's weights every `update_every` steps, less and
    less until the share `until` of a training. `rewind`: none, init or epoch:K, the weights from which the remaining
    ones are trained after each round; `reinit`: also from new random ones, the control of a lottery ticket.
    `train_first`: epochs before the first round; None those of a training for fresh weights, none for others.
    `fine_tune`: epochs after each round; `last_fine_tune`: after the last one, None as many. `learning_rate`: of
    fine-tuning, None the training's own.
    `engine`: own, or tfmot with its patterns: free, block (of `block` rows and columns) and 2:4.
    """

    criterion: str = choice("magnitude", "taylor", "obd", "activation", "random")
    granularity: str = choice("weight", "neuron", "filter", "unit")
    norm: str = choice("l1", "l2")
    taylor: str = choice("absolute", "squared")
    curvature: str = choice("fisher", "gauss_newton")
    batches: int = number(1)
    target: str = choice("sparsity", "flops", "params", "latency")
    sparsity: float | None = number(0, 1, open_high=True)
    reduction: float | None = number(0, 1, open_low=True, open_high=True)
    device: str
    spread: str = choice("uniform", "global", "sensitivity", "erk")
    normalise: str = choice("mean", "l2", "none")
    output_rate: float = number(0, 1)
    include: tuple[str, ...] | None
    exclude: tuple[str, ...] | None
    round_to: int = number(1)
    min_channels: int = number(1)
    schedule: str = choice("one_shot", "linear", "iterative", "cubic")
    when: str = choice("round", "step")
    rounds: int = number(1, 100)
    initial: float = number(0, 1, open_high=True)
    rate: float | None = number(0, 1, open_low=True, open_high=True)
    begin: float = number(0, 1, open_high=True)
    end: float = number(0, 1, open_low=True)
    regrow: str = choice("none", "rigl", "set")
    drop_fraction: float = number(0, 1, open_low=True)
    update_every: int = number(1)
    until: float = number(0, 1, open_low=True)
    rewind: str
    reinit: bool
    train_first: int | None = number(0)
    fine_tune: int = number(0)
    last_fine_tune: int | None = number(0)
    learning_rate: float | None = number(0, open_low=True)
    engine: str = choice("own", "tfmot")
    pattern: str = choice("free", "block", "2:4")
    block: tuple[int, int] | None = number(1)

    def __post_init__(self) -> None:
        """
        Raises:
            ConfigError: for settings that do not go together.
        """
        _check_amount(self)
        _check_schedule(self)
        _check_granularity(self)
        _check_rewind(self)
        _check_engine(self)

    @property
    def structured(self) -> bool:
        """Whether whole units go, so that the network becomes smaller."""
        return self.granularity != "weight"

    @property
    def final(self) -> float:
        """The share that is gone at the end: of weights or units, or of the target's cost."""
        if self.rate is not None:
            return 1 - float((1 - self.rate) ** self.rounds)
        share = self.sparsity if self.target == "sparsity" else self.reduction
        return 0.0 if share is None else share

    @property
    def comparison(self) -> str:
        """What scores are divided by before layers are compared, as `normalise`; random ones by nothing: they are
        comparable, and any norm that depends on a layer's width would make chance prefer wide ones."""
        return "none" if self.criterion == "random" else self.normalise

    @property
    def rewind_epoch(self) -> int | None:
        """The epoch whose weights are taken up again, 0 for the initial ones; None without rewinding."""
        if self.rewind == "none":
            return None
        return 0 if self.rewind == "init" else int(self.rewind.removeprefix("epoch:"))

    def epochs_after(self, round_number: int) -> int:
        """Epochs of fine-tuning after a round, 1..rounds."""
        last = round_number == self.rounds and self.last_fine_tune is not None
        return (self.last_fine_tune or 0) if last else self.fine_tune


def _check(wrong: bool, message: str) -> None:
    if wrong:
        raise ConfigError(message)


def _check_amount(s: PruneSettings) -> None:
    if s.target == "sparsity":
        _check(s.reduction is not None, f"prune.reduction={s.reduction} with prune.target=sparsity: must be null.")
        _check(
            (s.sparsity is None) == (s.rate is None),
            f"prune.sparsity={s.sparsity} with prune.rate={s.rate}: one of them must be a number, the other null.",
        )
    else:
        _check(
            s.reduction is None or s.sparsity is not None or s.rate is not None,
            f"prune.target={s.target} needs prune.reduction, the share of the cost that goes, and prune.sparsity and "
            "prune.rate null.",
        )
    _check(
        s.initial > s.final,
        f"prune.initial={s.initial:g} is above the share that the schedule ends with: must be at most {s.final:g}.",
    )


def _check_schedule(s: PruneSettings) -> None:
    _check(
        s.rate is not None and (s.schedule != "iterative" or s.initial > 0),
        f"prune.rate={s.rate} belongs to prune.schedule=iterative with prune.initial=0; give prune.sparsity instead.",
    )
    _check(
        s.schedule == "one_shot" and s.rounds != 1,
        f"prune.schedule=one_shot removes all at once: prune.rounds must be 1, got {s.rounds}.",
    )
    _check(s.begin >= s.end, f"prune.begin={s.begin:g} must be below prune.end={s.end:g}.")
    if s.when == "step":
        _check(
            s.criterion != "magnitude" or s.granularity != "weight" or s.spread not in ("uniform", "erk"),
            "prune.when=step prunes inside a training: it needs criterion=magnitude, granularity=weight and "
            "spread=uniform or erk.",
        )
        _check(
            s.rounds != 1 or s.regrow != "none" or s.rewind != "none" or s.rate is not None,
            "prune.when=step is one training: it needs prune.rounds=1, regrow=none, rewind=none and rate=null.",
        )


def _check_granularity(s: PruneSettings) -> None:
    if s.structured:
        _check(
            s.regrow != "none",
            f"prune.regrow={s.regrow} needs prune.granularity=weight: units that are removed cannot come back.",
        )
        _check(s.spread == "erk", "prune.spread=erk is a rule for weights: it needs prune.granularity=weight.")
        _check(s.output_rate != 1, f"prune.output_rate={s.output_rate:g} needs prune.granularity=weight: outputs stay.")
        return
    _check(
        s.target != "sparsity",
        f"prune.target={s.target} needs prune.granularity=neuron, filter or unit: zeros among the weights change "
        "neither the arithmetic nor the size.",
    )
    _check(
        s.criterion == "activation",
        "prune.criterion=activation scores whole channels: it needs prune.granularity=neuron, filter or unit.",
    )
    _check(
        s.round_to != 1 or s.min_channels != 1,
        "prune.round_to and prune.min_channels are about channels: both must be 1 with prune.granularity=weight.",
    )
    _check(
        s.output_rate != 1 and s.spread != "uniform",
        f"prune.output_rate={s.output_rate:g} needs prune.spread=uniform, got {s.spread}.",
    )


def _check_rewind(s: PruneSettings) -> None:
    epoch = s.rewind.removeprefix("epoch:")
    known = s.rewind in ("none", "init") or (s.rewind.startswith("epoch:") and epoch.isdecimal() and int(epoch) > 0)
    _check(not known, f"prune.rewind must be none, init or epoch:K with K of at least 1, got '{s.rewind}'.")
    _check(
        s.reinit and s.rewind == "none",
        "prune.reinit=true is the control of a lottery ticket: it needs prune.rewind=init or epoch:K.",
    )
    _check(
        s.train_first is not None and s.train_first < (s.rewind_epoch or 0),
        f"prune.rewind={s.rewind} needs prune.train_first of at least {s.rewind_epoch} epochs, got {s.train_first}.",
    )


def _check_engine(s: PruneSettings) -> None:
    _check(
        (s.block is not None) != (s.pattern == "block"),
        f"prune.block={s.block} with prune.pattern={s.pattern}: pattern=block needs a list of two sizes, others null.",
    )
    if s.engine == "own":
        _check(s.pattern != "free", f"prune.pattern={s.pattern} needs prune.engine=tfmot.")
        return
    _check(
        s.when != "step" or s.spread != "uniform" or s.output_rate != 1,
        "prune.engine=tfmot prunes by magnitude while it trains, every layer alike: it needs when=step, "
        "spread=uniform and output_rate=1.",
    )
    _check(
        s.schedule == "iterative",
        "prune.engine=tfmot has no iterative schedule: prune.schedule must be one_shot, linear or cubic.",
    )
    _check(
        s.pattern == "2:4" and s.final != 0.5,
        f"prune.pattern=2:4 keeps two of every four weights: prune.sparsity must be 0.5, got {s.final:g}.",
    )
