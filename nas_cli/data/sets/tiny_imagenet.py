"""Tiny ImageNet: 200 classes of ImageNet at 64x64 (Stanford CS231n).

The publisher keeps the labels of the test images, so the published validation set is the test set here, and the
validation split is held out of the training set.
"""

from pathlib import Path

from nas_cli.data.checksum import digest_file
from nas_cli.data.dataset import Status
from nas_cli.data.download import Download
from nas_cli.data.formats.image_tree import ImageTree, Labelled, Listing, by_class_folder, images_under
from nas_cli.data.formats.members import FolderTree, Tree, ZipTree
from nas_cli.data.source import Card
from nas_cli.data.sources import first_existing
from nas_cli.errors import DataError

_ARCHIVE = Download(
    name="tiny-imagenet-200.zip",
    urls=("http://cs231n.stanford.edu/tiny-imagenet-200.zip",),
    checksum="90528d7ca1a48142e341f4ef8d21d0de",
    size=248_100_043,
)
_CARD = Card(
    name="tiny_imagenet",
    task="classification",
    input_shape=(64, 64, 3),
    classes=200,
    train=100_000,
    test=10_000,
    size_bytes=_ARCHIVE.size,
    licence="ImageNet terms: non-commercial research",
    source="Stanford CS231n",
    expected=("tiny-imagenet-200/", "tiny-imagenet-200.zip"),
    downloads=(_ARCHIVE,),
)


def _locate(data_dir: Path, path: str | None) -> Path | None:
    return first_existing(data_dir, ("tiny-imagenet-200", "tiny_imagenet/tiny-imagenet-200", "tiny-imagenet-200.zip"))


def _tree(place: Path) -> Tree:
    return FolderTree(place) if place.is_dir() else ZipTree(place, "tiny-imagenet-200")


def _listing(tree: Tree) -> Listing:
    classes = _lines(tree, "wnids.txt")
    train = by_class_folder(tree, "train", classes)
    seen = {label for _, label in train}
    for number, wnid in enumerate(classes):
        if number not in seen:
            raise DataError(f"{tree.where / 'train' / wnid} has no image although wnids.txt names it: fetch it again.")
    return Listing(classes, train, None, _published_validation(tree, classes))


def _published_validation(tree: Tree, classes: list[str]) -> Labelled:
    if "val_annotations.txt" not in tree.children("val")[1]:
        # A common rearrangement: val/<wnid>/ like train/.
        labelled = by_class_folder(tree, "val", classes)
    else:
        numbers = {wnid: number for number, wnid in enumerate(classes)}
        rows = [line.split("\t") for line in _lines(tree, "val/val_annotations.txt")]
        present = set(images_under(tree, "val/images"))
        named = [(f"val/images/{row[0]}", numbers[row[1]]) for row in rows if len(row) > 1 and row[1] in numbers]
        labelled = [(name, label) for name, label in named if name in present]
        if len(labelled) < len(named):
            raise DataError(f"{tree.where}: {len(named) - len(labelled)} images of val_annotations.txt are missing.")
    if not labelled:
        raise DataError(f"{tree.where / 'val'} has no labelled image: fetch it again.")
    return labelled


def _lines(tree: Tree, name: str) -> list[str]:
    try:
        return [line for line in tree.read(name).decode("utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise DataError(f"{tree.where / name} is not text: fetch it again.") from error


def _status(place: Path, listing: Listing) -> tuple[Status, str | None]:
    if place.is_file() and place.stat().st_size == _ARCHIVE.size:
        if digest_file(place, _ARCHIVE.checksum) != _ARCHIVE.checksum:
            raise DataError(f"{place} has the published size but not the published checksum: fetch it again.")
        return "verified", None
    if len(listing.train) == _CARD.train and len(listing.test or []) == _CARD.test:
        return "unverified", "complete by count; only the archive has a published checksum"
    return "unverified subset", None


TINY_IMAGENET = ImageTree(
    card=_CARD, locate=_locate, tree=_tree, listing=_listing, status=_status, resolution=None, crop_ratio=1.0
)
