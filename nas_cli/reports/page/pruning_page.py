"""report.html of a pruning run: what the network was, what is left of it, and how it came to that."""

from nas_cli.reports.measure import finite
from nas_cli.reports.numbers import DASH, count, duration
from nas_cli.reports.outcome import wall_seconds
from nas_cli.reports.page.elements import Cell, Column, Row, card, drawing, figure, grid, section, table
from nas_cli.reports.page.headline import Figure, boxes
from nas_cli.reports.page.shrinking_page import accuracies, changed, comparison
from nas_cli.reports.plots.style import Plot
from nas_cli.reports.pruning import ARMS, Event, LayerLeft, Pruned, Round
from nas_cli.reports.source import Source


def pruning_sections(source: Source, plots: list[Plot]) -> dict[str, str]:
    """The page's sections by title; those without content are empty."""
    run = Pruned(source.history)
    by_name = {plot.name: plot for plot in plots}
    course = [figure(by_name[name]) for name in ("rounds", "remains", "sensitivity") if name in by_name]
    density = drawing(by_name["density"]) if "density" in by_name else ""
    return {
        "Before and after": section("before-after", "Before and after", card(comparison(run)), grid(course)),
        "Rounds": section("rounds", "Rounds", card(_rounds(run)) if run.rounds else ""),
        "Layers": section("layers", "Layers", density, card(_layers(run)) if run.layers else ""),
        "Phases": section("phases", "Phases", card(_phases(run)) if run.stages else ""),
    }


def pruning_headline(source: Source) -> str:
    """The first figures: accuracy, and what went."""
    run = Pruned(source.history)
    return boxes([*accuracies(run), *_left(run), *_costs(run), *_rest(run)])


def pruning_notices(source: Source) -> list[str]:
    """What the removals warned of."""
    return Pruned(source.history).warnings


def _left(run: Pruned) -> list[Figure]:
    if not run.removals:
        return []
    last = run.removals[-1]
    detail = f"of {last['total']:,}: {last['sparsity']:.1%} gone"
    return [Figure(f"{run.unit.title()} left", f"{last['left']:,}", detail)]


def _costs(run: Pruned) -> list[Figure]:
    names = ["FLOPs per image", "Parameters"] if run.unit == "channels" else ["Weights that are not zero"]
    names += ["File size, compressed", "Time per image, batch 1"]
    return [changed(change, "not pruned yet") for change in map(run.change, names) if change is not None]


def _rest(run: Pruned) -> list[Figure]:
    measure = run.history.measure
    chance = measure.test(run.random)
    costs = f"test, at {count(finite(run.random.get('flops')))} FLOPs" if run.unit == "channels" else "test"
    found = [Figure("By the random criterion", measure.text(chance), costs)] if chance else []
    return [*found, Figure("Wall time", duration(wall_seconds(run.history)))]


def _rounds(run: Pruned) -> str:
    label = run.history.measure.label
    columns = [
        Column("arm", "text"),
        Column("round"),
        Column("removed", "bar"),
        Column(f"{run.unit} left"),
        Column("not zero"),
        Column("FLOPs"),
        Column("parameters"),
        Column(f"valid {label}, removed"),
        Column("trained"),
        Column("new weights"),
        Column("test"),
    ]
    return table(columns, [_round_row(run, one) for one in run.rounds])


def _round_row(run: Pruned, one: Round) -> Row:
    measure = run.history.measure
    values = [one.cut, one.value, one.reinit, measure.test(one.tested)]
    cells = [Cell(ARMS[one.arm], one.arm), Cell(str(one.number), one.number)]
    cells += [Cell(f"{one.sparsity:.1%}", one.sparsity, one.sparsity)]
    cells += [Cell(f"{number:,}", number) for number in (one.left, one.nonzero)]
    cells += [Cell(count(number), number) for number in (one.flops, one.params)]
    return Row([*cells, *(Cell(measure.text(value), DASH if value is None else value) for value in values)])


def _layers(run: Pruned) -> str:
    columns = [Column("layer", "text prose"), Column(f"{run.unit}"), Column("left"), Column("share", "bar")]
    return table(columns, [_layer_row(place, row) for place, row in enumerate(run.layers)])


def _layer_row(place: int, row: LayerLeft) -> Row:
    cells = [Cell(row.name, row.name), Cell(f"{row.total:,}", row.total), Cell(f"{row.left:,}", row.left)]
    return Row([*cells, Cell(f"{row.density:.1%}", row.density, row.density)], anchor=f"left-{place}")


def _phases(run: Pruned) -> str:
    columns = [Column("phase", "text"), Column("epochs"), Column("best"), Column("ended", "text")]
    columns += [Column(f"valid {run.history.measure.label}"), Column("training")]
    ended = [event for event in run.history.of_kind("phase") if event.get("phase") != "given"]
    return table(columns, [_phase_row(run, event) for event in ended], sortable=False)


def _phase_row(run: Pruned, event: Event) -> Row:
    measure = run.history.measure
    texts = [str(event.get("name")).replace("-", " "), str(event.get("epochs")), str(event.get("best_epoch"))]
    texts += [str(event.get("stopped")).replace("_", " "), measure.text(measure.valid(event.get("valid") or {}))]
    return Row([Cell(text, text) for text in (*texts, duration(finite(event.get("train_seconds"))))])
