"""ImageNet (ILSVRC 2012) in the usual folders train/<wnid>/*.JPEG and val/<wnid>/*.JPEG.

The published validation set is the test set here, as its test labels are not public; the validation split is held
out of the training set. Preprocessing: shorter side to resolution * 256 / 224, centre crop; 224 by default.
"""

from pathlib import Path

from nas_cli.data.dataset import Status
from nas_cli.data.formats.image_tree import ImageTree, Listing, by_class_folder, classes_of
from nas_cli.data.formats.images import CROP_RATIO
from nas_cli.data.formats.members import FolderTree, Tree
from nas_cli.data.source import Card
from nas_cli.data.sources import first_existing
from nas_cli.errors import DataError

_CARD = Card(
    name="imagenet",
    task="classification",
    input_shape=(224, 224, 3),
    classes=1000,
    train=1_281_167,
    test=50_000,
    size_bytes=0,
    licence="ImageNet terms: non-commercial research",
    source="https://image-net.org (registration)",
    expected=("imagenet/ with train/<wnid>/ and val/<wnid>/",),
)


def _locate(data_dir: Path, path: str | None) -> Path | None:
    if path is not None:
        return Path(path).expanduser() if Path(path).expanduser().is_dir() else None
    places = ("imagenet", "ILSVRC2012", "ILSVRC/Data/CLS-LOC", "imagenet/ILSVRC/Data/CLS-LOC")
    return first_existing(data_dir, places)


def _listing(tree: Tree) -> Listing:
    classes = classes_of(tree, "train")
    test = by_class_folder(tree, "val", classes)
    if not test:
        raise DataError(f"{tree.where / 'val'} has no class folders with images: arrange it as val/<wnid>/*.JPEG.")
    return Listing(classes, by_class_folder(tree, "train", classes), None, test)


def _status(place: Path, listing: Listing) -> tuple[Status, str | None]:
    if len(listing.train) == _CARD.train and len(listing.test or []) == _CARD.test:
        return "unverified", "complete by count; no checksum of single images is published"
    return "unverified subset", None


IMAGENET = ImageTree(
    card=_CARD, locate=_locate, tree=FolderTree, listing=_listing, status=_status, resolution=224, crop_ratio=CROP_RATIO
)
