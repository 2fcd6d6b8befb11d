"""Every example of every help page is a command that can be given."""

import glob
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from nas_cli.cli import COMMANDS, cli

CONFIGURED = {"search", "train", "morph", "prune", "distill", "quantize", "bench"}
"""Commands whose examples are composed and checked, not only parsed."""


def pages() -> Iterator[tuple[str, str]]:
    """('nas runs list', its help page) of every command and subcommand."""
    yield "nas", CliRunner().invoke(cli, ["--help"], prog_name="nas", terminal_width=200).output
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        below = list(command.commands) if isinstance(command, click.Group) else []
        for words in ([name], *([name, inner] for inner in below)):
            text = CliRunner().invoke(cli, [*words, "--help"], prog_name="nas", terminal_width=200).output
            yield " ".join(["nas", *words]), text


def examples(text: str) -> list[str]:
    """The lines of a page that are commands; what stands after two spaces is said of them."""
    told = re.findall(r"^ *(?:Example: )?(nas [a-z].*)$", text, flags=re.M)
    return [re.split(r" {2,}", line)[0] for line in told if "COMMAND" not in line]


PAGES = dict(pages())
EXAMPLES = sorted({line for text in PAGES.values() for line in examples(text)})


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_an_example_of_its_own(page: str) -> None:
    assert [line for line in examples(PAGES[page]) if line.startswith(page)], PAGES[page]


@pytest.mark.parametrize("line", EXAMPLES)
def test_example_can_be_given(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line)[1:]
    if words[0] in CONFIGURED and "--resume" not in words:
        shown = [word for word in words if word != "--dry-run"]
        done = CliRunner().invoke(cli, [*shown, "--print-config"], prog_name="nas")
        assert done.exit_code == 0, done.output
        assert "seed:" in done.output
        assert not glob.glob("**", recursive=True)
    else:
        parse(words)


def parse(words: Sequence[str]) -> None:
    """Pass if Click takes the words."""
    name, command, parent = "nas", cli, None
    while isinstance(command, click.Group):
        parent = command.make_context(name, list(words), parent=parent)
        name, command, words = command.resolve_command(parent, [*parent._protected_args, *parent.args])
    command.make_context(name, list(words), parent=parent)
