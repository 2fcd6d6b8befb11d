"""The chosen network, saved where the user finds it."""

from dataclasses import replace

from nas_cli.errors import RunError
from nas_cli.runs.files import copy_atomic
from nas_cli.runs.folder import RunFolder
from nas_cli.search.evaluator import Evaluator, Job
from nas_cli.search.listener import Listener


def save_best(run: RunFolder, job: Job, evaluator: Evaluator, listener: Listener) -> bool:
    """Puts the network of the best trial into best/; True if there is one.

    `job` is the best trial's: should its network be missing, it is made now, from the same seed; an estimator that has
    only estimated what training would give trains it here. One that trains nothing leaves no network.

    Raises:
        RunError: if the network is missing and cannot be trained again, or the disk refuses.
    """
    target = run.best / "model.keras"
    if target.exists():
        return True
    if not job.model_file.exists():
        train_again(run, replace(job, hints=replace(job.hints, final=True)), evaluator, listener)
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
