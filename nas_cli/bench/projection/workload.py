"""What a data-parallel step computes and sends: arithmetic per image, and the gradient tensors of a network."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from nas_cli.costs.cost import FLOAT32_BYTES, Cost
from nas_cli.errors import ConfigError, DataError
from nas_cli.schema import nearest

PROFILES = Path(__file__).parent / "workloads"

TRAINING_OVER_FORWARD = 3
"""Arithmetic of a training step over that of its forward pass: the backward pass computes two gradients per product,
those of the activations and those of the weights."""


@dataclass(frozen=True)
class Workload:
    """A network as a cluster sees it.

    `image_size`: pixels per side. `macs`: multiply-accumulates of the forward pass of one image. `params`: trainable
    numbers. `tensors`: how many of them each gradient tensor holds, in order of the forward pass.
    """

    name: str
    image_size: int
    macs: int
    tensors: tuple[int, ...]

    @property
    def params(self) -> int:
        """Trainable parameters."""
        return sum(self.tensors)

    @property
    def gradient_bytes(self) -> int:
        """Bytes that one worker's gradients, or one copy of the variables, take in float32."""
        return FLOAT32_BYTES * self.params

    @property
    def training_flops(self) -> int:
        """FLOPs (2 per MAC) of one training step per image."""
        return 2 * TRAINING_OVER_FORWARD * self.macs


def names() -> tuple[str, ...]:
    """The networks that have a profile."""
    return tuple(sorted(path.stem for path in PROFILES.glob("*.yaml")))


@functools.cache
def profiled(name: str) -> Workload:
    """The workload of a network that has a profile.

    Raises:
        ConfigError: if there is none of this name.
        DataError: if the profile is damaged.
    """
    if name not in names():
        raise ConfigError(f"unknown model '{name}'.{nearest(name, names())} Known: {', '.join(names())}.")
    file = PROFILES / f"{name}.yaml"
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
        tensors = tuple(int(size) for size in values["tensors"])
        return Workload(name, int(values["image_size"]), int(values["macs"]), tensors)
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise DataError(f"{file} is damaged: restore it from a copy ({error}).") from error


def of_cost(name: str, image_size: int, cost: Cost) -> Workload:
    """The workload of a counted network; the parameters of each layer are taken as one tensor."""
    tensors = tuple(layer.trainable_params for layer in cost.layers if layer.trainable_params)
    return Workload(name, image_size, cost.macs, tensors)


def largest_share(tensors: Sequence[int], servers: int) -> int:
    """Numbers on the fullest of `servers` when whole tensors are dealt out in turn, in order of the forward pass.

    That is how TensorFlow's parameter servers place variables; a tensor larger than the rest stays on one server.
    """
    return max(sum(tensors[first::servers]) for first in range(min(servers, len(tensors))))


def fused(tensors: Sequence[int], threshold_bytes: float) -> tuple[int, ...]:
    """Bytes of the messages of an all-reduce, in order of the backward pass (the last tensor first).

    Neighbours share a message as long as it stays within the threshold; a larger tensor is a message of its own.
    Horovod's tensor fusion, for a backward pass that hands gradients over faster than they are sent.
    """
    messages: list[int] = []
    open_message = False
    for size in (FLOAT32_BYTES * count for count in reversed(tensors)):
        if open_message and messages[-1] + size <= threshold_bytes:
            messages[-1] += size
        else:
            messages.append(size)
        open_message = messages[-1] < threshold_bytes
    return tuple(messages)
