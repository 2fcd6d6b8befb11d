"""Reader of data sets that are trees of encoded images; only the chosen images are decoded."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nas_cli.data.dataset import Provenance, Status
from nas_cli.data.formats.images import decode, decode_all, is_image
from nas_cli.data.formats.members import Tree
from nas_cli.data.settings import DatasetSettings
from nas_cli.data.source import Card, Examples, FileCheck, Indices, Outline, Source
from nas_cli.data.sources import missing
from nas_cli.errors import DataError

Labelled = list[tuple[str, int]]


@dataclass(frozen=True)
class Listing:
    """Image names with class numbers; None for a split that has to be held out of `train`."""

    classes: Sequence[str]
    train: Labelled
    validation: Labelled | None
    test: Labelled | None


@dataclass(frozen=True)
class ImageTree:
    """`locate(data_dir, path)`: the place or None. `tree(place)`: its files. `listing(tree)`: its images.

    `resolution`: side in pixels when the settings give none; None is the side of the first image.
    `crop_ratio`: as in `decode`. `status(place, listing)`: what can be said about the origin, with a note.
    """

    card: Card
    locate: Callable[[Path, str | None], Path | None]
    tree: Callable[[Path], Tree]
    listing: Callable[[Tree], Listing]
    status: Callable[[Path, Listing], tuple[Status, str | None]]
    resolution: int | None
    crop_ratio: float

    def find(self, data_dir: Path, path: str | None = None) -> Path | None:
        return self.locate(data_dir, path)

    def outline(self, settings: DatasetSettings, data_dir: Path) -> Outline:
        place = self.find(data_dir, settings.path)
        if place is None:
            return self._published(settings, data_dir)
        tree = self.tree(place)
        listing = self._splittable(tree)
        return Outline(
            self._shape(settings, tree, listing),
            len(listing.classes),
            len(listing.train),
            None if listing.validation is None else len(listing.validation),
            None if listing.test is None else len(listing.test),
        )

    def open(self, settings: DatasetSettings, data_dir: Path) -> Source:
        place = self.find(data_dir, settings.path)
        if place is None:
            reason = "it could not be downloaded." if self.card.downloads else "it cannot be downloaded."
            raise missing(self.card.name, self.card.expected, data_dir, reason)
        tree = self.tree(place)
        listing = self._splittable(tree)
        status, note = self.status(place, listing)
        shape = self._shape(settings, tree, listing)

        def examples(labelled: Labelled) -> Examples:
            return self._examples(tree, labelled, shape, settings.resolution)

        return Source(
            task="classification",
            classes=len(listing.classes),
            input_shape=shape,
            train=examples(listing.train),
            validation=None if listing.validation is None else examples(listing.validation),
            test=None if listing.test is None else examples(listing.test),
            provenance=Provenance(status, _counts(listing), (place.name,), note),
        )

    def check(self, data_dir: Path, path: str | None = None) -> Iterator[FileCheck]:
        place = self.find(data_dir, path)
        if place is None:
            yield FileCheck(" or ".join(self.card.expected), "missing")
            return
        try:
            tree = self.tree(place)
            listing = self.listing(tree)
            status, note = self.status(place, listing)
        except DataError as error:
            yield FileCheck(str(place), "damaged", str(error))
            return
        readable = 0
        for labelled in (listing.train, listing.validation or [], listing.test or []):
            for name, _ in labelled:
                try:
                    decode(tree.read(name), name, None)
                    readable += 1
                except DataError as error:
                    yield FileCheck(str(place / name), "damaged", str(error))
        detail = f"{readable} images of {len(listing.classes)} classes can be read"
        verdict = status if status in ("verified", "unverified subset") else "unverified"
        yield FileCheck(str(place), verdict, f"{detail}; {note}" if note else detail)

    def _splittable(self, tree: Tree) -> Listing:
        """The images, with enough of each class for every split that is held out of the training set.

        Raises:
            DataError: a class has too few; it is named, which its number in the labels would not do.
        """
        listing = self.listing(tree)
        out = [name for name, own in (("validation", listing.validation), ("test", listing.test)) if own is None]
        counts = np.bincount([label for _, label in listing.train], minlength=len(listing.classes))
        if counts.min() <= len(out):
            rare = int(counts.argmin())
            raise DataError(
                f"{tree.where}: class {listing.classes[rare]} has {counts[rare]} images, at least {len(out) + 1} are "
                f"needed: one each for {', '.join(['training', *out])}. Add images, or remove the class."
            )
        return listing

    def _published(self, settings: DatasetSettings, data_dir: Path) -> Outline:
        card = self.card
        if card.input_shape is None or card.classes is None or card.train is None:
            raise missing(card.name, card.expected, data_dir, "it cannot be downloaded.")
        side = settings.resolution or self.resolution or card.input_shape[0]
        return Outline((side, side, 3), card.classes, card.train, None, card.test)

    def _shape(self, settings: DatasetSettings, tree: Tree, listing: Listing) -> tuple[int, ...]:
        side = settings.resolution or self.resolution
        if side is not None:
            return (side, side, 3)
        name = listing.train[0][0]
        height, width, channels = decode(tree.read(name), name, None).shape
        return (height, width, channels)

    def _examples(self, tree: Tree, labelled: Labelled, shape: tuple[int, ...], resolution: int | None) -> Examples:
        side = resolution or self.resolution

        def read(indices: Indices) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
            names = [labelled[i][0] for i in indices]
            return decode_all(names, tree.read, shape, side, self.crop_ratio)

        return Examples(np.array([label for _, label in labelled], np.int64), read)


def by_class_folder(tree: Tree, top: str, classes: Sequence[str]) -> Labelled:
    """The images under top/<class>/, at any depth; a class is its position in `classes`.

    Raises:
        DataError: a class has no image, or a folder is not a class.
    """
    numbers = {name: number for number, name in enumerate(classes)}
    folders, _ = tree.children(top)
    for folder in folders:
        if folder not in numbers:
            raise DataError(f"{tree.where}: {_join(top, folder)}/ is no class of the training set: remove it.")
    return [(name, numbers[folder]) for folder in folders for name in images_under(tree, _join(top, folder))]


def classes_of(tree: Tree, top: str) -> list[str]:
    """The class folders under `top`, sorted, each with at least one image.

    Raises:
        DataError: fewer than two classes, or an empty one.
    """
    folders, _ = tree.children(top)
    if len(folders) < 2:
        raise DataError(f"{tree.where / top} has {len(folders)} folders, at least 2 are needed: one per class.")
    for folder in folders:
        if not images_under(tree, _join(top, folder)):
            raise DataError(f"{tree.where / top / folder} has no image (.jpg, .jpeg, .png, .bmp or .webp).")
    return folders


def images_under(tree: Tree, folder: str) -> list[str]:
    """Names of the images in `folder` and below, sorted per folder."""
    folders, files = tree.children(folder)
    names = [_join(folder, file) for file in files if is_image(file)]
    for inner in folders:
        names += images_under(tree, _join(folder, inner))
    return names


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _counts(listing: Listing) -> dict[str, int]:
    parts = {"train": listing.train, "validation": listing.validation, "test": listing.test}
    return {name: len(labelled) for name, labelled in parts.items() if labelled is not None}
