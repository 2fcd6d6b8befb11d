"""What a process decides once, before its first computation: threads and determinism."""

import gc

from nas_cli.errors import RunError

_state = {"deterministic": False, "frozen": False}


def configure(threads: int | None, deterministic: bool) -> None:
    """Sets the thread pools and the determinism of this process; call it before anything is computed.

    `threads`: size of each of the two thread pools; None leaves one per core, or 1 when `deterministic`.
    `deterministic`: only repeatable kernels, and precision 'auto' becomes float32 (`precision.policy` asks
    `is_deterministic`); with the one thread, trainings repeat bit for bit. Sums over several threads do not.

    Raises:
        RunError: the process has computed already, with other threads.
    """
    import tensorflow as tf

    size = 1 if deterministic and threads is None else threads
    if size is not None:
        try:
            tf.config.threading.set_intra_op_parallelism_threads(size)
            tf.config.threading.set_inter_op_parallelism_threads(size)
        except RuntimeError as error:
            raise RunError(f"threads={size} comes too late: this process has computed already.") from error
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    _state["deterministic"] = deterministic


def is_deterministic() -> bool:
    """True after `configure(…, deterministic=True)`."""
    return _state["deterministic"]


def forget_models() -> None:
    """Frees what Keras keeps of the models of this process: names, graphs and random generators.

    Between two trainings in one process; models that are still referred to go on working.
    """
    import keras

    if not _state["frozen"]:
        # The million objects that the imports made never die: without them a collection takes milliseconds.
        gc.collect()
        gc.freeze()
        _state["frozen"] = True
    keras.backend.clear_session()
