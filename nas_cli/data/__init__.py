"""Data sets to arrays and batches: files, splits, augmentation."""
