"""Training with tensors on parameter servers, directed by a coordinator (TensorFlow's ClusterCoordinator).

Synchronous: every worker adds the change that its share asks for to sums that lie beside the tensors; when all have,
the servers apply the mean once, and the next round begins. TensorFlow has only the barrier ready-made, not the sum.
Asynchronous: a worker reads the tensors, computes, and has the servers apply its change at once.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, final

from numpy.typing import NDArray

from nas_cli.distributed.reported_usage import Accounts
from nas_cli.distributed.ring import JSON
from nas_cli.distributed.served_tensors import ServedTensors, server_device
from nas_cli.distributed.server_roles import COORDINATOR, SERVER, WORKER, Cluster, await_cluster
from nas_cli.distributed.step_log import StepLog
from nas_cli.errors import LaunchError

Change = Callable[[Sequence[Any], Any, Any], Sequence[Any]]
"""(the tensors, images, labels) to what is to be added to each tensor; traced into the workers' graphs."""

FIRST = server_device(0)
"""Where updates are counted."""


@final
class ParameterServers:
    """The workers and servers of a cluster that is up; this process is their coordinator."""

    def __init__(self, cluster: Cluster) -> None:
        """Waits for all of them.

        Raises:
            LaunchError: one of them does not answer.
        """
        import tensorflow as tf

        await_cluster(cluster)
        self.workers, self.servers = len(cluster[WORKER]), len(cluster[SERVER])
        # The coordinator's address too: by default the others look for it at 'localhost'.
        resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
            tf.train.ClusterSpec(cluster), task_type=COORDINATOR, task_id=0, rpc_layer="grpc"
        )
        try:
            self.strategy = tf.distribute.ParameterServerStrategy(resolver)
            self.coordinator = tf.distribute.coordinator.ClusterCoordinator(self.strategy)
        except tf.errors.OpError as error:
            raise LaunchError(f"the workers and servers cannot be reached ({str(error).splitlines()[0]}).") from error


@final
class ServedTraining:
    """Training of the tensors that begin with `values`, by the `change` that each share of a batch asks for.

    `data`: makes, on a worker, the tensors (images, labels) of all shares, stacked on a first axis; made once.
    """

    def __init__(
        self,
        served: ParameterServers,
        values: Sequence[NDArray[Any]],
        change: Change,
        data: Callable[[], tuple[Any, Any]],
    ) -> None:
        import tensorflow as tf

        self._served, self._change = served, change
        self._tensors = ServedTensors(values, served.servers)
        self._iterator = iter(served.coordinator.create_per_worker_dataset(lambda: _repeated(data)))
        self._shares = [tf.constant(number) for number in range(served.workers)]
        self._log = StepLog(served.workers, len(("begin", "end", "staleness")))
        with tf.device(FIRST):
            self._count = tf.Variable(0, dtype=tf.int64, trainable=False)

    def synchronous(self, warmup: int, iterations: int, accounts: Accounts) -> JSON:
        """What `iterations` rounds took after `warmup` others.

        `seconds` of each round; `wall`; `cpu_seconds`, `sent_bytes`, `peak_bytes` by the `accounts`; `busy`: per worker
        the seconds from its reading of the tensors to its last addition, of each share.
        """
        import tensorflow as tf

        sums = self._tensors.zeros()
        add = tf.function(lambda iterator, share: self._add(sums, iterator, share))
        apply = tf.function(lambda: self._apply(sums))
        for _ in range(warmup):
            self._round(add, apply)
        self._log.take()
        accounts.begin()
        begin = time.perf_counter()
        seconds = []
        for _ in range(iterations):
            started = time.perf_counter()
            self._round(add, apply)
            seconds.append(time.perf_counter() - started)
        wall = time.perf_counter() - begin
        used = accounts.used()
        return {"seconds": seconds, "wall": wall, "busy": _busy(self._log.take()), **used}

    def asynchronous(self, warmup: int, iterations: int, accounts: Accounts) -> JSON:
        """What `iterations` steps per worker took, whoever did them, after `warmup` others; keys as above but for
        `seconds`; `spans`: per worker the seconds from its first step's begin to its last one's end; `staleness`: how
        many updates came between the reading and the writing of each step."""
        import tensorflow as tf

        step = tf.function(self._step)
        self._steps(step, warmup)
        self._log.take()
        accounts.begin()
        begin = time.perf_counter()
        self._steps(step, iterations)
        wall = time.perf_counter() - begin
        used, noted = accounts.used(), self._log.take()
        staleness = [int(row[2]) for rows in noted for row in rows]
        return {"wall": wall, "busy": _busy(noted), "spans": _spans(noted), "staleness": staleness, **used}

    def numpy(self) -> list[NDArray[Any]]:
        """The tensors as they are now."""
        return self._tensors.numpy()

    def _round(self, add: Any, apply: Any) -> None:
        for share in self._shares:
            self._served.coordinator.schedule(add, (self._iterator, share))
        self._served.coordinator.join()
        # The result is waited for: the next round must read what this one has written.
        float(apply())

    def _steps(self, step: Any, each: int) -> None:
        for share in self._shares * each:
            self._served.coordinator.schedule(step, (self._iterator, share))
        self._served.coordinator.join()

    def _add(self, sums: ServedTensors, iterator: Any, share: Any) -> None:
        """On a worker: the change for a share added to the sums."""
        import tensorflow as tf

        begin = tf.timestamp()
        with tf.control_dependencies(sums.push(self._changes(self._tensors.pull(), iterator, share))):
            self._log.note(begin, tf.timestamp(), 0)

    def _apply(self, sums: ServedTensors) -> Any:
        """On the servers: a step by the mean, and the sums are 0 again."""
        import tensorflow as tf

        with tf.control_dependencies(self._tensors.move(sums, self._served.workers)):
            return tf.timestamp()

    def _step(self, iterator: Any, share: Any) -> None:
        """On a worker: a step applied at once."""
        import tensorflow as tf

        begin = tf.timestamp()
        with tf.device(FIRST):
            seen = self._count.read_value()
        pushed = self._tensors.push(self._changes(self._tensors.pull(after=[seen]), iterator, share))
        # Counted where the tensors are: what waits on the worker waits for a message.
        with tf.control_dependencies(pushed), tf.device(FIRST):
            staleness = self._count.assign_add(1) - 1 - seen
        with tf.control_dependencies([staleness]):
            self._log.note(begin, tf.timestamp(), staleness)

    def _changes(self, values: Sequence[Any], iterator: Any, share: Any) -> Sequence[Any]:
        images, labels = next(iterator)
        return self._change(values, images[share], labels[share])


def _repeated(data: Callable[[], tuple[Any, Any]]) -> Any:
    import tensorflow as tf

    return tf.data.Dataset.from_tensors(data()).repeat()


def _spans(noted: Sequence[NDArray[Any]]) -> list[float]:
    """The seconds from the first begin to the last end of each worker that has taken any step, by its own clock."""
    return [float(rows[:, 1].max() - rows[:, 0].min()) for rows in noted if len(rows)]


def _busy(noted: Sequence[NDArray[Any]]) -> list[list[float]]:
    """The seconds from begin to end of the steps of each worker that has taken any."""
    return [(rows[:, 1] - rows[:, 0]).tolist() for rows in noted if len(rows)]
