"""Messages between workers and a parameter server, timed where they are sent for: in the graphs of the workers."""

from collections.abc import Iterable, Sequence
from typing import Any, final

from nas_cli.distributed.parameter_server import ParameterServers
from nas_cli.distributed.server_roles import SERVER

Interval = tuple[float, float]
"""Begin and end, unix seconds."""


@final
class ServerTraffic:
    """A variable of `numbers` float32 numbers on the first server, which every worker reads (pull) or to which it adds
    a tensor of its own (push)."""

    def __init__(self, served: ParameterServers, numbers: int) -> None:
        import tensorflow as tf

        self._served = served
        with tf.device(f"/job:{SERVER}/replica:0/task:0/device:CPU:0"):
            self._variable = tf.Variable(tf.zeros([numbers]), trainable=False)
        data = served.coordinator.create_per_worker_dataset(
            lambda: tf.data.Dataset.from_tensors(tf.ones([numbers])).repeat()
        )
        self._iterator = iter(data)
        self._pulling, self._pushing = tf.function(self._pull), tf.function(self._push)

    def pull(self, times: int) -> list[Interval]:
        """When each of `times` reads per worker began and ended; a worker takes one after the other."""
        return self._carry_out(self._pulling, (), times)

    def push(self, times: int) -> list[Interval]:
        """The same of additions."""
        return self._carry_out(self._pushing, (self._iterator,), times)

    def first_number(self) -> float:
        """The first number of the variable: how many tensors have been added."""
        return float(self._variable[0])

    def _carry_out(self, function: Any, given: Sequence[Any], times: int) -> list[Interval]:
        coordinator = self._served.coordinator
        said = [coordinator.schedule(function, given) for _ in range(times * self._served.workers)]
        coordinator.join()
        return [(float(begin), float(end)) for begin, end, *_ in (one.fetch() for one in said)]

    def _pull(self) -> tuple[Any, ...]:
        import tensorflow as tf

        begin = tf.timestamp()
        with tf.control_dependencies([begin]):
            value = self._variable.read_value()
        first = tf.identity(value)[0]
        with tf.control_dependencies([first]):
            # A number that nobody took would be left out, and with it what it is read from.
            return begin, tf.timestamp(), first

    def _push(self, iterator: Any) -> tuple[Any, ...]:
        import tensorflow as tf

        mine = next(iterator)
        with tf.control_dependencies([mine]):
            begin = tf.timestamp()
        with tf.control_dependencies([begin]):
            added = self._variable.assign_add(tf.identity(mine), read_value=False)
        with tf.control_dependencies([added]):
            return begin, tf.timestamp()


def busy_seconds(intervals: Iterable[Interval]) -> float:
    """The time within at least one of the intervals."""
    total, reached = 0.0, float("-inf")
    for begin, end in sorted(intervals):
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return total
