"""The user's own images: a folder per class, optionally under train/, val/ and test/."""

from pathlib import Path

from nas_cli.data.dataset import Status
from nas_cli.data.formats.image_tree import ImageTree, Labelled, Listing, by_class_folder, classes_of
from nas_cli.data.formats.members import FolderTree, Tree
from nas_cli.data.source import Card
from nas_cli.data.sources import first_existing
from nas_cli.errors import DataError

_CARD = Card(
    name="image_folder",
    task="classification",
    input_shape=None,
    classes=None,
    train=None,
    test=None,
    size_bytes=0,
    licence="yours",
    source="your own images",
    expected=("dataset.path=DIR with a folder of images per class in it", "such a DIR named image_folder"),
)
_VALIDATION = ("val", "valid", "validation")


def _locate(data_dir: Path, path: str | None) -> Path | None:
    if path is not None:
        return Path(path).expanduser() if Path(path).expanduser().is_dir() else None
    return first_existing(data_dir, ("image_folder",))


def _listing(tree: Tree) -> Listing:
    folders, _ = tree.children("")
    if "train" not in folders:
        classes = classes_of(tree, "")
        return Listing(classes, by_class_folder(tree, "", classes), None, None)
    classes = classes_of(tree, "train")
    validation = [folder for folder in folders if folder in _VALIDATION]
    return Listing(
        classes,
        by_class_folder(tree, "train", classes),
        _split(tree, validation[0], classes) if validation else None,
        _split(tree, "test", classes) if "test" in folders else None,
    )


def _split(tree: Tree, top: str, classes: list[str]) -> Labelled:
    labelled = by_class_folder(tree, top, classes)
    if not labelled:
        raise DataError(f"{tree.where / top} has no class folders with images: fill it or remove it.")
    return labelled


def _status(place: Path, listing: Listing) -> tuple[Status, str | None]:
    return "unverified", None


IMAGE_FOLDER = ImageTree(
    card=_CARD, locate=_locate, tree=FolderTree, listing=_listing, status=_status, resolution=None, crop_ratio=1.0
)
