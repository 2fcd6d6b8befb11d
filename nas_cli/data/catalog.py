"""The table of data sets: name to reader."""

from nas_cli.data.sets.boston import BOSTON
from nas_cli.data.sets.cifar10 import CIFAR10
from nas_cli.data.sets.cifar100 import CIFAR100
from nas_cli.data.sets.fashion_mini import FASHION_MINI
from nas_cli.data.sets.fashion_mnist import FASHION_MNIST
from nas_cli.data.sets.image_folder import IMAGE_FOLDER
from nas_cli.data.sets.imagenet import IMAGENET
from nas_cli.data.sets.mnist import MNIST
from nas_cli.data.sets.synthetic import SYNTHETIC
from nas_cli.data.sets.tiny_imagenet import TINY_IMAGENET
from nas_cli.data.sets.xor import XOR
from nas_cli.data.source import Reader
from nas_cli.errors import ConfigError
from nas_cli.schema import nearest

DATASETS: dict[str, Reader] = {
    "boston": BOSTON,
    "cifar10": CIFAR10,
    "cifar100": CIFAR100,
    "fashion_mini": FASHION_MINI,
    "fashion_mnist": FASHION_MNIST,
    "image_folder": IMAGE_FOLDER,
    "imagenet": IMAGENET,
    "mnist": MNIST,
    "synthetic": SYNTHETIC,
    "tiny_imagenet": TINY_IMAGENET,
    "xor": XOR,
}


def reader(name: str) -> Reader:
    """The reader of a data set; raises ConfigError for an unknown name."""
    if name not in DATASETS:
        raise ConfigError(f"unknown data set '{name}'.{nearest(name, DATASETS)} Known: {', '.join(DATASETS)}.")
    return DATASETS[name]
