"""What layers of a student learn from layers of its teacher: hints and attention maps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import keras
from keras import ops

from nas_cli.distill.settings import AUTO, DistillSettings
from nas_cli.errors import ConfigError
from nas_cli.training.soft_targets import FeatureLoss

Tensor = Any


@final
class Hint:
    """½·mean of (teacher − student)² over a feature map; both of one shape.

    Source: FitNets, Romero et al. 2015, arXiv:1412.6550, equation 3; there the sum, here the mean, so that the weight
    does not depend on the size of the map; and there a first stage of training, here beside the soft targets.
    """

    def __init__(self, field: str, weight: float) -> None:
        self.field, self.weight = field, weight

    def losses(self, teacher: Tensor, student: Tensor) -> Tensor:
        difference = ops.cast(teacher, "float32") - ops.cast(student, "float32")
        return 0.5 * ops.mean(ops.square(_flat(difference)), axis=-1)


@final
class AttentionTransfer:
    """Mean over the places of a map of (Q_s/‖Q_s‖ − Q_t/‖Q_t‖)², Q the sum over channels of squared activations.

    Source: Zagoruyko & Komodakis 2017, arXiv:1612.03928, equation 2 with p = 2, squared and averaged over the places
    as their 10³/(elements of the map) does; the weight is their β.
    """

    def __init__(self, field: str, weight: float) -> None:
        self.field, self.weight = field, weight

    def losses(self, teacher: Tensor, student: Tensor) -> Tensor:
        return ops.mean(ops.square(_attention(student) - _attention(teacher)), axis=-1)


def _attention(activations: Tensor) -> Tensor:
    """(batch, places): the normalised attention map of (batch, height, width, channels)."""
    energy = _flat(ops.sum(ops.square(ops.cast(activations, "float32")), axis=-1))
    return ops.normalize(energy, axis=-1, order=2)


def _flat(values: Tensor) -> Tensor:
    return ops.reshape(values, (ops.shape(values)[0], -1))


@dataclass(frozen=True)
class Features:
    """Teacher and student with feature maps as further outputs, and the losses, in the order of the outputs.

    `teacher`: a model from the teacher's inputs to [logits, maps …]; `student`: the same, its maps brought to the
    teacher's shapes by layers of their own that are trained too and belong to neither network.
    """

    teacher: Any
    student: Any
    losses: Sequence[FeatureLoss]


def features(teacher: Any, student: Any, settings: DistillSettings) -> Features:
    """The features that the settings name.

    Raises:
        ConfigError: no such layer, or maps whose places do not fit one another.
    """
    losses: list[FeatureLoss] = []
    ends: list[tuple[Tensor, Tensor]] = []
    for kind, pairs, weight, regress in (
        ("hints", settings.hints, settings.hint_weight, True),
        ("attention", settings.attention, settings.attention_weight, False),
    ):
        for number, (taught, learning) in enumerate(_pairs(kind, pairs, teacher, student) if weight else ()):
            field = f"{kind}_{number}"
            given, made = _output(teacher, taught, "teacher"), _output(student, learning, "student")
            _check_places(kind, taught, given, learning, made, regress)
            ends.append((given, _regressed(made, given, field) if regress else made))
            losses.append(Hint(field, weight) if regress else AttentionTransfer(field, weight))
    return Features(
        keras.Model(teacher.inputs[0], [teacher.outputs[0], *(given for given, _ in ends)]),
        keras.Model(student.inputs[0], [student.outputs[0], *(made for _, made in ends)]),
        losses,
    )


def maps_of(outputs: Sequence[Tensor], losses: Sequence[FeatureLoss]) -> Mapping[str, Tensor]:
    """The teacher's maps by the parts of the targets that they are."""
    return {loss.field: ops.cast(values, "float32") for loss, values in zip(losses, outputs, strict=True)}


def _pairs(kind: str, pairs: Sequence[str], teacher: Any, student: Any) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for pair in pairs:
        if pair != AUTO:
            taught, _, learning = pair.partition(":")
            found.append((taught, learning))
            continue
        ours, theirs = _last_maps(student), _last_maps(teacher)
        common = [size for size in theirs if size in ours]
        if not common:
            raise ConfigError(
                f"distill.{kind}=[auto]: teacher and student have no maps of one size, "
                f"{_sizes(theirs)} and {_sizes(ours)}: name layers, or use []."
            )
        chosen = common if kind == "attention" else [common[len(common) // 2]]
        found += [(theirs[size], ours[size]) for size in chosen]
    return found


def _last_maps(model: Any) -> dict[tuple[int, int], str]:
    """The name of the last layer that gives maps of each size, largest first as in the network."""
    found: dict[tuple[int, int], str] = {}
    for layer in model.layers:
        shape = _shape(layer)
        if len(shape) == 4 and type(layer).__name__ not in ("InputLayer", "Rescaling", "Normalization"):
            found[(shape[1], shape[2])] = layer.name
    return found


def _shape(layer: Any) -> tuple[Any, ...]:
    try:
        return tuple(layer.output.shape)
    except (AttributeError, ValueError):  # called more than once, or with several outputs
        return ()


def _sizes(maps: Mapping[tuple[int, int], str]) -> str:
    return ", ".join(f"{height}x{width}" for height, width in maps) or "none"


def _output(model: Any, name: str, whose: str) -> Tensor:
    layers: dict[str, Any] = {layer.name: layer for layer in model.layers if _shape(layer)}
    if name not in layers:
        raise ConfigError(f"the {whose} has no layer '{name}' with one output. Its layers: {', '.join(layers)}.")
    return layers[name].output


def _check_places(kind: str, taught: str, given: Tensor, learning: str, made: Tensor, regress: bool) -> None:
    mine, theirs = tuple(made.shape)[1:], tuple(given.shape)[1:]
    wrong = mine[:-1] != theirs[:-1] or len(mine) not in ((1, 3) if regress else (3,))
    if wrong:
        raise ConfigError(
            f"distill.{kind}: '{taught}' gives {theirs} and '{learning}' {mine}: height and width must be equal"
            + ("." if regress else ", and both be maps.")
        )


def _regressed(made: Tensor, given: Tensor, field: str) -> Tensor:
    """The student's map with as many channels as the teacher's, by a 1×1 convolution where they differ."""
    channels = int(given.shape[-1])
    if int(made.shape[-1]) == channels:
        return made
    layer: Callable[[Tensor], Tensor] = (
        keras.layers.Conv2D(channels, 1, name=f"regressor_{field}")
        if len(made.shape) == 4
        else keras.layers.Dense(channels, name=f"regressor_{field}")
    )
    return layer(made)
