"""`nas report`: rebuild a run's reports from its journal, or compare several runs."""

from pathlib import Path

import click

EXAMPLES = """\b
Examples:
  nas report results/runs/search-20260102-030405-abcdef
  nas report runs/a runs/b runs/c --out comparison
"""


@click.command("report", epilog=EXAMPLES)
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the comparison.  [beside the first run]")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def command(runs: tuple[Path, ...], out: Path | None, debug: bool) -> None:
    """Rebuild the reports of runs, or compare several.

    Writes trials.csv, plots/ and report.html into each run; with several runs also a page and a table that compare
    them: best so far against trials, by strategy.
    """
    from nas_cli.reports import build, compare
    from nas_cli.runs.folder import open_run

    if out is not None and len(runs) == 1:
        raise click.UsageError("--out is for comparing several runs; one run's reports go into its own folder.")
    for run in runs:
        made = build(open_run(run).path)
        click.echo("\n".join(str(path) for path in made if path.suffix in (".html", ".csv")))
    if len(runs) > 1:
        made = compare(list(runs), out or runs[0].parent / "comparison")
        click.echo("\n".join(str(path) for path in made))
