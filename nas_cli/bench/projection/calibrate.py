"""A hardware profile fitted to measured rows: least squares on the few parameters that the rows can tell."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from nas_cli.bench.projection.cluster import RING, Cluster
from nas_cli.bench.projection.project import kind_of, project
from nas_cli.bench.projection.workload import Workload
from nas_cli.bench.rows import Measured
from nas_cli.errors import ConfigError

Find = Callable[[str], Workload]

SMALLEST_JITTER = 1e-4
STEP = 1e-3
"""Relative step of the derivatives: the cost model has corners, which smaller steps would make a noise of."""
SLOWER = (4, 16, 64)
"""By how much links are taken to be slower at first where the profile's hide behind the computing."""


@dataclass(frozen=True)
class Calibration:
    """A profile with fitted values: `fitted` by dotted name, `spread` the standard error of each as a share of it
    (None where the rows do not tell), `rows` that were used, `rms` of ln(projected / measured) over them."""

    cluster: Cluster
    fitted: dict[str, float]
    spread: dict[str, float | None]
    rows: int
    rms: float


def with_single_rates(cluster: Cluster, rows: Sequence[Measured]) -> Cluster:
    """The profile with the rates of one worker alone that the rows give, brought to the profile's batch."""
    device = cluster.device
    rates = dict(device.images_per_second)
    for row in rows:
        if row.processes == 1 and kind_of(row.mode) in (None, RING):
            measured_at = row.batch / (row.batch + device.half_batch)
            rates[row.model] = row.images_per_second / measured_at * device.batch / (device.batch + device.half_batch)
    return dataclasses.replace(cluster, device=dataclasses.replace(device, images_per_second=rates))


def parameters_for(cluster: Cluster, rows: Sequence[Measured]) -> tuple[str, ...]:
    """What is fitted when nothing is named: the bandwidth that limits each transport which the rows use, then the
    jitter, as long as there are more rows of several workers than parameters."""
    several = [row for row in rows if row.processes > 1 and kind_of(row.mode) is not None]
    used: dict[str, int] = {}
    for row in several:
        name = row.transport or (cluster.ring if kind_of(row.mode) == RING else cluster.server)
        used[name] = max(used.get(name, 0), row.processes)
    limits = dict.fromkeys(_limit(cluster, name, workers) for name, workers in used.items())
    return tuple([*limits, "jitter"][: max(0, len(several) - 1)])


def _limit(cluster: Cluster, name: str, workers: int) -> str:
    """The bandwidth that limits a transport: inside the host, of the link between hosts, or of the transport itself."""
    transport = cluster.transports.get(name)
    if transport is None:
        raise ConfigError(f"cluster '{cluster.name}' has no transport '{name}', which a measured row names.")
    if cluster.hosts_of(workers) == 1:
        return "local.device_gb_s" if transport.inside_gb_s is None else f"transports.{name}.inside_gb_s"
    linked = cluster.network.bytes_per_second < transport.gb_s * 1e9
    return "network.usable" if linked else f"transports.{name}.gb_s"


def calibrate(cluster: Cluster, rows: Sequence[Measured], parameters: Sequence[str], find: Find) -> Calibration:
    """The profile with `parameters` (dotted names, each a number above 0) that fit the rows best.

    Least squares of ln(projected / measured images per second) over the rows, in the logarithm of the parameters, from
    the profile's values. Rows are weighted alike.

    Raises:
        ConfigError: if there are fewer rows than parameters, or a name is not that of a number in the profile.
    """
    if not parameters:
        return Calibration(cluster, {}, {}, len(rows), rms(cluster, rows, find))
    if len(rows) < len(parameters):
        raise ConfigError(f"{len(rows)} rows cannot tell {len(parameters)} parameters: {', '.join(parameters)}.")
    start = [math.log(max(value_of(cluster, name), SMALLEST_JITTER)) for name in parameters]

    def residuals(logarithms: Any) -> Any:
        return errors(_with_all(cluster, parameters, logarithms), rows, find)

    def best_from(beginning: Sequence[float]) -> Any:
        return least_squares(residuals, beginning, diff_step=STEP, x_scale=1.0, max_nfev=200)

    found = best_from(start)
    untold = [not told for told in _told(found)]
    if any(untold):
        # What the computing hides has no slope: from slower links on it has.
        slower = [[x - flat * math.log(by) for x, flat in zip(start, untold, strict=True)] for by in SLOWER]
        found = min([found, *map(best_from, slower)], key=lambda one: float(one.cost))
    fitted = _with_all(cluster, parameters, found.x)
    values = {name: value_of(fitted, name) for name in parameters}
    return Calibration(fitted, values, _spread(found, parameters), len(rows), rms(fitted, rows, find))


def errors(cluster: Cluster, rows: Sequence[Measured], find: Find) -> Any:
    """ln(projected / measured images per second) of each row."""
    return np.array([math.log(projected(cluster, row, find) / row.images_per_second) for row in rows])


def rms(cluster: Cluster, rows: Sequence[Measured], find: Find) -> float:
    """Root mean square of the errors; 0 without rows."""
    return float(np.sqrt(np.mean(errors(cluster, rows, find) ** 2))) if rows else 0.0


def projected(cluster: Cluster, row: Measured, find: Find) -> float:
    """Images per second that the profile projects for a measured row."""
    workload = find(row.model)
    transport = row.transport or None
    made = project(cluster, workload, row.mode, row.processes, row.batch, row.servers, transport)
    return made.images_per_second


def value_of(cluster: Cluster, name: str) -> float:
    """The number under a dotted name, as 'jitter' or 'transports.nccl.gb_s'.

    Raises:
        ConfigError: if there is no number.
    """
    part: Any = cluster
    for key in name.split("."):
        part = part.get(key) if isinstance(part, dict) else getattr(part, key, None)
    if isinstance(part, bool) or not isinstance(part, int | float):
        raise ConfigError(f"'{name}' is not a number in the profile '{cluster.name}', as jitter is.")
    return float(part)


def with_value(part: Any, name: str, value: float) -> Any:
    """A copy of the profile, or of a part of it, with another number under a dotted name."""
    key, _, rest = name.partition(".")
    old = part[key] if isinstance(part, dict) else getattr(part, key)
    new = with_value(old, rest, value) if rest else value
    return {**part, key: new} if isinstance(part, dict) else dataclasses.replace(part, **{key: new})


def _with_all(cluster: Cluster, names: Sequence[str], logarithms: Any) -> Cluster:
    for name, logarithm in zip(names, logarithms, strict=True):
        cluster = with_value(cluster, name, math.exp(float(logarithm)))
    return cluster


def _told(found: Any) -> list[bool]:
    """Of each parameter, whether any row depends on it."""
    return [bool(told) for told in np.any(np.abs(found.jac) > 1e-9, axis=0)]


def _spread(found: Any, names: Sequence[str]) -> dict[str, float | None]:
    free, told = len(found.fun) - len(names), _told(found)
    spread: dict[str, float | None] = {}
    for position, name in enumerate(names):
        spread[name] = None if free < 1 or not told[position] else 0.0
    known = [position for position, name in enumerate(names) if spread[name] is not None]
    if known:
        jacobian = found.jac[:, known]
        covariance = np.linalg.pinv(jacobian.T @ jacobian) * (found.fun @ found.fun) / free
        for position, variance in zip(known, np.diag(covariance), strict=True):
            spread[names[position]] = float(np.sqrt(variance))
    return spread
