"""CIFAR-10: ten kinds of objects, 32x32 colour (Krizhevsky 2009)."""

from nas_cli.data.download import Download
from nas_cli.data.formats.cifar_files import CifarFiles, Published
from nas_cli.data.source import Card

_ARCHIVE = Download(
    name="cifar-10-python.tar.gz",
    urls=("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",),
    checksum="6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    size=170_498_071,
)

CIFAR10 = CifarFiles(
    card=Card(
        name="cifar10",
        task="classification",
        input_shape=(32, 32, 3),
        classes=10,
        train=50_000,
        test=10_000,
        size_bytes=_ARCHIVE.size,
        licence="none stated",
        source="Krizhevsky 2009",
        expected=("cifar-10-batches-py/", "cifar-10-python.tar.gz"),
        downloads=(_ARCHIVE,),
    ),
    places=(
        "cifar-10-batches-py",
        "cifar10/cifar-10-batches-py",
        "cifar-10-batches-py-target/cifar-10-batches-py",
        "cifar-10-python.tar.gz",
        "cifar10/cifar-10-python.tar.gz",
        "cifar-10-batches-py.tar.gz",
    ),
    files={
        "data_batch_1": Published("train", "c99cafc152244af753f735de768cd75f", 31_035_704, 10_000),
        "data_batch_2": Published("train", "d4bba439e000b95fd0a9bffe97cbabec", 31_035_320, 10_000),
        "data_batch_3": Published("train", "54ebc095f3ab1f0389bbae665268c751", 31_035_999, 10_000),
        "data_batch_4": Published("train", "634d18415352ddfa80567beed471001a", 31_035_696, 10_000),
        "data_batch_5": Published("train", "482c414d41f54cd18b22e5b47cb7c3cb", 31_035_623, 10_000),
        "test_batch": Published("test", "40351d587109b95175f43aff81a1287e", 31_035_526, 10_000),
    },
    label_key="labels",
)
