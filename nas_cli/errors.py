"""The errors a user can cause or meet; the command line prints each as one line and exits with 1."""


class NasError(Exception):
    """Root of every expected error: its message says what is wrong, the value, and what to do."""


class ConfigError(NasError):
    """A configuration value is unknown, of the wrong type, out of range or impossible to satisfy."""


class DataError(NasError):
    """A data set is missing, damaged, or does not have the form it must have."""


class RunError(NasError):
    """A run folder is locked, is not a run, was made with another configuration, or cannot be written."""


class LaunchError(NasError):
    """A process or a group of processes cannot be started with what this machine has."""
