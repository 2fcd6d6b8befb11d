"""Pages as a browser lays them out; needs Chromium."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nas_cli import reports
from tests.reports import journals, shrinkings

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--virtual-time-budget=3000", "--dump-dom",
)  # fmt: skip
PROBE = """<script>
addEventListener("load", () => {
  const wide = [...document.querySelectorAll("body *")].filter((e) => !e.closest(".wide, .scroll, pre")
    && e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.tagName + "." + e.className);
  document.querySelectorAll("SECTION th button")[2].click();
  const rows = [...document.querySelectorAll("SECTION tbody tr")];
  const shown = rows.map((row) => row.cells[2].dataset.value).filter((value) => value);
  const sorted = shown.every((value, i) => !i || +shown[i - 1] <= +value);
  const overflow = document.documentElement.scrollWidth > innerWidth;
  parent.postMessage(JSON.stringify({width: innerWidth, overflow, wide, sorted}), "*");
});
addEventListener("error", (event) => parent.postMessage(event.message, "*"));
</script>"""
# A frame, because a window cannot be narrower than 500 pixels.
FRAME = """<!doctype html><title></title><body>
<script>addEventListener("message", (event) => { document.title += event.data; });</script>
<iframe src="probe.html" width="WIDTH" height="2000" style="border: 0"></iframe></body>"""


PAGES: dict[str, Callable[[Path], Path]] = {
    "trials": lambda folder: reports.build(_run(folder, journals.search_events(5, trials=14, failure_rate=0.2)))[-1],
    "layers": lambda folder: reports.build(_run(folder, shrinkings.morph_events()))[-1],
    "importance": lambda folder: reports.compare(
        [_run(folder / str(seed), journals.point_events(seed, 30, (4, 12), params=5.0 + seed)) for seed in range(3)],
        folder / "out",
        "fitness,-params",
    )[-1],
}


def _run(folder: Path, events: list[dict[str, Any]]) -> Path:
    return journals.write_run(folder / "run-with-a-long-name", events)


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("kind", ["trials", "layers", "importance"])
def test_nothing_sticks_out_and_the_table_sorts(kind: str, width: int, tmp_path: Path) -> None:
    page = PAGES[kind](tmp_path)
    probe = tmp_path / "probe.html"
    probe.write_text(page.read_text().replace("<head>", f"<head>{PROBE.replace('SECTION', '#' + kind)}"))
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.replace("WIDTH", str(width)))
    command = [str(CHROMIUM), *FLAGS, "--window-size=1400,2000", f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run([*command, frame.as_uri()], capture_output=True, text=True, timeout=120, check=False)
    title = done.stdout.split("<title>")[1].split("</title>")[0]
    assert title == f'{{"width":{width},"overflow":false,"wide":[],"sorted":true}}'
