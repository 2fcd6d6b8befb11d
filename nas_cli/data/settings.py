"""Settings of data sets and augmentation; checked without TensorFlow."""

from dataclasses import dataclass

from nas_cli.schema import number


@dataclass(frozen=True)
class DatasetSettings:
    """Which data set, how much of it, and how it is split.

    `path`: folder of `image_folder` and `imagenet`; None is the place under NAS_DATA_DIR.
    `train_size`, `valid_size`, `test_size`: at most so many examples, by stratified, seeded subsampling; None is all.
    `validation_fraction`: share of the published training set that is held out for selection.
    `split_seed`: seed of split and subsampling; not the run's seed, so that runs with different seeds share a split.
    `resolution`: side in pixels to which images are resized; None keeps the published size.
    `shape`, `classes`, `examples`: only for `synthetic`; shape is [height, width, channels].
    `label_noise`: share of the training labels that are replaced by another class; validation and test keep theirs.
    """

    name: str
    path: str | None
    train_size: int | None = number(1)
    valid_size: int | None = number(1)
    test_size: int | None = number(1)
    validation_fraction: float = number(0, 1, open_low=True, open_high=True)
    split_seed: int = number(0)
    resolution: int | None = number(1)
    shape: tuple[int, ...] | None = number(1)
    classes: int | None = number(1)
    examples: int | None = number(1)
    label_noise: float = number(0, 1, open_high=True, default=0.0)


@dataclass(frozen=True)
class AugmentationSettings:
    """Random changes to training images, applied on the fly.

    `flip`: mirror left-right with probability 1/2. `crop`: pixels of zero padding before a random crop of the
    original size. `cutout`: side of a square set to the mean colour (DeVries & Taylor 2017).
    `copies`: the thesis' "augmentation xk": an epoch shows every image k times, each time changed anew.
    """

    name: str
    flip: bool
    crop: int = number(0)
    cutout: int = number(0)
    copies: int = number(1)

    @property
    def changes_images(self) -> bool:
        """True if an image is shown otherwise than it is."""
        return self.flip or self.crop > 0 or self.cutout > 0
