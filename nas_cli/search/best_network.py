"""The chosen network, saved where the user finds it."""

from collections.abc import Mapping
from typing import Any

from nas_cli.errors import RunError
from nas_cli.runs.files import copy_atomic
from nas_cli.runs.folder import RunFolder
from nas_cli.search.evaluator import Evaluator, Job
from nas_cli.search.listener import Listener


def save_best(
    run: RunFolder, job: Job, architecture: Mapping[str, Any], evaluator: Evaluator, listener: Listener
) -> bool:
    """Puts architecture and network of the best trial into best/; True if there is a network.

    `job` is the best trial's: should its network be missing, the trial is trained again with the same seed.
    `architecture` is that of the trained network. An estimator that trains nothing leaves no network.

    Raises:
        RunError: if the network is missing and cannot be trained again, or the disk refuses.
    """
    run.write_json("best/architecture.json", architecture)
    target = run.best / "model.keras"
    if target.exists():
        return True
    if not job.model_file.exists():
        train_again(run, job, evaluator, listener)
    if not job.model_file.exists():
        return False
    copy_atomic(job.model_file, target)
    return True


def train_again(run: RunFolder, job: Job, evaluator: Evaluator, listener: Listener) -> None:
    """Makes the missing network of a trial that is in the journal.

    Raises:
        RunError: if the trial fails this time.
    """
    for finished in evaluator.evaluate([job], listener):
        if finished.score.failure is not None:
            raise RunError(
                f"the network of trial {job.trial} is missing and could not be trained again "
                f"({finished.score.failure}): continue with --resume {run.path}."
            )
