"""Writes nas_cli/bench/projection/workloads/: what the projection knows of the networks of the published tables.

    python scripts/make_workloads.py      # builds six networks of keras.applications; a minute

Inception v4 is not in keras.applications: its tensors are derived from the figures of its paper.
"""

import math
import sys
from pathlib import Path

from nas_cli.bench.projection.workload import PROFILES
from nas_cli.costs.keras_cost import model_cost
from nas_cli.models.zoo import build

IMAGE_SIZES = {"vgg16": 224, "vgg19": 224, "resnet50": 224, "resnet101": 224, "resnet152": 224, "inception_v3": 299}
CLASSES = 1000

Convolution = tuple[int, int, int, int, int]
"""(kernel height, kernel width, channels in, channels out, pixels per side of the output)."""


def inception_v4() -> tuple[int, list[int]]:
    """(MACs, tensors) of Inception v4 (Szegedy et al. 2016, arXiv:1602.07261, figures 3 to 9), every convolution with
    a kernel, a scale and a shift of its batch normalization."""
    layers = _stem()
    for _ in range(4):
        layers += _block_a(384, 35)
    layers += [(3, 3, 384, 384, 17), (1, 1, 384, 192, 35), (3, 3, 192, 224, 35), (3, 3, 224, 256, 17)]
    for _ in range(7):
        layers += _block_b(1024, 17)
    layers += [(1, 1, 1024, 192, 17), (3, 3, 192, 192, 8), (1, 1, 1024, 256, 17), (1, 7, 256, 256, 17)]
    layers += [(7, 1, 256, 320, 17), (3, 3, 320, 320, 8)]
    for _ in range(3):
        layers += _block_c(1536, 8)
    macs, tensors = 1536 * CLASSES, []
    for height, width, channels, filters, side in layers:
        kernel = height * width * channels * filters
        macs += kernel * side * side
        tensors += [kernel, filters, filters]
    return macs, [*tensors, 1536 * CLASSES, CLASSES]


def _stem() -> list[Convolution]:
    layers = [(3, 3, 3, 32, 149), (3, 3, 32, 32, 147), (3, 3, 32, 64, 147), (3, 3, 64, 96, 73)]
    layers += [(1, 1, 160, 64, 73), (3, 3, 64, 96, 71)]
    layers += [(1, 1, 160, 64, 73), (7, 1, 64, 64, 73), (1, 7, 64, 64, 73), (3, 3, 64, 96, 71)]
    return [*layers, (3, 3, 192, 192, 35)]


def _block_a(channels: int, side: int) -> list[Convolution]:
    layers = [(1, 1, channels, 96, side), (1, 1, channels, 96, side), (1, 1, channels, 64, side), (3, 3, 64, 96, side)]
    return [*layers, (1, 1, channels, 64, side), (3, 3, 64, 96, side), (3, 3, 96, 96, side)]


def _block_b(channels: int, side: int) -> list[Convolution]:
    layers = [(1, 1, channels, 128, side), (1, 1, channels, 384, side)]
    layers += [(1, 1, channels, 192, side), (1, 7, 192, 224, side), (7, 1, 224, 256, side)]
    layers += [(1, 1, channels, 192, side), (1, 7, 192, 192, side), (7, 1, 192, 224, side)]
    return [*layers, (1, 7, 224, 224, side), (7, 1, 224, 256, side)]


def _block_c(channels: int, side: int) -> list[Convolution]:
    layers = [(1, 1, channels, 256, side), (1, 1, channels, 256, side), (1, 1, channels, 384, side)]
    layers += [(1, 3, 384, 256, side), (3, 1, 384, 256, side), (1, 1, channels, 384, side), (1, 3, 384, 448, side)]
    return [*layers, (3, 1, 448, 512, side), (3, 1, 512, 256, side), (1, 3, 512, 256, side)]


def needed(variables: list[tuple[str, int]]) -> list[int]:
    """Sizes of the variables (path, size) without biases of convolutions that a batch normalization follows.

    Only Keras' ResNets have such, which change nothing; the networks of the published tables do not, and the deal of
    whole variables to servers depends on how many there are.
    """
    normalised = {path.split("/")[0].removesuffix("_bn") for path, _ in variables if path.endswith("/gamma")}
    return [size for path, size in variables if path.removesuffix("_conv/bias") not in normalised]


def write(name: str, image_size: int, macs: int, tensors: list[int], source: str, folder: Path = PROFILES) -> None:
    """One profile."""
    numbers, line, lines = [str(size) for size in tensors], "  ", []
    for number in numbers:
        if len(line) + len(number) + 2 > 116:
            lines.append(line.rstrip())
            line = "  "
        line += number + ", "
    text = (
        f"# {source}, {CLASSES} classes. Written by scripts/make_workloads.py.\n"
        f"# tensors: numbers in each trainable variable, in order of the forward pass; {sum(tensors):,} in all.\n"
        f"image_size: {image_size}\nmacs: {macs}\ntensors: [\n" + "\n".join([*lines, line.rstrip(", ")]) + "]\n"
    )
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    print(f"{name}: {macs:,} MACs, {sum(tensors):,} parameters in {len(tensors)} tensors", file=sys.stderr)


def main() -> int:
    """The exit code."""
    for name, side in IMAGE_SIZES.items():
        model = build(name, (side, side, 3), CLASSES)
        sizes = [(variable.path, math.prod(variable.shape)) for variable in model.trainable_variables]
        write(name, side, model_cost(model).macs, needed(sizes), "keras.applications")
    macs, tensors = inception_v4()
    write("inception_v4", 299, macs, tensors, "Szegedy et al. 2016, arXiv:1602.07261, figures 3 to 9")
    return 0


if __name__ == "__main__":
    sys.exit(main())
