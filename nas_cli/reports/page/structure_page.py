"""The part of report.html about the search of a structure: supernet, searches, derived and random networks, cells."""

from collections.abc import Sequence
from statistics import fmean

from nas_cli.reports.intervals import mean_interval
from nas_cli.reports.measure import finite
from nas_cli.reports.numbers import DASH, count, duration, size
from nas_cli.reports.page.analysis_tables import correlation_table, interval_text
from nas_cli.reports.page.elements import Cell, Column, Row, card, drawing, facts, figure, grid, note, notice, table
from nas_cli.reports.page.trials_table import number_cell
from nas_cli.reports.plots.style import WIDTH, Plot
from nas_cli.reports.structure import FOUND, Structure, StructureSearch, origin, sign_value
from nas_cli.reports.structure_scores import score_correlations, scored_alone
from nas_cli.reports.structure_verdict import structure_verdicts
from nas_cli.reports.trial import Trial

KINDS = {"derived": "derived", "top": "best in the supernet", "random": "random baseline"}


def structure_section(run: Structure, plots: list[Plot]) -> str:
    """The section's content; nothing for a run without such a search."""
    if not run.searches:
        return ""
    own = [plot for plot in plots if plot.name.startswith("structure_")]
    wide = [plot for plot in own if plot.name.startswith("structure_cell_") or plot.width > 1.3 * WIDTH]
    parts = [
        *map(notice, structure_verdicts(run)),
        card(_searches(run), facts(_supernet(run))),
        grid(figure(plot) for plot in own if plot not in wide),
        _networks(run),
        _ranks(run),
        *(drawing(plot) for plot in wide if not plot.name.startswith("structure_cell_")),
        _cells([plot for plot in wide if plot.name.startswith("structure_cell_")]),
    ]
    return "\n".join(part for part in parts if part)


def _cells(plots: Sequence[Plot]) -> str:
    """Drawn cells, a little smaller where that is enough to fit beside each other, else one below the other."""
    beside = all(plot.width < 1.2 * WIDTH for plot in plots)
    return grid(map(figure, plots)) if beside else "".join(map(drawing, plots))


def _searches(run: Structure) -> str:
    """One row per search: its length, what it cost and what it came to."""
    measure = run.measure
    columns = [Column("search"), Column("epochs"), Column("design time"), Column("per epoch"),
               Column(f"valid {measure.label}"), Column("entropy"), Column("skips"), Column("FLOPs"),
               Column("parameters"), Column("ended", "text prose")]  # fmt: skip
    return table(columns, [_search_row(run, search) for search in run.searches], sortable=False)


def _search_row(run: Structure, search: StructureSearch) -> Row:
    last = search.epochs[-1] if search.epochs else {}
    seconds = [value for epoch in search.epochs if (value := finite(epoch.get("seconds"))) is not None]
    entropies = [value for kind in run.kinds if (value := sign_value(last, "entropy", kind)) is not None]
    skips = [f"{graph.skips} of {len(graph.chosen)}" for graph in run.graphs(search)]
    finished = search.ended
    ended = search.stopped or ("complete" if finished else "not complete")
    texts = [
        str(search.number),
        str(len(search.epochs)),
        duration(search.seconds),
        duration(fmean(seconds) if seconds else None),
        run.measure.text(run.measure.valid(last)),
        f"{fmean(entropies):.2f}" if entropies else DASH,
        ", ".join(skips) or DASH,
        count(finite(last.get("flops"))),
        count(finite(last.get("params"))),
        ended,
    ]
    return Row([Cell(text, text) for text in texts])


def _supernet(run: Structure) -> list[tuple[str, str]]:
    """What was searched, and the price of an epoch beside that of an ordinary network."""
    net, cost = run.supernet, run.cost
    epoch, ordinary, ratio = (finite(cost.get(key)) for key in ("epoch_seconds", "ordinary_epoch_seconds", "ratio"))
    priced = ""
    if epoch is not None and ordinary is not None and ratio is not None:
        priced = f"{duration(epoch)}, {ratio:.2f} times the {duration(ordinary)} of an ordinary network of equal MACs"
    params, flops, memory = (finite(net.get(key)) for key in ("params", "flops", "step_bytes"))
    sizes = [f"{count(params)} parameters" if params else "", f"{count(flops)} FLOPs" if flops else ""]
    return [
        ("Supernet", ", ".join(text for text in sizes if text)),
        ("Structure", _shape(run)),
        ("Memory of a step", f"{size(memory)}, predicted" if memory else ""),
        ("Epoch of the search", priced),
    ]


def _shape(run: Structure) -> str:
    if not run.edges:
        return ""
    kinds = f"{len(run.kinds)} kinds of cells with " if len(run.kinds) > 1 else ""
    return f"{kinds}{len(run.edges)} edges, {len(run.operations)} operations: {', '.join(run.operations)}"


def _networks(run: Structure) -> str:
    """Derived networks beside random ones of equal budget, all trained alone."""
    trials = run.trials(*KINDS)
    if not trials:
        return ""
    valid = f"valid {run.history.measure.label}"
    columns = [Column("network", "text"), Column("trial"), Column("search"), Column(valid), Column("FLOPs"),
               Column("parameters"), Column("training"), Column("design")]  # fmt: skip
    rows = [_network_row(run, trial) for trial in trials]
    means = [_mean_row(run, name, kinds) for name, kinds in (("derived", FOUND), ("random", ("random",)))]
    text = "All trained alone in the same way. Design is the time of the search that a network comes from; means have "
    text += "their 95 % t interval (of two, their range)."
    return card(table(columns, [*rows, *(row for row in means if row is not None)], sortable=False), note(text))


def _network_row(run: Structure, trial: Trial) -> Row:
    measure, kind = run.history.measure, str(origin(trial).get("kind"))
    number = origin(trial).get("search") if kind != "random" else None
    design = next((search.seconds for search in run.searches if search.number == number), None)
    score, seconds = run.history.score(trial), finite(trial.metrics.get("train_seconds"))
    params = finite(trial.cost.get("params"))
    cells = [
        Cell(KINDS.get(kind, kind), kind),
        Cell(str(trial.id), trial.id),
        Cell(DASH if number is None else str(number)),
        number_cell(score, measure.text(score) if trial.fitness is not None else "failed"),
        number_cell(trial.flops, count(trial.flops)),
        number_cell(params, count(params)),
        number_cell(seconds, duration(seconds)),
        number_cell(design, duration(design)),
    ]
    return Row(cells, kind="best" if trial is run.history.best else "failed" if trial.fitness is None else "")


def _mean_row(run: Structure, name: str, kinds: tuple[str, ...]) -> Row | None:
    values = run.values(*kinds)
    trials = [trial for trial in run.trials(*kinds) if trial.fitness is not None]
    if not values:
        return None
    flops = [trial.flops for trial in trials if trial.flops is not None]
    params = [value for trial in trials if (value := finite(trial.cost.get("params"))) is not None]
    seconds = [value for trial in trials if (value := finite(trial.metrics.get("train_seconds"))) is not None]
    design = [search.seconds for search in run.searches] if name == "derived" else []
    texts = [f"mean of {len(values)} {name}", DASH, DASH, interval_text(run.history.measure, mean_interval(values))]
    texts += [count(fmean(found) if found else None) for found in (flops, params)]
    texts += [duration(fmean(found) if found else None) for found in (seconds, design)]
    return Row([Cell(text, text) for text in texts])


def _ranks(run: Structure) -> str:
    """How well scores with the supernet's weights rank networks; nothing without such scores."""
    found = list(score_correlations(run).values())
    if found:
        text = "95 % bootstrap intervals over the networks. The supernet scored the networks with its own weights."
        return card(correlation_table(found), note(text))
    scored = scored_alone(run)
    few = f"Only {scored} networks have a score in the supernet and one of their own: too few for a rank correlation."
    return note(few) if scored else ""
