"""MNIST: handwritten digits, 28x28 grey (LeCun, Cortes, Burges)."""

from nas_cli.data.download import Download
from nas_cli.data.formats.mnist_files import MnistFiles
from nas_cli.data.source import Card

_MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
# SHA-256 and bytes of the published files.
_PUBLISHED = {
    "train-images-idx3-ubyte.gz": ("440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", 9912422),
    "train-labels-idx1-ubyte.gz": ("3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c", 28881),
    "t10k-images-idx3-ubyte.gz": ("8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", 1648877),
    "t10k-labels-idx1-ubyte.gz": ("f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6", 4542),
}

MNIST = MnistFiles(
    card=Card(
        name="mnist",
        task="classification",
        input_shape=(28, 28, 1),
        classes=10,
        train=60_000,
        test=10_000,
        size_bytes=sum(size for _, size in _PUBLISHED.values()),
        licence="CC BY-SA 3.0",
        source="LeCun, Cortes, Burges",
        expected=("mnist/ with the four IDX files", "mnist.npz"),
        downloads=tuple(
            Download(f"mnist/{name}", tuple(mirror + name for mirror in _MIRRORS), checksum, size)
            for name, (checksum, size) in _PUBLISHED.items()
        ),
    ),
    folders=("mnist", "mnist/raw", "MNIST/raw"),
    packed=("mnist.npz", "mnist/mnist.npz"),
    digests={
        "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
        "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
        "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
        "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
    },
)
