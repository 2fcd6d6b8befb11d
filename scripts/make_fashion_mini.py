"""Build the embedded data set `fashion_mini` from the published files of Fashion-MNIST.

    python scripts/make_fashion_mini.py [--source DIR] [--out DIR]

DIR holds the four IDX files (Debian's dataset-fashion-mnist, or `nas data fetch fashion_mnist`). The content is
checked against the published one, 1,000 training and 200 test images of each class are drawn with a fixed seed,
and fashion_mini.npz and fashion_mini.sha256 are written. The same files give the same content on every machine.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas_cli.data.checksum import digest_bytes
from nas_cli.data.formats.idx import read_idx
from nas_cli.data.formats.mnist_files import PARTS
from nas_cli.data.sets.fashion_mini import FOLDER, write
from nas_cli.data.sets.fashion_mnist import FASHION_MNIST
from nas_cli.data.split import stratified
from nas_cli.errors import NasError

SEED = 20170825
SIZES = {"train": 10_000, "test": 2_000}


def read_published(folder: Path) -> dict[str, NDArray[np.uint8]]:
    """The four published arrays; exits if one is not the published one."""
    arrays = {}
    for part, (name, dimensions) in PARTS.items():
        arrays[part] = read_idx(folder / f"{name}.gz", dimensions)
        digest = FASHION_MNIST.digests[part]
        if digest_bytes(arrays[part].tobytes(), digest) != digest:
            sys.exit(f"Error: {folder / name}.gz does not have the published content.")
    return arrays


def draw(arrays: dict[str, NDArray[np.uint8]]) -> dict[str, NDArray[np.uint8]]:
    """The subset: equally many of each class, in random order."""
    rng = np.random.default_rng(SEED)
    drawn = {}
    for split, size in SIZES.items():
        labels = arrays[f"y_{split}"].astype(np.int64)
        chosen = stratified(np.arange(len(labels)), labels, size, rng)
        drawn[f"x_{split}"], drawn[f"y_{split}"] = arrays[f"x_{split}"][chosen], arrays[f"y_{split}"][chosen]
    return drawn


def main() -> None:
    """Read, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    try:
        write(draw(read_published(options.source)), options.out)
    except NasError as error:
        sys.exit(f"Error: {error}")
    size = (options.out / "fashion_mini.npz").stat().st_size
    print(f"{options.out / 'fashion_mini.npz'}: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
