"""Runs of `nas` as processes of their own: begun, resumed if they were interrupted, left alone if complete."""

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from nas_cli.errors import NasError
from nas_cli.runs.folder import CONFIG, open_run

ROOT = Path(__file__).resolve().parents[1]
INTERRUPTED = 130


@dataclass(frozen=True)
class Run:
    """A run in the folder `path`; `command`: 'search', … and its words, without the folder."""

    path: Path
    command: Sequence[str]

    @property
    def complete(self) -> bool:
        """True if the run has ended, and a resume has nothing left to do."""
        return (self.path / CONFIG).exists() and any(e["event"] == "end" for e in open_run(self.path).events())


def replaced(words: Sequence[str], further: Sequence[str]) -> list[str]:
    """The words of a command, KEY=VALUE overrides of a key that `further` ones give anew left out, then these."""
    keys = {word.partition("=")[0] for word in further}
    return [*(word for word in words if "=" not in word or word.partition("=")[0] not in keys), *further]


def names(text: str, known: Iterable[str]) -> list[str]:
    """The names of a list A,B,…, as the type of a command's option; argparse tells of one that is not known."""
    given, allowed = text.split(","), list(known)
    unknown = [name for name in given if name not in allowed]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; known: {', '.join(allowed)}")
    return given


def of_arms(runs: Iterable[Run], arms: Sequence[str]) -> list[Run]:
    """The runs <arm>-… of these arms (of all if there are none), and those in `dense`, which others begin with."""
    return [run for run in runs if not arms or run.path.parent.name == "dense" or run.path.name.split("-")[0] in arms]


def add_places(parser: argparse.ArgumentParser, runs: Path | None = None, out: Path | None = None) -> None:
    """Adds the options that every experiment of several runs has."""
    parser.add_argument("--runs", type=lambda text: Path(text).resolve(), default=runs, help="folder of the runs")
    parser.add_argument("--out", type=lambda text: Path(text).resolve(), default=out, help="folder of the tables")
    parser.add_argument("--report", action="store_true", help="run nothing, write the tables")
    parser.add_argument("overrides", nargs="*", help="further KEY=VALUE for every run")


def shown(path: Path) -> Path:
    """The path, below the root of the project without that."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def ended(main: Callable[[], int], resumes: bool = True) -> int:
    """The exit code of a script: that of `main`, or one line and 1 after an error of ours, 130 after Ctrl-C.

    `resumes`: False for one that keeps no runs and writes all at its end.
    """
    try:
        return main()
    except NasError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        left = "the same command goes on from here" if resumes else "nothing was written"
        print(f"Interrupted: {left}.", file=sys.stderr)
        return INTERRUPTED


def carry_out(runs: Sequence[Run], jobs: int = 1) -> bool:
    """True once all runs are complete; `jobs` of them go on at a time."""
    with ThreadPoolExecutor(jobs) as pool:
        return all(list(pool.map(_carry_out, runs)))


def _carry_out(run: Run) -> bool:
    if run.complete:
        return True
    further = (
        ["--resume", str(run.path)] if (run.path / CONFIG).exists() else [*run.command[1:], "--out", str(run.path)]
    )
    command = [sys.executable, "-m", "nas_cli", run.command[0], *further]
    print("nas", " ".join(command[3:]), file=sys.stderr, flush=True)
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0
