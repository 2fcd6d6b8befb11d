"""Fashion-MNIST: articles of clothing, 28x28 grey (Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747)."""

from nas_cli.data.download import Download
from nas_cli.data.formats.mnist_files import MnistFiles
from nas_cli.data.source import Card

_MIRRORS = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
)
# MD5 as the publisher states it, and bytes.
_PUBLISHED = {
    "train-images-idx3-ubyte.gz": ("8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26421880),
    "train-labels-idx1-ubyte.gz": ("25c81989df183df01b3e8a0aad5dffbe", 29515),
    "t10k-images-idx3-ubyte.gz": ("bef4ecab320f06d8554ea6380940ec79", 4422102),
    "t10k-labels-idx1-ubyte.gz": ("bb300cfdad3c16e7a12a480ee83cd310", 5148),
}

FASHION_MNIST = MnistFiles(
    card=Card(
        name="fashion_mnist",
        task="classification",
        input_shape=(28, 28, 1),
        classes=10,
        train=60_000,
        test=10_000,
        size_bytes=sum(size for _, size in _PUBLISHED.values()),
        licence="MIT",
        source="Zalando SE",
        expected=("fashion-mnist/ with the four IDX files",),
        downloads=tuple(
            Download(f"fashion-mnist/{name}", tuple(mirror + name for mirror in _MIRRORS), checksum, size)
            for name, (checksum, size) in _PUBLISHED.items()
        ),
    ),
    folders=("fashion-mnist", "fashion_mnist", "FashionMNIST/raw"),
    packed=("fashion_mnist.npz",),
    digests={
        "x_train": "2e487a6c89124f78f2d7521542223cafe96f7123c3ca13d447772ac6ecbb3012",
        "y_train": "657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7",
        "x_test": "c867c93ff95360594e8ec3287995350b824dd110b11595c0e13d5423f621867a",
        "y_test": "3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9",
    },
)
