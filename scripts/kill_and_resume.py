"""Kills a search again and again, resumes it, and checks that its results are those of an uninterrupted run.

    python scripts/kill_and_resume.py                       # 30 rounds on a tiny search, 3 with each strategy
    python scripts/kill_and_resume.py --rounds 5 strategy.population=6
    python scripts/kill_and_resume.py --strategy reinforce,random+hyperband --rounds 9

The tiny search trains networks. With `--strategy` the search is one over scores that cost nothing (the driver of the
tests, with worker processes too), for each named strategy, `+` a scheduler; those that train a supernet first have
no trials without it, their resume is shown by their own tests. Each round runs the search in a new folder
and sends SIGKILL to its main process one to three times: at a random instant, at the moment the journal grows, or at
that moment with the journal's last line then cut at a random byte, as a torn write leaves it. Between kills it is
resumed with `--resume`. In the end the trials (architectures, fitness, status, metrics without times), the test result
and the best architecture must equal those of a run that nobody touched, and no worker process may outlive its killed
parent. Exit code 0 if all rounds do, else 1.
"""

import argparse
import contextlib
import json
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from lone_strategies import without_supernets

from nas_cli.config import groups

ROOT = Path(__file__).parents[1]
COMMAND = f"{shlex.quote(sys.executable)} -m nas_cli search"
TINY = (
    "dataset=fashion_mini",
    "dataset.train_size=200",
    "dataset.valid_size=100",
    "dataset.test_size=100",
    "space.max_flops=5e6",
    "strategy.generations=2",
    "strategy.population=3",
    "training.epochs=1",
    "deterministic=true",
)
TIMES = (
    "train_seconds", "evaluation_seconds", "compile_seconds", "compress_seconds", "cpu_seconds", "images_per_second",
    "seconds",
)  # fmt: skip
KINDS = ("instant", "growth", "torn")


@dataclass(frozen=True)
class Search:
    """A search to kill, `rounds` times: `command` without --out, --resume and `overrides`."""

    name: str
    command: Sequence[str]
    overrides: Sequence[str]
    rounds: int


@dataclass
class Trouble:
    """What went wrong in a round, in words; empty if nothing did."""

    found: list[str]

    def note(self, text: str) -> None:
        """Adds one observation."""
        self.found.append(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    given = _parse(arguments)
    base = Path(tempfile.mkdtemp(prefix="kill_and_resume_")) if given.folder is None else given.folder.resolve()
    print(f"run folders in {base}", flush=True)
    identical = [challenge(search, base / search.name, given.seed) for search in searches(given)]
    return 0 if all(identical) else 1


def searches(given: argparse.Namespace) -> list[Search]:
    """What is to be killed."""
    if given.strategy:
        return [dummy(name, given.rounds) for name in given.strategy.split(",")]
    real = Search("", shlex.split(given.command), given.overrides or list(TINY), given.rounds)
    if given.overrides or given.command != COMMAND:
        return [real]
    names = [*without_supernets(), *(f"random+{name}" for name in groups()["scheduler"] if name != "none")]
    return [real, *(dummy(name, max(1, given.rounds // 10)) for name in names)]


def dummy(name: str, rounds: int) -> Search:
    """A search with a strategy, or strategy+scheduler, whose scores cost nothing."""
    strategy, _, scheduler = name.partition("+")
    chosen = [f"strategy={strategy}", *([f"scheduler={scheduler}"] if scheduler else [])]
    return Search(name, [sys.executable, "-m", "tests.search.driver"], chosen, rounds)


def challenge(search: Search, base: Path, seed: int) -> bool:
    """True if a search that is killed in each round always ends like one that is not."""
    command, overrides = search.command, search.overrides
    print(shlex.join([*command, *overrides]), flush=True)
    base.mkdir(parents=True, exist_ok=True)
    whole = base / "uninterrupted"
    began = time.monotonic()
    subprocess.run([*command, "--out", str(whole), *overrides], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    seconds = time.monotonic() - began
    wanted = results(whole)
    print(f"uninterrupted: {len(wanted['trials'])} trials in {seconds:.1f} s", flush=True)
    identical = 0
    for number in range(search.rounds):
        dice = random.Random(f"{seed}/{number}")
        folder = base / f"round-{number:02d}"
        kills, trouble = attack(command, overrides, folder, dice, seconds, KINDS[number % len(KINDS)])
        compare(wanted, folder, trouble)
        identical += not trouble.found
        verdict = "identical" if not trouble.found else "DIFFERENT: " + "; ".join(trouble.found)
        print(f"round {number + 1:2d}: killed {', '.join(kills)}: {verdict}", flush=True)
    print(f"{identical} of {search.rounds} identical", flush=True)
    return identical == search.rounds


def attack(
    command: Sequence[str], overrides: Sequence[str], folder: Path, dice: random.Random, seconds: float, kind: str
) -> tuple[list[str], Trouble]:
    """The kills made (at least one, the first of the given kind) until the search in `folder` came to its end."""
    kills: list[str] = []
    trouble = Trouble([])
    planned = dice.randint(1, 3)
    for _ in range(20 * planned):
        process = _launch(command, overrides, folder)
        if len(kills) < planned:
            how = _kill(process, folder / "journal.jsonl", dice, seconds, kind, trouble)
            if how is not None:
                kills.append(how)
                kind = dice.choice(KINDS)
                continue
            # The search was faster than the dice: an earlier instant in a fresh folder still gives a kill.
            if not kills:
                seconds /= 2
                shutil.rmtree(folder, ignore_errors=True)
                continue
        code = process.wait()
        if code != 0:
            trouble.note(f"exit code {code} of {shlex.join(map(str, process.args))}")  # type: ignore[arg-type]
        return kills, trouble
    trouble.note("it never came to its end")
    return kills, trouble


def results(folder: Path) -> dict[str, Any]:
    """What a run found, without anything that depends on time or on who computed it."""
    lines = (folder / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    trials = sorted((event for event in events if event["event"] == "trial"), key=lambda event: int(event["id"]))
    return {
        "trials": [_without_times(event) for event in trials],
        "test": [_without_times(event) for event in events if event["event"] == "test"],
        "ends": sum(event["event"] == "end" for event in events),
        "best": json.loads((folder / "best" / "architecture.json").read_text(encoding="utf-8")),
        "network": (folder / "best" / "model.keras").exists(),
        "best trial": json.loads((folder / "summary.json").read_text(encoding="utf-8"))["best"]["id"],
    }


def compare(wanted: dict[str, Any], folder: Path, trouble: Trouble) -> None:
    """Notes every part of the results in `folder` that differs from the wanted ones."""
    try:
        found = results(folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        trouble.note(f"the run cannot be read: {error!r}")
        return
    for part, value in wanted.items():
        if found[part] != value:
            trouble.note(f"{part} differ{_first_difference(value, found[part])}")


def _first_difference(wanted: Any, found: Any) -> str:
    if not isinstance(wanted, list) or len(wanted) != len(found):
        return f" ({len(found)} instead of {len(wanted)})" if isinstance(wanted, list) else ""
    for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
        keys = [key for key in one if one[key] != other.get(key)]
        if keys:
            return f" (number {number}: {keys[0]} {str(other.get(keys[0]))[:60]} instead of {str(one[keys[0]])[:60]})"
    return ""


def _without_times(event: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in event.items() if key not in (*TIMES, "time", "worker")}
    return {key: _timeless(value) for key, value in kept.items()}


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(item) for key, item in value.items() if key not in TIMES}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


def _launch(command: Sequence[str], overrides: Sequence[str], folder: Path) -> "subprocess.Popen[bytes]":
    # A run killed before it had a configuration cannot be resumed: it is started again, as a user would.
    begun = (folder / "config.yaml").exists()
    arguments = ["--resume", str(folder)] if begun else ["--out", str(folder), *overrides]
    return subprocess.Popen([*command, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)


def _kill(
    process: "subprocess.Popen[bytes]", journal: Path, dice: random.Random, seconds: float, kind: str, trouble: Trouble
) -> str | None:
    """Kills the process in the given way and says when; None if it ended before."""
    began = time.monotonic()
    if kind == "instant":
        _wait_for_end(process, dice.uniform(0, seconds))
    else:
        _wait_for_growth(process, journal, growths=dice.randint(1, 10))
    if process.poll() is not None:
        return None
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    after = time.monotonic() - began
    deadline = time.monotonic() + 10
    while any(map(_runs, children)) and time.monotonic() < deadline:
        time.sleep(0.01)
    for child in filter(_runs, children):
        trouble.note(f"process {child.pid} outlived its parent")
        child.kill()
    if kind == "torn" and journal.exists():
        return f"after {after:.1f} s, {_tear(journal, dice)} bytes torn off"
    return f"after {after:.1f} s" + (" as the journal grew" if kind != "instant" else "")


def _runs(process: psutil.Process) -> bool:
    # A dead process stays a zombie until the system's first process takes note of it.
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _wait_for_end(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def _wait_for_growth(process: "subprocess.Popen[bytes]", journal: Path, growths: int) -> None:
    size = _size(journal)
    while process.poll() is None and growths:
        now = _size(journal)
        growths -= now != size
        size = now
        # Short enough to strike while the search still syncs or acts on the new line.
        time.sleep(0.0002)


def _tear(journal: Path, dice: random.Random) -> int:
    """Cuts the last line at a random byte, as a write torn by a power failure does; the number of bytes cut."""
    data = journal.read_bytes()
    begin = data[:-1].rfind(b"\n") + 1
    end = dice.randint(begin, max(begin, len(data) - 1))
    with journal.open("r+b") as file:
        file.truncate(end)
    return len(data) - end


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--strategy", help="names, or NAME+SCHEDULER, separated by commas: only these")
    parser.add_argument("--seed", type=int, default=0, help="of the instants of the kills")
    parser.add_argument("--command", default=COMMAND, help="the search, without --out, --resume and overrides")
    parser.add_argument("--folder", type=Path, help="an empty folder for the runs; default is a temporary one")
    parser.add_argument("overrides", nargs="*", help=f"of the search; default: {' '.join(TINY)}")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
