"""Runs, or goes on with, every experiment of the five documents, and writes results/README.md.

    make reproduce-tables                                # reduced: each experiment at most 100 minutes on 2 cores
    make reproduce-tables SCALE=smoke                    # all of it in minutes, to results/runs/smoke/
    make reproduce-tables ONLY=codeepneat,neat_xor       # folders of results/, or single experiments
    make reproduce-tables SCALE=paper DRY_RUN=1          # the plan alone: what is there, predicted minutes
    python scripts/reproduce_tables.py --report          # results/README.md from the tables that are there

Prints the plan first. Every experiment is a script of its own, which can be run by itself; it goes on where it was
interrupted. One that fails does not stop the others.
"""

import argparse
import importlib
import os
import resource
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resumable_runs import INTERRUPTED, ROOT, shown

from nas_cli.data.catalog import DATASETS, reader
from nas_cli.data.sources import data_dir
from nas_cli.errors import NasError
from nas_cli.reports.reproduction.catalogue import EXPERIMENTS, FOLDERS, SCALES, Experiment
from nas_cli.reports.reproduction.page import write_page
from nas_cli.runs.files import write_atomic

SMOKE = ROOT / "results" / "runs" / "smoke"
DONE = "done"
"""Folder below the runs: a file for each experiment without run folders that has come to its end."""


@dataclass(frozen=True)
class Places:
    """`root`: of runs/ and results/, where they are not the scripts' own."""

    scale: str
    root: Path | None

    @property
    def results(self) -> Path:
        """The folder of tables."""
        return ROOT / "results" if self.root is None else self.root / "results"

    def done(self, one: Experiment) -> Path:
        """Exists once an experiment without run folders has come to its end."""
        runs = ROOT / "results" / "runs" if self.root is None else self.root / "runs"
        return runs / DONE / f"{self.scale}-{one.name}"

    def words(self, one: Experiment) -> list[str]:
        """The arguments of its script."""
        words = shlex.split(one.arguments(self.scale) or "")
        if self.root is None:
            return [*words, "--out", str(self.results / f"{one.folder}_paper")] if self.scale == "paper" else words
        runs = ["--runs", str(self.root / "runs" / one.folder)] if one.journals else []
        return [*words, *runs, "--out", str(self.results / one.folder)]


@dataclass(frozen=True)
class Step:
    """An experiment of the plan: `left_out` says why it is not run, empty where it is; `minutes`: still to go."""

    one: Experiment
    complete: int
    runs: int
    minutes: float
    left_out: str


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 once all is complete, 1 where something is not, 130 after Ctrl-C."""
    given = _parse(arguments)
    places = Places(given.scale, given.out or (SMOKE if given.scale == "smoke" else None))
    # A terminated session leaves no runs behind either, and one in the background, which ignores SIGINT, passes it on.
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, signal.default_int_handler)
    try:
        if given.report:
            failed: list[str] = []
        else:
            plan = [step(one, places) for one in given.only]
            print("\n".join(told(plan, given.scale)), flush=True)
            if given.dry_run:
                return 0
            failed = carry_out(plan, places)
        for path in write_page(places.results, given.scale):
            print(shown(path))
    except NasError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # `… --dry-run | head` has seen enough; what is still in the buffer has no reader either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("Interrupted: the same command goes on from here.", file=sys.stderr)
        return INTERRUPTED
    if failed:
        print(f"Not complete: {', '.join(failed)}. The same command tries again.", file=sys.stderr)
    return int(bool(failed))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", choices=SCALES, default="reduced")
    parser.add_argument("--only", type=chosen, default=list(EXPERIMENTS), help="names, or folders of results/")
    parser.add_argument("--dry-run", action="store_true", help="print the plan and end")
    parser.add_argument("--report", action="store_true", help="run nothing, write results/README.md")
    parser.add_argument("--out", type=lambda text: Path(text).resolve(), help="folder for runs/ and results/ instead")
    return parser.parse_args(arguments)


def chosen(text: str) -> list[Experiment]:
    """The experiments of a list of names and folders, in the order of the catalogue."""
    given = [name for name in text.split(",") if name]
    known = [*FOLDERS, *(one.name for one in EXPERIMENTS)]
    unknown = [name for name in given if name not in known]
    if unknown or not given:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; known: {', '.join(dict.fromkeys(known))}")
    return [one for one in EXPERIMENTS if one.name in given or one.folder in given]


def step(one: Experiment, places: Places) -> Step:
    """What is there of an experiment, and what is to be done."""
    if one.arguments(places.scale) is None:
        return Step(one, 0, 0, 0.0, one.reason(places.scale))
    lacking = [name for name in one.data if places.scale == "smoke" and not present(name)]
    if lacking:
        return Step(one, 0, 0, 0.0, f"{', '.join(lacking)} not in {data_dir()}")
    complete, runs = progress(one, places)
    whole = {"smoke": one.smoke_minutes, "reduced": float(one.minutes), "paper": float("nan")}[places.scale]
    return Step(one, complete, runs, whole * (1 - complete / runs), "")


def present(name: str) -> bool:
    """True if a data set, or a folder of one that is no data set of `nas`, is on this machine."""
    return reader(name).find(data_dir(), None) is not None if name in DATASETS else (data_dir() / name).exists()


def progress(one: Experiment, places: Places) -> tuple[int, int]:
    """How many of an experiment's runs are complete, and how many there are; one for those without run folders."""
    runs: list[Any] = []
    if one.journals:
        script: Any = importlib.import_module(Path(one.script).stem)
        if hasattr(script, "every_run"):
            runs = list(script.every_run(script.parse(places.words(one))))
    if not runs:
        return int(places.done(one).exists()), 1
    return sum(run.complete for run in runs), len(runs)


def told(plan: Sequence[Step], scale: str) -> list[str]:
    """The plan in lines."""
    width = max(len(each.one.name) for each in plan)
    lines = [f"{scale} scale, 2 cores:"]
    for each in plan:
        if each.left_out:
            lines.append(f"  {each.one.name:<{width}}  left out: {each.left_out}")
            continue
        there = f"{each.complete} of {each.runs} complete"
        budget = f", budget {each.one.budget}" if scale == "reduced" else ""
        lines.append(f"  {each.one.name:<{width}}  {there:<20} {_minutes(each.minutes)}{budget}")
    lines.append(f"  {'to go':<{width}}  {'':<20} {_minutes(sum(s.minutes for s in plan if not s.left_out))}")
    return lines


def _minutes(value: float) -> str:
    return "days on 2 cores, hours on a GPU" if value != value else f"about {value:.{0 if value >= 10 else 1}f} min"


def carry_out(plan: Sequence[Step], places: Places) -> list[str]:
    """The names of the experiments that did not come to their end."""
    failed = []
    for each in plan:
        done = places.done(each.one)
        if each.left_out or (done.exists() and each.complete == each.runs):
            continue
        begun, used = time.perf_counter(), processor_seconds()
        print(f"\n{each.one.name}: python scripts/{each.one.script} {each.one.arguments(places.scale)}", flush=True)
        code = run([sys.executable, str(ROOT / "scripts" / each.one.script), *places.words(each.one)])
        minutes = (time.perf_counter() - begun) / 60
        ended = "complete" if code == 0 else f"exit code {code}"
        took = f"{minutes:.1f} min, {(processor_seconds() - used) / 60:.1f} of processor time"
        print(f"{each.one.name}: {ended}, {took}", flush=True)
        if places.scale == "reduced" and minutes > each.one.budget:
            print(f"{each.one.name}: over its budget of {each.one.budget} min", file=sys.stderr, flush=True)
        if code:
            failed.append(each.one.name)
        else:
            done.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(done, b"")
    return failed


def processor_seconds() -> float:
    """Of all processes that were waited for: hardly longer while the machine has other work."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(command: Sequence[str]) -> int:
    """The exit code of a process with a group of its own, which gets an interruption once, and is waited for.

    Raises:
        KeyboardInterrupt: after the process has ended.
    """
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            os.killpg(process.pid, signal.SIGINT)
            process.wait()
            raise


if __name__ == "__main__":
    sys.exit(main())
