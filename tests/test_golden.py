"""Golden files: help pages and composed configurations. `make golden` rewrites them after a wanted change."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from nas_cli.cli import COMMANDS, cli
from nas_cli.config import CONFIGS

GOLDEN = Path(__file__).parent / "golden"
PAGES = {
    "nas.txt": ["--help"],
    **{f"nas-{name}.txt": [name, "--help"] for name in COMMANDS},
    **{f"{name}-config.yaml": [name, "--print-config"] for name in CONFIGS},
}


@pytest.mark.parametrize("file", PAGES)
def test_page_is_as_recorded(file: str) -> None:
    result = CliRunner().invoke(cli, PAGES[file], prog_name="nas", terminal_width=110)
    assert result.exit_code == 0, result.output
    if os.environ.get("NAS_GOLDEN") == "write":
        GOLDEN.mkdir(exist_ok=True)
        (GOLDEN / file).write_text(result.stdout, encoding="utf-8")
    assert result.stdout == (GOLDEN / file).read_text(encoding="utf-8")
