"""report.html of a morph run: what the network was, what it became, and how."""

from nas_cli.reports.measure import finite
from nas_cli.reports.numbers import DASH, count, duration, grouped
from nas_cli.reports.outcome import wall_seconds, wilson_interval
from nas_cli.reports.page.elements import Cell, Column, Row, card, drawing, figure, grid, note, section, table
from nas_cli.reports.page.headline import Figure, boxes
from nas_cli.reports.plots.style import Plot
from nas_cli.reports.shrinking import WEIGHTS, Change, Compared, LayerChange, Shrinking, taught
from nas_cli.reports.source import Source


def shrinking_sections(source: Source, plots: list[Plot]) -> dict[str, str]:
    """The page's sections by title; those without content are empty."""
    run = Shrinking(source.history)
    by_name = {plot.name: plot for plot in plots}
    course = [figure(by_name[name]) for name in ("remains", "course") if name in by_name]
    channels = drawing(by_name["channels"]) if "channels" in by_name else ""
    return {
        "Before and after": section("before-after", "Before and after", card(comparison(run)), grid(course)),
        "Layers": section("layers", "Layers", channels, card(_layers(run)) if run.layers else ""),
        "Phases": section("phases", "Phases", card(_phases(run)) if run.stages else ""),
    }


def shrinking_headline(source: Source) -> str:
    """The first figures: accuracy, and what went."""
    run = Shrinking(source.history)
    return boxes([*accuracies(run), *_costs(run), *_rest(run)])


def shrinking_notices(source: Source) -> list[str]:
    """What the shrinking warned of."""
    return Shrinking(source.history).warnings


def accuracies(run: Compared) -> list[Figure]:
    """Test and validation value, with those of the network as it was."""
    measure = run.history.measure
    test, valid = measure.test(run.after), measure.valid(run.after)
    tested = _against(run, measure.test(run.before), test)
    examples = finite(run.history.dataset.get("test"))
    if not tested and test is not None and measure.unit == "%" and examples:
        low, high = wilson_interval(test, int(examples))
        tested = f"95 % interval {low * 100:.1f}–{high * 100:.1f} % ({grouped(examples)} examples)"
    return [
        Figure(f"Test {measure.label}", measure.text(test), tested),
        Figure(f"Validation {measure.label}", measure.text(valid), _against(run, measure.valid(run.before), valid)),
    ]


def _against(run: Compared, before: float | None, after: float | None) -> str:
    """'before 91.20 %, the original network, trained as long'; empty where nothing is known of before."""
    measure = run.history.measure
    if before is None or after is None:
        return ""
    return f"before {measure.text(before)}: {WEIGHTS.get(str(run.before.get('weights')), 'as measured')}"


def _costs(run: Shrinking) -> list[Figure]:
    names = ("FLOPs per image", "Parameters", "Time per image, batch 1", "Time per image, batch 32")
    found = [change for change in map(run.change, names) if change is not None]
    return [changed(change, "not shrunk yet") for change in found]


def changed(change: Change, missing: str) -> Figure:
    """A figure after, with the one before; `missing` is said where there is none after."""
    if change.after is None:
        return Figure(change.name, change.text(change.before), missing)
    return Figure(change.name, change.text(change.after), f"before {change.text(change.before)}, {percent(change)}")


def percent(change: Change) -> str:
    """'−43.2 %'; a dash if one side is missing."""
    if change.share is None:
        return DASH
    return f"{100 * (change.share - 1):+.1f} %".replace("-", "−")


def _rest(run: Shrinking) -> list[Figure]:
    channels = run.channels
    made = [] if channels is None else [Figure("Channels", f"{channels[1]:,}", f"before {channels[0]:,}")]
    return [*made, Figure("Wall time", duration(wall_seconds(run.history)))]


def comparison(run: Compared) -> str:
    """Every figure on both sides."""
    measure = run.history.measure
    columns = [Column("", "text"), Column("before"), Column("after"), Column("change")]
    rows = []
    for side, label in (("test", "Test"), ("valid", "Validation")):
        values = [getattr(measure, side)(which) for which in (run.before, run.after)]
        if values[0] is None and values[1] is None:
            continue
        rows.append(_row(f"{label} {measure.label}", *map(measure.text, values), _points(run, values)))
    for change in run.changes:
        rows.append(_row(change.name, change.text(change.before), change.text(change.after), percent(change)))
    return table(columns, rows, sortable=False) + note(_remarks(run))


def _remarks(run: Compared) -> str:
    """Whose the accuracy before is, who taught, and how times were measured."""
    whose = WEIGHTS.get(str(run.before.get("weights")))
    found = [f"Accuracy before: {whose}."] if whose else []
    teacher = run.history.start.get("teacher")
    found += [f"Trained after a removal: {taught(teacher)}."] if teacher else []
    threads = (run.after.get("ms_per_image") or {}).get("threads")
    if threads:
        plural = "thread" if threads == 1 else "threads"
        found.append(f"Times: median of predictions with {threads} {plural}, both networks in turn.")
    return " ".join(found)


def _points(run: Compared, values: list[float | None]) -> str:
    old, new = values
    if old is None or new is None:
        return DASH
    measure = run.history.measure
    unit = " points" if measure.unit == "%" else ""
    return f"{(new - old) * measure.scale:+.2f}{unit}".replace("-", "−")


def _row(*texts: str) -> Row:
    return Row([Cell(text, text) for text in texts])


def _layers(run: Shrinking) -> str:
    columns = [
        Column("layer", "text prose"),
        Column("kind", "text"),
        Column("channels"),
        Column("left", "bar"),
        Column("MACs"),
        Column("parameters"),
        Column("output after", "text"),
    ]
    return table(columns, [_layer_row(i, row) for i, row in enumerate(run.layers)])


def _layer_row(position: int, row: LayerChange) -> Row:
    old, new = row.number("before", "channels"), row.number("after", "channels")
    share = new / old if old else 0.0
    shape = "×".join(str(length) for length in row.after.get("output_shape") or ()) or "removed"
    cells = [Cell(row.name, row.name), Cell(str(row.before.get("kind", "")), str(row.before.get("kind", "")))]
    cells += [Cell(_from_to(str(old), str(new)), old), Cell(f"{share * 100:.0f} %", share, share)]
    for key in ("macs", "params"):
        sides = [row.number(side, key) for side in ("before", "after")]
        cells.append(Cell(_from_to(*map(count, sides)), sides[1]))
    return Row([*cells, Cell(shape, shape)], anchor=f"change-{position}", kind="" if new else "failed")


def _from_to(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"


def _phases(run: Shrinking) -> str:
    columns = [
        Column("phase", "text"),
        Column("epochs"),
        Column(f"valid {run.history.measure.label}"),
        Column("channels"),
        Column("FLOPs after"),
        Column("strength"),
        Column("threshold"),
        Column("grown by"),
        Column("training"),
    ]
    return table(columns, [_phase_row(run, stage.name, len(stage.epochs)) for stage in run.stages], sortable=False)


def _phase_row(run: Shrinking, name: str, epochs: int) -> Row:
    ended = [event for kind in ("phase", "shrunk") for event in run.history.of_kind(kind) if event.get("name") == name]
    event = ended[-1] if ended else {}
    groups = event.get("groups") or ()
    sizes = [sum(group[key] for group in groups) for key in ("before", "after")]
    numbers = [finite(event.get(key)) for key in ("strength", "threshold", "omega")]
    seconds = finite(event.get("train_seconds")) or finite(event.get("seconds"))
    return _row(
        name.replace("-", " "),
        str(epochs),
        run.history.measure.text(run.history.measure.valid(event.get("valid") or {})),
        f"{sizes[0]:,} → {sizes[1]:,}" if groups else DASH,
        count(finite((event.get("cost") or {}).get("flops"))),
        *(DASH if number is None else f"{number:.3g}" for number in numbers),
        duration(seconds),
    )
