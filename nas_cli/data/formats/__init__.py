"""File formats of data sets: IDX, CIFAR pickles, trees of images."""
