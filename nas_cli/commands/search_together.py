"""`nas search -np N`: what the processes of a search do besides `execute`; see `parallel` for how they come about."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from nas_cli.commands.parallel import Together, parallel_options, prepare_data
from nas_cli.config import SearchConfig
from nas_cli.distributed.ring import Ring, is_rank, ranks_here
from nas_cli.errors import LaunchError, RunError
from nas_cli.search.evaluator import Evaluator
from nas_cli.search.pool import WorkerPool

SAMPLES = 30
"""Candidates of which the largest says how much memory a trial needs."""

JOINT_ESTIMATORS = ("train", "morph")

NUMBER_HELP = "Processes that evaluate trials (Horovod), each with resources.workers workers."

search_parallel_options = partial(parallel_options, number_help=NUMBER_HELP)


def together() -> Together:
    """What `nas search` does when several processes run it."""
    return Together(
        memory_bytes=memory_bytes,
        prepare=prepare_data,
        follow=follow,
        shown=_shown,
        any_number=_any_number,
        equal_shares=_equal_shares,
        smaller="-np, resources.workers or training.batch_size",
    )


def _any_number(config: SearchConfig) -> bool:
    """False where the number of processes decides what is computed: the batches of common trainings."""
    return not is_joint(config) and not _equal_shares(config)


def _equal_shares(config: SearchConfig) -> bool:
    """True for supernets, whose steps are means of equal shares."""
    from nas_cli.build import has_supernet

    return has_supernet(config)


def memory_bytes(config: SearchConfig) -> float | None:
    """Bytes that one process needs besides TensorFlow itself: for a network among the largest, or workers with one.

    Raises:
        LaunchError: several processes would have nothing to do, or cannot do it together.
    """
    from nas_cli.build import has_supernet, make_space, needs_tensorflow, sample_candidates
    from nas_cli.commands.first_generation import with_initial_population
    from nas_cli.costs.architecture_cost import architecture_cost
    from nas_cli.data.info import info
    from nas_cli.data.sources import data_dir
    from nas_cli.distributed.preflight import PROCESS_BYTES
    from nas_cli.spaces.architecture import Architecture

    if not needs_tensorflow(config):
        raise LaunchError(f"estimator={config.estimator.name} works in the process of the search: leave -np out.")
    if is_joint(config):
        _check_joint(config)
    config = with_initial_population(config)
    data = info(config.dataset, data_dir())
    sampled = sample_candidates(config, make_space(config, data.input_shape, data.classes), SAMPLES)
    costs = [architecture_cost(one) for one in sampled if isinstance(one, Architecture)]
    trial = max((float(cost.training_bytes(config.training.batch_size)) for cost in costs), default=0.0)
    if is_joint(config):
        return trial
    # A supernet is trained before the workers start.
    supernet = _supernet_bytes(config, data.input_shape, data.classes) if has_supernet(config) else 0.0
    return max(supernet, config.resources.workers * (PROCESS_BYTES + trial))


def _supernet_bytes(config: SearchConfig, shape: tuple[int, ...], classes: int) -> float:
    from nas_cli.build import make_space, raw_space
    from nas_cli.commands.supernet import memory_limit
    from nas_cli.oneshot.budget import step_bytes

    return step_bytes(config.strategy, raw_space(make_space(config, shape, classes)), memory_limit(config))


def is_joint(config: SearchConfig) -> bool:
    """True if the processes train each trial together, and not different ones."""
    return bool(config.resources.parallel == "data")


def _check_joint(config: SearchConfig) -> None:
    """Only what is decided alike in all processes can be computed by them together."""
    from nas_cli.build import has_supernet
    from nas_cli.tuning import is_tuning

    name = config.estimator.name
    if has_supernet(config):
        raise LaunchError(
            f"resources.parallel=data with strategy={config.strategy.name}: all processes train its supernet together "
            "anyway, and then different trials: use resources.parallel=trials."
        )
    if name not in JOINT_ESTIMATORS or config.estimator.filter.proxy != "none" or is_tuning(config):
        raise LaunchError(
            f"resources.parallel=data with space={config.space.name}, estimator={name}, "
            f"filter.proxy={getattr(getattr(config.estimator, 'filter', None), 'proxy', 'none')}: needs "
            f"estimator={' or '.join(JOINT_ESTIMATORS)} without a filter, and a space of networks; use "
            "resources.parallel=trials."
        )


def on_this_machine(config: SearchConfig) -> SearchConfig:
    """The configuration with the workers of all processes here, for a prediction of the time; other hosts help."""
    workers = config.resources.workers * (1 if is_joint(config) else ranks_here())
    return replace(config, resources=replace(config.resources, workers=workers))


@contextmanager
def dealt_out(config: SearchConfig, pool: WorkerPool, ring: Ring | None = None) -> Iterator[Evaluator]:
    """The evaluator of a search: the pool itself, or in rank 0 of several processes those of all of them.

    `ring`: that of the processes, if they have joined already.
    """
    from nas_cli.search.ring_evaluator import RingEvaluator

    if not is_rank():
        yield pool
        return
    with RingEvaluator(ring or _join(), pool, config.resources.workers) as evaluator:
        yield evaluator


def follow(config: SearchConfig, run: Any) -> None:
    """Evaluate what rank 0 deals to this process, which writes nothing but networks of trials."""
    from nas_cli.build import estimator_factory, has_supernet
    from nas_cli.search.joint_trials import follow_joint
    from nas_cli.search.ring_evaluator import follow as follow_rank_0
    from nas_cli.search.summary import is_complete

    if is_complete(run.events()):
        return
    if is_joint(config):
        follow_joint(join_to_train(config), estimator_factory(config, run.data))
        return
    ring = _train_supernets(config, run) if has_supernet(config) else None
    if ring is None and has_supernet(config):
        return
    with worker_pool(config, run) as pool:
        pool.start()
        pool.use(estimator_factory(config, run.data))
        follow_rank_0(ring or _join(), pool)


def _train_supernets(config: SearchConfig, run: Any) -> Ring | None:
    """Does what rank 0 does before the first trial; the ring of all, None if there will be no trials."""
    from nas_cli.build import make_space
    from nas_cli.commands.start import prepared
    from nas_cli.commands.supernet import make_phase

    dataset = prepared(config, run, lambda line: None)
    space = make_space(config, dataset.input_shape, dataset.classes)
    ring = join_to_train(config)
    phase = make_phase(config, run, space, dataset, ring, lambda event: None)
    return ring if trained_along(phase) else None


def trained_along(phase: Any) -> bool:
    """Does the phase in a process that is not rank 0; False if the search ends with it.

    Raises:
        LaunchError: rank 0 is gone.
    """
    from nas_cli.distributed.exchange import exchange
    from nas_cli.oneshot.phase import Dismissed
    from nas_cli.search.ring_evaluator import Said

    try:
        phase.run(None)
    except Dismissed:
        return False
    except (KeyboardInterrupt, RunError):
        # All have left together. Rank 0 writes why, and then says that it is over: one that is gone by then is missed.
        exchange(phase.ring, Said())
        return False
    return True


def worker_pool(config: SearchConfig, run: Any) -> WorkerPool:
    """The workers of this process, not yet started."""
    from nas_cli.commands.machine import worker_settings
    from nas_cli.distributed.exchange import share_gpus

    os.environ.update(share_gpus())
    return WorkerPool(worker_settings(config), config.resources.workers, run.log, config.resources.retries)


def join_to_train(config: SearchConfig) -> Ring:
    """The ring of this process, in which TensorFlow has the threads of a training."""
    from nas_cli.commands.machine import cores
    from nas_cli.distributed.ring import join
    from nas_cli.training.quiet import quiet_import

    share = config.resources.threads or max(1, cores() // ranks_here())
    # It would warn of graphs traced anew: every trial has another network.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    with quiet_import():
        from nas_cli.training.session import configure

        configure(1 if config.deterministic else share, config.deterministic)
    return join()


def _join() -> Ring:
    from nas_cli.distributed.exchange import join_to_talk
    from nas_cli.training.quiet import quiet_import

    with quiet_import():
        return join_to_talk()


def _shown(config: SearchConfig, processes: int) -> str:
    if is_joint(config):
        return f"each trial trained by all, batches of {processes} x {config.training.batch_size} examples"
    workers = config.resources.workers
    return f"each with {workers} worker{'s' if workers > 1 else ''}: different trials at once"
