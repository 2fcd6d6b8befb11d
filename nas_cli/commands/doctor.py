"""`nas doctor`: versions, devices, cores, memory, Horovod, data; and a fix for each thing missing."""

import json
import os
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click

PACKAGES = (
    "nas-cli", "tensorflow", "keras", "tf-keras", "tensorflow-model-optimization", "horovod", "click", "hydra-core",
    "numpy", "pandas", "matplotlib",
)  # fmt: skip
LITTLE_MEMORY_GB = 6
LITTLE_DISK_GB = 2


@click.command("doctor", epilog="Example: nas doctor --json")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON on stdout.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def command(as_json: bool, debug: bool) -> None:
    """Show what this machine has, and a fix for each thing missing."""
    found = examine()
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        _print(found)
    if any(check["needed"] and check["fix"] for check in found["checks"]):
        raise click.exceptions.Exit(1)


def examine() -> dict[str, Any]:
    """Everything doctor shows: {"versions", "machine", "horovod", "data", "checks": [{name, value, fix, needed}]}."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    checks: list[dict[str, Any]] = []
    found = {
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES},
        "machine": _machine(checks),
        "horovod": _horovod(checks),
        "data": _data(checks),
        "checks": checks,
    }
    missing = [name for name in PACKAGES if name != "horovod" and _version(name) is None]
    for name in missing:
        _check(checks, name, "missing", "run `make setup`", needed=True)
    return found


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _check(checks: list[dict[str, Any]], name: str, value: str, fix: str | None, needed: bool = False) -> None:
    checks.append({"name": name, "value": value, "fix": fix, "needed": needed})


def _machine(checks: list[dict[str, Any]]) -> dict[str, Any]:
    import psutil

    from nas_cli.training.precision import policy

    memory_gb = psutil.virtual_memory().total / 1e9
    disk_gb = shutil.disk_usage(os.getcwd()).free / 1e9
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    few = f"below {LITTLE_MEMORY_GB} GB: use resources.workers=1" if memory_gb < LITTLE_MEMORY_GB else None
    _check(checks, "memory", f"{memory_gb:.1f} GB", few)
    full = f"below {LITTLE_DISK_GB} GB: give --out on another disk" if disk_gb < LITTLE_DISK_GB else None
    _check(checks, "free disk", f"{disk_gb:.1f} GB", full)
    return {
        "platform": platform.platform(terse=True),
        "cores": cores,
        "memory_gb": round(memory_gb, 1),
        "free_disk_gb": round(disk_gb, 1),
        "devices": _devices(checks),
        "precision": policy("auto"),
    }


def _devices(checks: list[dict[str, Any]]) -> list[str]:
    from nas_cli.training.quiet import quiet_import

    try:
        with quiet_import():
            import tensorflow as tf
    except ImportError as error:
        _check(checks, "TensorFlow", f"cannot be imported: {error}", "run `make setup`", needed=True)
        return []
    return [device.name.replace("/physical_device:", "") for device in tf.config.list_physical_devices()]


def _horovod(checks: list[dict[str, Any]]) -> dict[str, Any]:
    from nas_cli.distributed.probe import probe_horovod

    probe = probe_horovod()
    value = f"{probe.version or 'not installed'}" + (f" ({', '.join(probe.collectives)})" if probe.collectives else "")
    _check(checks, "Horovod", value, probe.problem)
    if probe.chosen is not None:
        _check(checks, "all-reduce", f"{probe.chosen} (on the CPU)", probe.faster)
    return {
        "version": probe.version,
        "collectives": list(probe.collectives),
        "launcher": probe.launcher,
        "chosen": probe.chosen,
    }


def _data(checks: list[dict[str, Any]]) -> dict[str, Any]:
    from nas_cli.data.inventory import list_datasets
    from nas_cli.data.sources import data_dir

    folder = data_dir()
    rows = list_datasets(folder)
    here = [row.name for row in rows if row.where is not None or row.state in ("embedded", "generated")]
    fix = None if folder.is_dir() else "made by the first `nas data fetch`; or set NAS_DATA_DIR to a folder with data"
    _check(checks, "data directory", str(folder), fix)
    _check(checks, "data sets", ", ".join(here), "get one with `nas data fetch NAME`" if len(here) < 3 else None)
    return {"folder": str(folder), "found": here}


def _print(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(file=sys.stdout, highlight=False)
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in found["versions"].items():
        table.add_row(name, value or "[red]missing[/red]")
    for name in ("platform", "cores", "devices", "precision"):
        value = found["machine"][name]
        table.add_row(name, ", ".join(value) if isinstance(value, list) else str(value))
    for check in found["checks"]:
        fix = f"  [yellow]fix: {escape(check['fix'])}[/yellow]" if check["fix"] else ""
        table.add_row(check["name"], escape(check["value"]) + fix)
    console.print(table)
