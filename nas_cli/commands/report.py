"""`nas report`: rebuild a run's reports from its journal, or compare several runs."""

from pathlib import Path

import click

EXAMPLES = """\b
Examples:
  nas report results/runs/search-20260102-030405-abcdef
  nas report runs/a runs/b runs/c --out comparison
  nas report runs/*/ --comparison-only --objectives fitness,-params
"""


@click.command("report", epilog=EXAMPLES)
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the comparison.  [beside the first run]")
@click.option("--objectives", default="", metavar="NAMES", help="Of the Pareto fronts.  [fitness,-flops]")
@click.option("--reference", default="", metavar="NUMBERS", help="Of the hypervolume.  [worst values of these runs]")
@click.option("--comparison-only", is_flag=True, help="Do not rebuild the report of each run.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def command(
    runs: tuple[Path, ...], out: Path | None, objectives: str, reference: str, comparison_only: bool, debug: bool
) -> None:
    """Rebuild the reports of runs, or compare several.

    Writes trials.csv, plots/ and report.html into each run. Several runs are also compared, with a page, figures and
    tables: best so far against trials and time, with 95 % intervals over seeds; importance of decisions; Pareto fronts
    and hypervolume; rank correlation of evaluations that share candidates.

    A minus stands before an objective that is to be small; any metric or cost in the journals can be one.
    """
    from nas_cli.reports import build, compare
    from nas_cli.runs.folder import open_run

    several = len(runs) > 1
    if not several and (out is not None or objectives or reference or comparison_only):
        raise click.UsageError(
            "--out, --objectives, --reference and --comparison-only are for comparing several runs; one run's reports "
            "go into its own folder."
        )
    for run in runs if not comparison_only else ():
        made = build(open_run(run).path)
        click.echo("\n".join(str(path) for path in made if path.suffix in (".html", ".csv")))
    if several:
        made = compare(list(runs), out or runs[0].parent / "comparison", objectives, reference)
        click.echo("\n".join(str(path) for path in made))
