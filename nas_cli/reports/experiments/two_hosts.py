"""`two_hosts.md` in results/scaling/: what was measured between two hosts, and projected from another link."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from nas_cli.bench.measuring.measurement import INDEPENDENT, RING
from nas_cli.bench.projection.calibrate import Calibration, Find, calibrate, projected, with_single_rates, with_value
from nas_cli.bench.projection.cluster import Cluster, load_cluster
from nas_cli.bench.rows import COLUMNS, Measured
from nas_cli.errors import DataError
from nas_cli.reports.experiments.made import Made, in_process
from nas_cli.reports.experiments.markdown import markdown
from nas_cli.reports.experiments.output import write_results

ROWS, PAGE, PROJECTED = "two_hosts.csv", "two_hosts.md", "two_hosts_projected.csv"
PART = "two hosts"
"""Its row in made.csv."""

NO_LINK = "no link"
"""The cluster of rows without communication."""
GRPC = "transports.grpc"
FITTED = (
    "network.usable", "transports.gloo.message_ms", f"{GRPC}.message_ms", f"{GRPC}.inside_gb_s", "servers.core_gb_s",
)  # fmt: skip
BAR = 0.20
AVERAGED = ["images_per_second", "efficiency", "efficiency_independent", "bytes_moved", "bytes_counted"]

Row = Mapping[str, Any]


def read_rows(file: Path) -> list[dict[str, Any]]:
    """The rows of two_hosts.csv.

    Raises:
        DataError: there are none.
    """
    try:
        return [{str(key): value for key, value in row.items()} for row in pd.read_csv(file).to_dict("records")]
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read the measured rows in {file}: measure them first.") from error


def averaged(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """A row for each cluster, mode, network and number of processes: the mean of its turns, with their number as
    `turns`; `uncertainty` is two standard errors of the mean over them, of a single turn that of its steps."""
    made = []
    for _, group in pd.DataFrame(rows).groupby(["cluster", "mode", "model", "processes"], sort=False):
        mean = group.iloc[0].to_dict() | group[AVERAGED].mean().to_dict() | {"turns": len(group)}
        if len(group) > 1:
            mean["uncertainty"] = 2 * group["images_per_second"].std(ddof=1) / len(group) ** 0.5
        made.append({str(key): value for key, value in mean.items()})
    return made


def build_two_hosts(
    rows: Sequence[Row], profile: Path, find: Find, out: Path, command: str, seconds: float | None
) -> list[Path]:
    """The files written under `out`; `find` counts a network, `seconds`: what measuring took, None if not done now."""
    means = averaged(rows)
    table, fits = projections(means, load_cluster(str(profile), profile.parent), find)
    measured = pd.DataFrame(rows).reindex(columns=list(COLUMNS))
    texts = {
        ROWS: measured.to_csv(index=False),
        PROJECTED: table.to_csv(index=False),
        PAGE: _page(means, table, fits, command),
    }
    made: list[Made] = [] if seconds is None else [in_process(PART, len(rows), seconds)]
    return write_results(out, texts, [], made)


def projections(rows: Sequence[Row], start: Cluster, find: Find) -> tuple[pd.DataFrame, dict[str, Calibration]]:
    """Every measured row beside what the profile calibrated at each of the links says of it; the calibrations by link.

    The rate of one worker is what two have without communication, halved: the hosts share a machine. A calibration
    has the rows of its link, and those of one worker with a server beside it, which know no link.
    """
    links = list(dict.fromkeys(str(row["cluster"]) for row in rows if row["cluster"] != NO_LINK))
    alone = [_measured(row, RING, 1, row["images_per_second"] / 2) for row in rows if _both_without(row)]
    start = with_single_rates(start, alone)
    beside = [_as_it_is(row) for row in rows if row["cluster"] == NO_LINK and row["mode"] != INDEPENDENT]
    fits, table = {}, []
    for link in links:
        given = [_as_it_is(row) for row in rows if row["cluster"] == link]
        fits[link] = calibrate(_with_link(start, link), [*given, *beside], FITTED, find)
        for other, row in itertools.product(links, rows):
            if row["cluster"] == other:
                made = projected(_with_link(fits[link].cluster, other), _as_it_is(row), find)
                table.append(_compared(link, other, row, made))
    return pd.DataFrame(table), fits


def _compared(link: str, other: str, row: Row, made: float) -> dict[str, Any]:
    error = made / row["images_per_second"] - 1
    return {
        "calibrated at": link,
        "measured at": other,
        "used": "fitted" if link == other else "predicted",
        "mode": row["mode"],
        "model": row["model"],
        "measured": round(row["images_per_second"], 2),
        "projected": round(made, 2),
        "error %": round(100 * error, 1),
        "within 20 %": "" if link == other else "yes" if abs(error) <= BAR else "no",
    }


def _both_without(row: Row) -> bool:
    return bool(row["mode"] == INDEPENDENT and row["processes"] == 2)


def _with_link(cluster: Cluster, link: str) -> Cluster:
    made: Cluster = with_value(cluster, "network.gbit_s", float(link.split()[0]) / 1000)
    return dataclasses.replace(made, device=dataclasses.replace(made.device, batch=1, half_batch=0.0))


def _as_it_is(row: Row) -> Measured:
    return _measured(row, row["mode"], int(row["processes"]), row["images_per_second"])


def _measured(row: Row, mode: str, processes: int, rate: float) -> Measured:
    return Measured(mode, row["model"], processes, int(row["servers"]) or None, int(row["batch"]), rate)


def _page(rows: Sequence[Row], table: pd.DataFrame, fits: Mapping[str, Calibration], command: str) -> str:
    shown = pd.DataFrame(rows)
    shown["MB/step"] = (shown["bytes_moved"] / 1e6).round(2)
    shown["MB counted"] = (shown["bytes_counted"] / 1e6).round(2)
    shown["images/s"] = shown["images_per_second"].round(2)
    shown["±"] = shown["uncertainty"].round(2)
    shown["T_W/(W·T_1) %"] = (100 * shown["efficiency"]).round(1)
    shown["of independent %"] = (100 * shown["efficiency_independent"]).round(1)
    columns = ["cluster", "mode", "model", "processes", "servers", "batch", "turns", "images/s", "±", "T_W/(W·T_1) %"]
    columns += ["of independent %", "MB/step", "MB counted"]
    predicted = table[table["used"] == "predicted"]
    met = int((predicted["within 20 %"] == "yes").sum())
    fitted = [
        {"calibrated at": link, **{name: f"{value:.4g}" for name, value in fit.fitted.items()},
         "rms %": round(100 * fit.rms, 1)}
        for link, fit in fits.items()
    ]  # fmt: skip
    return f"""# Two hosts

`{command}` wrote this page. Two network namespaces of one machine, a core each, joined by a pair of virtual Ethernet
devices with a token bucket in each direction. One process with one thread on each host, one parameter server, on the
first host. Networks for 32×32 pixels and 1000 classes; images are synthetic. `MB/step`: what the method sends;
`MB counted`: what the devices of both hosts sent, the loopback device of the server's host included. Means over
`turns` at each limit; ±: two standard errors of the mean, of a single turn those of its steps.

## Measured

{markdown(shown[columns])}

## Projected

The profile is calibrated with the rows of one limit and then told the other link's width. The rate of one worker is
half of what two have without communication. {met} of {len(predicted)} predictions are within 20 %.

{markdown(predicted.drop(columns="used"))}

Fitted to the rows of one limit, and to those of one worker with the server beside it, which know no link
(`network.usable`: share of the link's width; `message_ms`: time per message; `inside_gb_s`: between the server and the
worker beside it; `core_gb_s`: what the server sends and takes for the other worker on the core of the one beside it):

{markdown(pd.DataFrame(fitted))}
"""
