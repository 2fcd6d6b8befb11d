"""report.html of a quantize run: every method beside the network as it came, and the steps before."""

from nas_cli.reports.measure import finite
from nas_cli.reports.numbers import DASH, count, duration, grouped, percent, size
from nas_cli.reports.outcome import wall_seconds, wilson_interval
from nas_cli.reports.page.elements import Cell, Column, Row, card, figure, grid, note, section, table
from nas_cli.reports.page.headline import Figure, boxes
from nas_cli.reports.plots.style import Plot
from nas_cli.reports.quantized import GIVEN, Quantized, chain_cells, milliseconds, stored
from nas_cli.reports.quantized import Row as Values
from nas_cli.reports.source import Source


def quantized_sections(source: Source, plots: list[Plot]) -> dict[str, str]:
    """The page's sections by title; those without content are empty."""
    run = Quantized(source.history)
    figures = grid(figure(plot) for plot in plots if plot.name == "sizes")
    chain = card(_chain(run)) if run.chain else ""
    return {
        "Methods": section("methods", "Methods", card(_methods(run)) if run.before else "", figures),
        "Steps": section("steps", "Steps", chain),
    }


def quantized_headline(source: Source) -> str:
    """The first figures: those of the chosen method."""
    run = Quantized(source.history)
    row = next((row for row in run.methods if row["name"] == run.chosen), None)
    wall = Figure("Wall time", duration(wall_seconds(run.history)))
    if row is None:
        return boxes([wall])
    ms = milliseconds(row)
    return boxes(
        [
            Figure(f"Test {run.measure.label}", run.measure.text(run.measure.test(row)), _interval(run, row)),
            Figure("Chosen", str(row["name"]), run.why),
            Figure("File", size(finite(row.get("file_bytes"))), _against(run, row, "file_bytes")),
            Figure("Compressed", size(finite(row.get("gzip_bytes"))), _against(run, row, "gzip_bytes")),
            Figure("Time per image", "" if ms is None else f"{ms:.3g} ms", _slower(run)),
            wall,
        ]
    )


def _interval(run: Quantized, row: Values) -> str:
    value, before = run.measure.test(row), run.measure.test(run.before)
    examples = finite(run.history.dataset.get("test"))
    if value is None or before is None:
        return ""
    found = f"before {run.measure.text(before)}"
    if run.measure.unit == "%" and examples and value <= 1:
        low, high = wilson_interval(value, int(examples))
        found += f"; 95 % interval {low * 100:.1f}–{high * 100:.1f} % ({grouped(examples)} examples)"
    return found


def _against(run: Quantized, row: Values, key: str) -> str:
    old, new = finite(run.before.get(key)), finite(row.get(key))
    return "" if not old or not new else f"before {size(old)}, {old / new:.1f} times as large"


def _slower(run: Quantized) -> str:
    ms = milliseconds(run.before)
    return "" if ms is None else f"Keras {ms:.3g} ms"


def _methods(run: Quantized) -> str:
    measure = run.measure
    columns = [
        Column("method", "text"),
        Column(f"valid {measure.label}"),
        Column(f"test {measure.label}"),
        Column("predicted alike"),
        Column("file"),
        Column("compressed"),
        Column("times smaller"),
        Column("ms per image"),
        Column("stored as", "text prose"),
    ]
    rows = [_row(run, GIVEN, run.before), *(_row(run, str(row["name"]), row) for row in run.methods)]
    return table(columns, rows) + note(_remarks(run))


def _row(run: Quantized, name: str, row: Values) -> Row:
    measure, ms = run.measure, milliseconds(row)
    packed, before = finite(row.get("gzip_bytes")), finite(run.before.get("gzip_bytes"))
    smaller = None if not packed or not before else before / packed
    alike = finite(row.get("test_agreement"))
    cells = [
        Cell(name + (" (chosen)" if name == run.chosen else ""), name),
        *(Cell(measure.text(v), "" if v is None else v) for v in (measure.valid(row), measure.test(row))),
        Cell(percent(alike), "" if alike is None else alike),
        Cell(size(finite(row.get("file_bytes"))), row.get("file_bytes", "")),
        Cell(size(packed), "" if packed is None else packed),
        Cell(DASH if smaller is None else f"{smaller:.2f}", "" if smaller is None else smaller),
        Cell(DASH if ms is None else f"{ms:.3g}", "" if ms is None else ms),
        Cell(stored(row) or "float32", stored(row)),
    ]
    return Row(cells, anchor=f"method-{name.replace(' ', '-')}")


def _remarks(run: Quantized) -> str:
    start = run.history.start
    found = [
        "Compressed: gzip at its highest level. Predicted alike: the share of test examples with the class that the "
        "network predicted as it came."
    ]
    if milliseconds(run.before) is not None:
        threads, keras = (count(finite(start.get(key))) for key in ("threads", "keras_threads"))
        found.append(
            f"Times: median of {count(finite(start.get('repeats')))} predictions of one image, all networks in turn. "
            f"TFLite's interpreter: threads {threads}. Keras (.keras files, the network as it came): threads {keras}."
        )
    calibration = start.get("calibration")
    if calibration:
        found.append(f"Ranges of activations: from {calibration['examples']} examples of the training split.")
    return " ".join(found)


def _chain(run: Quantized) -> str:
    names = ("step", f"test {run.measure.label}", "parameters", "FLOPs", "nonzero weights", "file", "compressed",
             "ms per image")  # fmt: skip
    columns = [Column(name, "text" if position == 0 else "") for position, name in enumerate(names)]
    rows = [Row([Cell(text, text) for text in chain_cells(row, run.measure)]) for row in run.chain]
    return table(columns, rows, sortable=False) + note(
        "Each step as its run left it; an accuracy is left out where the run used other data. The network's own times "
        "are Keras', measured in this run in turn with the others."
    )
