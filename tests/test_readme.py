"""The README's programs and its tour do what it says they do."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
ELISION = "…"


def blocks(language: str) -> list[str]:
    """The contents of the README's code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def steps() -> Iterator[tuple[str, list[str]]]:
    """The tour's commands, each with the lines that it is said to print."""
    command, lines = "", list[str]()
    for line in "".join(blocks("console")).splitlines():
        if line.startswith("$ "):
            if command:
                yield command, lines
            command, lines = line.removeprefix("$ "), []
        elif line.strip() != ELISION:
            lines.append(line)
    yield command, lines


def shape(line: str) -> str:
    """A line without spaces and without its numbers and their units, which are those of one machine."""
    return re.sub(r"[-+]?\d[\d.,]*\s*([kMG](i?B)?\b|h\b|min\b|s\b)?|\s+", "", line)


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_a_program_runs_and_prints(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    source = blocks("python")[number]
    exec(compile(source, f"README program {number}", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out.strip()


@pytest.mark.slow
def test_the_tour_prints_what_the_readme_shows(tmp_path: Path) -> None:
    for command, lines in steps():
        words = shlex.split(command)
        assert words[0] == "nas"
        done = subprocess.run(
            [sys.executable, "-m", "nas_cli", *words[1:]], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, f"{command}\n{said}"
        printed = {shape(line) for line in said.splitlines()}
        for line in lines:
            assert shape(line) in printed, f"{command} no longer prints: {line}\n{said}"
