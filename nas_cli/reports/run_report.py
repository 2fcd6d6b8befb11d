"""The report of one run: table, figures and page."""

from collections.abc import Mapping
from pathlib import Path

from nas_cli.reports.bench_report import build_bench_report
from nas_cli.reports.candidate import neural_network
from nas_cli.reports.fronts import fronts
from nas_cli.reports.importance import Importance
from nas_cli.reports.layers import layers_csv
from nas_cli.reports.objectives import DEFAULT, objectives
from nas_cli.reports.page.run_page import run_page
from nas_cli.reports.plots.architecture import architecture_plot
from nas_cli.reports.plots.curves import search_curves, training_curves
from nas_cli.reports.plots.decisions import decisions_plot
from nas_cli.reports.plots.front import front_plot
from nas_cli.reports.plots.fronts import fronts_plots
from nas_cli.reports.plots.importance import importance_plot
from nas_cli.reports.plots.neurons import neurons_plot
from nas_cli.reports.plots.pruning import pruning_plots
from nas_cli.reports.plots.quantized import quantized_plots
from nas_cli.reports.plots.rungs import rungs_plot
from nas_cli.reports.plots.search import best_so_far_plot, generation_plot, species_plots
from nas_cli.reports.plots.shrinking import shrinking_plots
from nas_cli.reports.plots.structure import structure_plots
from nas_cli.reports.plots.style import Plot
from nas_cli.reports.pruning import Pruned
from nas_cli.reports.pruning_csv import pruning_tables
from nas_cli.reports.quantized import Quantized, quantized_csv
from nas_cli.reports.run_files import write_run_files
from nas_cli.reports.shrinking import Shrinking
from nas_cli.reports.source import Source, load
from nas_cli.reports.structure import Structure
from nas_cli.reports.structure_csv import structure_csv
from nas_cli.reports.trials import trials_csv


def build_report(run_path: Path) -> list[Path]:
    """The files written into the run folder: trials.csv (of a morph run layers.csv, of a pruning rounds.csv and
    layers.csv), of a search in a supernet also structure.csv, plots/*.png, report.html.

    Figures without data are not drawn, and those of an earlier report are removed.

    Raises:
        RunError: if the folder is not a run, its files are damaged, or it cannot be written.
    """
    source = load(run_path)
    if source.command == "bench":
        return build_bench_report(source, run_path)
    plots = plots_of(source)
    if source.command == "prune":
        tables = pruning_tables(Pruned(source.history))
    elif source.command == "morph":
        tables = {"layers.csv": layers_csv(Shrinking(source.history))}
    elif source.command == "quantize":
        tables = {"methods.csv": quantized_csv(Quantized(source.history))}
    else:
        tables = {"trials.csv": trials_csv(source.history)}
    if (structure := Structure(source.history)).searches:
        tables = {**tables, "structure.csv": structure_csv(structure)}
    return write_run_files(run_path, tables, plots, run_page(source, plots))


def plots_of(source: Source) -> list[Plot]:
    """Every figure that the run has data for."""
    history = source.history
    single = [best_so_far_plot(history), generation_plot(history), rungs_plot(history), front_plot(history)]
    single += [*_own_fronts(source), search_curves(history), decisions_plot(history)]
    plots = [plot for plot in single if plot is not None]
    plots += [*training_curves(history), *species_plots(history)] if source.command not in ("morph", "prune") else []
    plots += pruning_plots(Pruned(history)) if source.command == "prune" else []
    plots += shrinking_plots(Shrinking(history)) if source.command == "morph" else []
    plots += quantized_plots(Quantized(history)) if source.command == "quantize" else []
    plots += structure_plots(Structure(history))
    found = source.importance
    plots += [importance_plot(found)] if isinstance(found, Importance) else []
    best = history.best
    title = f"Best network (trial {best.id})" if best else "Network"
    network, neurons = source.architecture, neural_network(source)
    if neurons is not None and (drawing := neurons_plot(neurons, title)) is not None:
        plots.append(drawing)
    if network is not None:
        plots.append(architecture_plot(network, title))
    return plots


def _own_fronts(source: Source) -> list[Plot]:
    """Front and hypervolume of the objectives that the search had, where they are not those of every search."""
    strategy = source.config.get("strategy")
    names = strategy.get("objectives") if isinstance(strategy, Mapping) else None
    if not names or len(names) < 2 or tuple(names) == DEFAULT:
        return []
    found = fronts((source,), objectives(",".join(names)))
    return fronts_plots(found) if found is not None else []
