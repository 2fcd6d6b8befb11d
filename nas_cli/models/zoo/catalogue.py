"""Networks by name; nothing here imports Keras before a network is built."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from nas_cli.errors import ConfigError
from nas_cli.models.zoo.applications import APPLICATIONS, WIDTH_OPTION, build_application
from nas_cli.models.zoo.hinton_mlp import hinton_small_student, hinton_student, hinton_teacher
from nas_cli.models.zoo.imagenet import build_pretrained
from nas_cli.models.zoo.inception_v2 import inception_v2
from nas_cli.models.zoo.inception_v4 import build_inception_v4
from nas_cli.models.zoo.lenet_300_100 import lenet_300_100
from nas_cli.models.zoo.paper3_cnn import paper3_cnn
from nas_cli.models.zoo.resnet_cifar import resnet20, resnet56
from nas_cli.models.zoo.vgg_cifar import vgg16_cifar
from nas_cli.schema import nearest
from nas_cli.spaces.architecture import Architecture

OWN: dict[str, Callable[..., Architecture]] = {
    "hinton_small_student": hinton_small_student,
    "hinton_student": hinton_student,
    "hinton_teacher": hinton_teacher,
    "inception_v2": inception_v2,
    "lenet_300_100": lenet_300_100,
    "paper3_cnn": paper3_cnn,
    "resnet20": resnet20,
    "resnet56": resnet56,
    "vgg16_cifar": vgg16_cifar,
}

BUILT: dict[str, Callable[..., Any]] = {"inception_v4": build_inception_v4}
"""Networks of the project with layers that an architecture cannot describe (kernels that are not square)."""


def names() -> tuple[str, ...]:
    """All names, the project's own networks first, then those of `keras.applications`."""
    return (*sorted((*OWN, *BUILT)), *sorted(APPLICATIONS))


def architecture(name: str, input_shape: tuple[int, ...], classes: int, **options: Any) -> Architecture | None:
    """The named network as a plain value, which can be counted without TensorFlow; None for the built ones.

    Raises:
        ConfigError: if the name, an option or the input shape is not one the network takes.
    """
    if name in APPLICATIONS or name in BUILT:
        if "width" in options and name not in WIDTH_OPTION:
            having = ", ".join((*sorted(OWN), *WIDTH_OPTION))
            raise ConfigError(f"model '{name}' has no width to choose. Models that have one: {having}.")
        return None
    if name not in OWN:
        raise ConfigError(f"unknown model '{name}'.{nearest(name, names())} Known: {', '.join(names())}.")
    known = [key for key in inspect.signature(OWN[name]).parameters if key not in ("input_shape", "classes")]
    for key in options:
        if key not in known:
            raise ConfigError(f"model '{name}' has no option '{key}'. Known: {', '.join(known) or 'none'}.")
    return OWN[name](input_shape, classes, **options)


def build(
    name: str,
    input_shape: tuple[int, ...],
    classes: int,
    scale: Sequence[float] | None = None,
    offset: Sequence[float] | None = None,
    pretrained: bool = False,
    **options: Any,
) -> Any:
    """The named network as a `keras.Model` from raw inputs to float32 logits.

    `scale`, `offset`: standardisation of the input per channel, see `nas_cli.models.builder.build`. `pretrained`: with
    the ImageNet weights of `keras.applications` in place of fresh ones, and the standardisation they were trained with.
    `options`: of the network (width=0.5; resnet20: shortcut='projection' or 'pad'), or of the function in
    `keras.applications` (dropout=0.2).

    Raises:
        ConfigError: if the name, an option or the input shape is not one the network takes, or it has no such weights.
        DataError: if the weights cannot be downloaded.
    """
    described = architecture(name, input_shape, classes, **options)
    if pretrained and name not in APPLICATIONS:
        raise ConfigError(f"model '{name}' has no ImageNet weights: only the networks of keras.applications have.")
    if pretrained:
        return build_pretrained(name, input_shape, classes, **options)
    if name in BUILT:
        return BUILT[name](input_shape, classes, scale, offset, **options)
    if described is None:
        return build_application(name, input_shape, classes, scale, offset, **options)
    from nas_cli.models.builder import build as build_architecture

    return build_architecture(described, scale, offset)
