"""One look: the style file and the colours of the pages agree; nothing heavy is imported early."""

import subprocess
import sys
from pathlib import Path

import matplotlib

from nas_cli.reports.plots.style import STYLE_FILE, THEME, Plot, save
from nas_cli.reports.plots.svg import theme_css


def test_every_colour_of_the_style_file_has_a_dark_counterpart() -> None:
    style = matplotlib.rc_params_from_file(STYLE_FILE, use_default_template=False)
    names = [key for key in style if key.endswith(("color", "facecolor")) and isinstance(style[key], str)]
    used = {f"#{style[key].lstrip('#')}" for key in names if style[key] not in ("none", "auto")}
    cycle = {f"#{colour.lstrip('#')}" for colour in style["axes.prop_cycle"].by_key()["color"]}
    assert used | cycle <= set(THEME)


def test_page_colours_have_one_name_each() -> None:
    names = [name for name, _ in THEME.values()]
    assert len(names) == len(set(names))
    assert all(f"--{name}:" in theme_css() for name in names)


def test_importing_reports_loads_nothing_heavy() -> None:
    code = (
        "import sys, nas_cli.reports; heavy = {'matplotlib', 'pandas', 'numpy', 'tensorflow', 'keras'};"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or None)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr == ""


def test_building_a_report_never_loads_tensorflow() -> None:
    code = (
        "import sys, nas_cli.reports.run_report, nas_cli.reports.comparison;"
        "sys.exit(', '.join({'tensorflow', 'keras'} & set(sys.modules)) or None)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr == ""


def test_a_figure_is_saved_as_png_and_svg_and_the_same_one_gives_the_same_bytes(tmp_path: Path) -> None:
    plot = Plot("line", "A line", "Twice.", lambda figure: figure.subplots().plot([0, 1], [1, 0], marker="o"))
    files = save(plot, tmp_path)
    assert [file.name for file in files] == ["line.png", "line.svg"]
    before = [file.read_bytes() for file in files]
    assert [file.read_bytes() for file in save(plot, tmp_path)] == before
    assert b"<dc:date>" not in before[1]
