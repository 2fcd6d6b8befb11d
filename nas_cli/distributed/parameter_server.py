"""Training with variables on parameter servers, directed by a coordinator (TensorFlow's ParameterServerStrategy).

Synchronous: every worker adds the gradient of its share to a sum that lies beside the variable; when all have, the
servers apply the mean once, and the next round begins. TensorFlow has only the barrier ready-made, not the sum.
Asynchronous: a worker reads the variables, computes, and has the servers apply its gradient at once.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, final

from nas_cli.distributed.reported_usage import Accounts
from nas_cli.distributed.ring import JSON
from nas_cli.distributed.server_roles import COORDINATOR, SERVER, WORKER, Cluster, await_cluster
from nas_cli.errors import LaunchError

Gradients = Callable[[Any, Any], Sequence[Any]]
"""(images, labels) to the gradient of each variable; traced into the workers' graphs."""


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

    def scope(self) -> AbstractContextManager[Any]:
        """Where a model is built whose variables, whole, go to the servers in turn."""
        scope: AbstractContextManager[Any] = self.strategy.scope()
        return scope


def server_bytes(variables: Sequence[Any], servers: int) -> list[int]:
    """Bytes of the variables on each server."""
    held = [0] * servers
    for variable in variables:
        held[_server_of(variable)] += int(variable.shape.num_elements()) * variable.dtype.size
    return held


@final
class ServedTraining:
    """Gradient descent with the rate `rate` on `variables`, a share of each batch per worker.

    `data`: makes, on a worker, the tensors (images, labels) of all shares, stacked on a first axis; made once.
    """

    def __init__(
        self,
        served: ParameterServers,
        variables: Sequence[Any],
        gradients: Gradients,
        data: Callable[[], tuple[Any, Any]],
        rate: float,
    ) -> None:
        import tensorflow as tf

        self._served, self._variables, self._gradients, self._rate = served, list(variables), gradients, rate
        self._iterator = iter(served.coordinator.create_per_worker_dataset(lambda: _repeated(data)))
        self._shares = [tf.constant(number) for number in range(served.workers)]
        with tf.device(self._variables[0].device):
            self._count = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._sums: list[Any] = []
        self._adding, self._applying = tf.function(self._add), tf.function(self._apply)
        self._stepping = tf.function(self._step)

    def synchronous(self, warmup: int, iterations: int, accounts: Accounts) -> JSON:
        """What `iterations` rounds took after `warmup` others.

        `seconds` of each round; `wall`; `cpu_seconds`, `sent_bytes`, `peak_bytes` by the `accounts`; `busy`: per worker
        the seconds from its reading of the variables to its last addition, of each share.
        """
        import tensorflow as tf

        for variable in self._variables:
            # Beside its variable, wherever the turn of the strategy is.
            with tf.device(variable.device):
                self._sums.append(tf.Variable(tf.zeros(variable.shape, variable.dtype), trainable=False))
        for _ in range(warmup):
            self._round()
        accounts.begin()
        begin = time.perf_counter()
        seconds, done = [], []
        for _ in range(iterations):
            started = time.perf_counter()
            done += self._round()
            seconds.append(time.perf_counter() - started)
        wall = time.perf_counter() - begin
        return {"seconds": seconds, "wall": wall, "busy": _by_worker(_fetched(done)), **accounts.used()}

    def asynchronous(self, warmup: int, iterations: int, accounts: Accounts) -> JSON:
        """What `iterations` steps per worker took, whoever did them, after `warmup` others; keys as above but for
        `seconds`, and `staleness`: how many updates came between the reading and the writing of each step."""
        self._steps(warmup)
        accounts.begin()
        begin = time.perf_counter()
        done = self._steps(iterations)
        wall = time.perf_counter() - begin
        said = _fetched(done)
        staleness = [int(one[3]) for one in said]
        return {"wall": wall, "busy": _by_worker(said), "staleness": staleness, **accounts.used()}

    def _round(self) -> list[Any]:
        scheduled = [self._served.coordinator.schedule(self._adding, (self._iterator, one)) for one in self._shares]
        self._served.coordinator.join()
        # The result is waited for: the next round must read what this one has written.
        float(self._applying())
        return scheduled

    def _steps(self, each: int) -> list[Any]:
        shares = self._shares * each
        scheduled = [self._served.coordinator.schedule(self._stepping, (self._iterator, one)) for one in shares]
        self._served.coordinator.join()
        return scheduled

    def _add(self, iterator: Any, share: Any) -> tuple[Any, ...]:
        """On a worker: (its number, begin, end), the gradient of a share added to the sums."""
        import tensorflow as tf

        begin = tf.timestamp()
        with tf.control_dependencies([begin]):
            worker, gradients = self._gradients_of(iterator, share)
            added = [
                total.assign_add(gradient, read_value=False)
                for total, gradient in zip(self._sums, gradients, strict=True)
            ]
        with tf.control_dependencies(added):
            return worker, begin, tf.timestamp()

    def _apply(self) -> Any:
        """On the servers: a step along the mean, and the sums are 0 again."""
        import tensorflow as tf

        done = []
        for variable, total in zip(self._variables, self._sums, strict=True):
            with tf.device(variable.device):
                mean = total.read_value() / tf.cast(self._served.workers, total.dtype)
                moved = variable.assign_sub(self._rate * mean, read_value=False)
                with tf.control_dependencies([moved]):
                    done.append(total.assign(tf.zeros_like(mean), read_value=False))
        with tf.control_dependencies(done):
            return tf.timestamp()

    def _step(self, iterator: Any, share: Any) -> tuple[Any, ...]:
        """On a worker: (its number, begin, end, staleness), a step applied at once."""
        import tensorflow as tf

        begin = tf.timestamp()
        with tf.control_dependencies([begin]):
            seen = self._count.read_value()
        with tf.control_dependencies([seen]):
            worker, gradients = self._gradients_of(iterator, share)
            moved = [
                variable.assign_sub(self._rate * gradient, read_value=False)
                for variable, gradient in zip(self._variables, gradients, strict=True)
            ]
        with tf.control_dependencies(moved):
            before = self._count.assign_add(1) - 1
        with tf.control_dependencies([before]):
            return worker, begin, tf.timestamp(), before - seen

    def _gradients_of(self, iterator: Any, share: Any) -> tuple[Any, Sequence[Any]]:
        images, labels, worker = next(iterator)
        return worker, self._gradients(images[share], labels[share])


def _repeated(data: Callable[[], tuple[Any, Any]]) -> Any:
    """The same tensors again and again, with a number by which the coordinator tells their worker from others: it is
    drawn where the data set is made."""
    import tensorflow as tf

    # The seeds of tf.random would make it the same everywhere.
    worker = tf.raw_ops.RandomUniformInt(shape=[1], minval=0, maxval=2**31 - 1, seed=0, seed2=0)[0]
    return tf.data.Dataset.from_tensors((*data(), worker)).repeat()


def _fetched(results: Sequence[Any]) -> list[Any]:
    """What lies on the workers; asking for it takes time that is no part of a step."""
    return [one.fetch() for one in results]


def _by_worker(said: Sequence[Sequence[Any]]) -> list[list[float]]:
    """The seconds from begin to end of (worker, begin, end, …), a list per worker."""
    busy: dict[int, list[float]] = {}
    for worker, begin, end, *_ in said:
        busy.setdefault(int(worker), []).append(float(end) - float(begin))
    return list(busy.values())


def _server_of(variable: Any) -> int:
    device: str = variable.device
    return int(device.split("/task:")[1].split("/")[0])
