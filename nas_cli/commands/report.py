"""`nas report`: the pages of runs from their journals, of several runs compared, and of a folder of runs."""

from pathlib import Path

import click

from nas_cli.commands.completion import complete_runs

EXAMPLES = """\b
Examples:
  nas report results/runs/search-20260102-030405-abcdef
  nas report runs/a runs/b runs/c --out comparison
  nas report runs/a runs/b --comparison-only --objectives fitness,-params
  nas report results
"""


@click.command("report", epilog=EXAMPLES)
@click.argument(
    "runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...",
    shell_complete=complete_runs,
)  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the comparison.  [beside the first run]")
@click.option("--objectives", default="", metavar="NAMES", help="Of the Pareto fronts.  [fitness,-flops]")
@click.option("--reference", default="", metavar="NUMBERS", help="Of the hypervolume.  [worst values of these runs]")
@click.option("--comparison-only", is_flag=True, help="Do not rebuild the report of each run.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def command(
    runs: tuple[Path, ...], out: Path | None, objectives: str, reference: str, comparison_only: bool, debug: bool
) -> None:
    """Rebuild the reports of runs, compare several, or make one page of a folder of runs.

    Writes trials.csv, plots/ and report.html into each run. Several runs are also compared, with a page, figures and
    tables: best so far against trials and time, with 95 % intervals over seeds; importance of decisions; Pareto fronts
    and hypervolume; rank correlation of evaluations that share candidates. Of a folder that is no run: index.html with
    all runs below it, links to their pages, and the tables and figures of the experiments in it.

    A minus stands before an objective that is to be small; any metric or cost in the journals can be one.
    """
    from nas_cli.reports import build, compare, gather
    from nas_cli.reports.comparison_place import default_comparison
    from nas_cli.runs.folder import CONFIG, open_run

    several = len(runs) > 1
    if not several and (out is not None or objectives or reference or comparison_only):
        raise click.UsageError(
            "--out, --objectives, --reference and --comparison-only are for comparing several runs; one run's reports "
            "go into its own folder."
        )
    if not several and runs[0].is_dir() and not (runs[0] / CONFIG).exists():
        click.echo("\n".join(map(str, gather(runs[0]))))
        return
    for run in runs if not comparison_only else ():
        made = build(open_run(run).path)
        click.echo("\n".join(str(path) for path in made if path.suffix in (".html", ".csv")))
    if several:
        made = compare(list(runs), out or default_comparison(runs), objectives, reference)
        click.echo("\n".join(str(path) for path in made))
