"""CIFAR-100: a hundred kinds of objects, 32x32 colour, fine labels (Krizhevsky 2009)."""

from nas_cli.data.download import Download
from nas_cli.data.formats.cifar_files import CifarFiles, Published
from nas_cli.data.source import Card

_ARCHIVE = Download(
    name="cifar-100-python.tar.gz",
    urls=("https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",),
    checksum="85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    size=169_001_437,
)

CIFAR100 = CifarFiles(
    card=Card(
        name="cifar100",
        task="classification",
        input_shape=(32, 32, 3),
        classes=100,
        train=50_000,
        test=10_000,
        size_bytes=_ARCHIVE.size,
        licence="none stated",
        source="Krizhevsky 2009",
        expected=("cifar-100-python/", "cifar-100-python.tar.gz"),
        downloads=(_ARCHIVE,),
    ),
    places=(
        "cifar-100-python",
        "cifar100/cifar-100-python",
        "cifar-100-python-target/cifar-100-python",
        "cifar-100-python.tar.gz",
        "cifar100/cifar-100-python.tar.gz",
    ),
    files={
        "train": Published("train", "16019d7e3df5f24257cddd939b257f8d", 155_249_918, 50_000),
        "test": Published("test", "f0ef6b0ae62326f3e7ffdfab6717acfc", None, 10_000),
    },
    label_key="fine_labels",
)
