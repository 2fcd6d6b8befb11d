"""Document 1: MorphNet with Horovod."""

from collections.abc import Callable
from functools import partial

from nas_cli.reports.experiments.morphnet import claim_values
from nas_cli.reports.reproduction import rules
from nas_cli.reports.reproduction.folder import Folder, Missing
from nas_cli.reports.reproduction.row import DIRECTION, Claim, Judged

NAME = "1. MorphNet with Horovod"
PART = "inception_v2"
SPEED = "images per second, Horovod against one process"
CUTS = {"MorphNet, one process": 8.0, "MorphNet, Horovod": 12.0}
"""Percent of the FLOPs that the document leaves out without loss."""

REDUCED = "CIFAR-10 for ImageNet and JFT, Inception v2 of a quarter of the width, 2 processes on one host"
DATA = (
    "JFT is not public and ImageNet is not here: CIFAR-10 stands in, against width multipliers at equal FLOPs; "
    "`nas morph --experiment morphnet_inception_v2 --dataset imagenet model.width=1` with ImageNet in NAS_DATA_DIR, or "
    "`--dataset image_folder dataset.path=…`, runs it"
)


def claims() -> list[Claim]:
    """A claim per row of the document's table, and Figure 1."""
    return [
        _claim("images per second, Horovod against the plain implementation", "+10 %", _speed),
        *(
            _claim(f"FLOPs without loss of accuracy, {name}", f"-{cut:g} %", partial(_cut, name=name, theirs=cut))
            for name, cut in CUTS.items()
        ),
        _claim("accuracy of the Horovod implementation, JFT", "+2.5 % at equal cost", _at_equal_cost, DATA),
        _claim("accuracy of the Horovod implementation, ImageNet", "+1.3 %", _at_equal_cost, DATA),
        _claim("Figure 1: accuracy against FLOPs of three families", "both MorphNets above the widths", _figure),
    ]


def _claim(item: str, paper: str, judge: Callable[[Folder], Judged], impossible: str = "") -> Claim:
    command = "python scripts/reproduce_morphnet.py --only inception_v2"
    return Claim(NAME, item, paper, "morphnet", PART, command, REDUCED, judge, impossible)


def _value(folder: Folder, claim: str) -> float:
    """Ours, in percent."""
    values = {name: ours for name, _, ours in claim_values(folder.table("summary.csv", experiment=PART))}
    if claim not in values:
        raise Missing(f"{folder.path.name}/summary.csv has not all arms of {PART}")
    return 100 * values[claim]


def _speed(folder: Folder) -> Judged:
    ours = _value(folder, SPEED)
    return Judged(
        f"{ours:+.1f} %, 2 processes",
        rules.gain(ours, 10.0),
        "reproduced from +5 % on; two processes share the cores that one has alone, the document's had GPUs of their "
        "own",
    )


def _cut(folder: Folder, name: str, theirs: float) -> Judged:
    ours = -_value(folder, f"FLOPs without loss, {name}")
    why = f"reproduced from -{theirs:g} % on; no loss: not below the whole network by more than its seeds' half spread"
    return Judged(f"{-ours:+.1f} %", rules.gain(ours, theirs, share=1.0), why)


def _at_equal_cost(folder: Folder) -> Judged:
    ours = _value(folder, "accuracy at equal cost, MorphNet, Horovod")
    return Judged(f"{ours:+.1f} points on CIFAR-10, against widths at equal FLOPs", DIRECTION, DATA)


def _figure(folder: Folder) -> Judged:
    gains = {name: _value(folder, f"accuracy at equal cost, {name}") for name in CUTS}
    ours = "; ".join(f"{name} {gain:+.1f} points" for name, gain in gains.items())
    verdict = rules.counted([gain > 0 for gain in gains.values()])
    return Judged(f"{ours} (inception_v2.png)", verdict, "mean gain over width multipliers at equal FLOPs above zero")
