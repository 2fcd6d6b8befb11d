"""Markdown of the project's results as a part of a page: its pictures inside, its headings below the page's own."""

import base64
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from nas_cli.reports.page.elements import escape

MIME = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg"}


def markdown(text: str, folder: Path) -> tuple[str, set[Path]]:
    """HTML of the text without its first heading, and the pictures in it; `folder` is what its paths begin at.

    HTML in the text is shown as text. Pictures that are not files below the folder are left out.
    """
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    for name, rule in {"image": _image, "table_open": _opened, "table_close": _closed}.items():
        reader.add_render_rule(name, rule)
    environment: dict[str, Any] = {"folder": folder, "pictures": set()}
    tokens = _below(reader.parse(text, environment))
    return f'<div class="prose">{reader.renderer.render(tokens, reader.options, environment)}</div>', environment[
        "pictures"
    ]


def picture(file: Path, title: str) -> str:
    """An `<img>` that holds the file."""
    content = base64.b64encode(file.read_bytes()).decode()
    return f'<img alt="{escape(title)}" src="data:{MIME[file.suffix]};base64,{content}">'


def _below(tokens: Sequence[Token]) -> list[Token]:
    """The tokens without the title, the levels of the other headings one deeper."""
    titled = len(tokens) > 2 and tokens[0].tag == "h1"
    kept = list(tokens[3:] if titled else tokens)
    for token in kept:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1:]) + 1)}"
    return kept


def _image(renderer: Any, tokens: Sequence[Token], at: int, options: Any, environment: MutableMapping[str, Any]) -> str:
    file = (environment["folder"] / str(tokens[at].attrs["src"])).resolve()
    inside = file.is_relative_to(environment["folder"].resolve()) and file.suffix in MIME and file.is_file()
    if not inside:
        return escape(tokens[at].content)
    environment["pictures"].add(file)
    return picture(file, tokens[at].content)


def _opened(renderer: Any, tokens: Sequence[Token], at: int, options: Any, environment: Any) -> str:
    return '<div class="scroll"><table>'


def _closed(renderer: Any, tokens: Sequence[Token], at: int, options: Any, environment: Any) -> str:
    return "</table></div>"
