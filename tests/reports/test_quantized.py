"""The table, the page and the figure of a quantize run."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from nas_cli.reports.history import History
from nas_cli.reports.page.quantized_page import quantized_headline, quantized_sections
from nas_cli.reports.plots.quantized import quantized_plots
from nas_cli.reports.quantized import Quantized, milliseconds, quantized_csv, stored, table_lines
from nas_cli.reports.source import Source

MS = {"median": 1.25, "lower": 1.0, "upper": 1.5}
BEFORE = {"flops": 2_000_000, "params": 5000, "nonzero": 4000, "file_bytes": 40960, "gzip_bytes": 20480,
          "valid_accuracy": 0.91, "test_accuracy": 0.9, "ms": MS}  # fmt: skip
INT8 = {"name": "int8", "file": "quantized/int8.tflite", "file_bytes": 8192, "gzip_bytes": 2048, "layers": [],
        "weights": {"int8": 4900, "int32": 100}, "nonzero": 3900, "valid_accuracy": 0.908, "test_accuracy": 0.895,
        "agreement": 0.99, "difference": 0.1, "test_agreement": 0.98, "test_difference": 0.1, "ms": MS}  # fmt: skip
CHAIN = [{"step": "nas prune", "run": "runs/prune", **BEFORE}, {"step": "nas quantize: int8", **INT8}]
START = {"event": "start", "command": "quantize", "model": "runs/prune", "threads": 1, "keras_threads": 2,
         "repeats": 100, "calibration": {"examples": 200, "digest": "ab"}, "time": 1.0, "chain": CHAIN[:1],
         "dataset": {"name": "mnist", "test": 10000}}  # fmt: skip


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """The row as a method's event has it: the validation values apart, no test values and no time yet."""
    known = {key: value for key, value in row.items() if key != "ms" and not key.startswith(("valid_", "test_"))}
    return known | {"valid": {"valid_accuracy": row["valid_accuracy"]}}


EVENTS = [
    START,
    {"event": "given", **_flat(BEFORE), "time": 2.0},
    {"event": "method", **_flat(INT8), "time": 3.0},
    {"event": "chosen", "name": "int8", "why": "the only method", "time": 4.0},
    {"event": "test", "metrics": {"test_accuracy": 0.895}, "time": 5.0},
    {"event": "end", "quantize": {"before": BEFORE, "methods": [INT8], "chosen": "int8", "chain": CHAIN}, "time": 6.0},
]


def source(events: list[dict[str, Any]]) -> Source:
    return Source(Path("run"), History(events), {}, {})


def test_the_page_has_every_method_and_every_step() -> None:
    whole = source(EVENTS)
    page = "".join(quantized_sections(whole, quantized_plots(Quantized(whole.history))).values())
    for text in ("int8 (chosen)", "89.50 %", "98.0 %", "8.00 KiB", "10.00", "98.0 % int8, 2.0 % int32", "nas prune",
                 "nas quantize: int8", "5.00 k", "200 examples of the training split"):  # fmt: skip
        assert text in page, text
    assert "10.0 times as large" in quantized_headline(whole)


def test_no_two_methods_are_drawn_alike() -> None:
    methods = [{**INT8, "name": f"method_{number}"} for number in range(9)]
    end = {"event": "end", "quantize": {"before": BEFORE, "methods": methods, "chosen": "method_0", "chain": CHAIN}}
    figure = Figure()
    quantized_plots(Quantized(source([*EVENTS[:-1], end]).history))[0].draw(figure)
    marks = [(str(one.get_facecolor()), str(one.get_paths()[0].vertices)) for one in figure.axes[0].collections]
    named = [mark for mark, one in zip(marks, figure.axes[0].collections, strict=True) if one.get_label()[0] != "_"]
    assert len(set(named)) == len(named) == 10


def test_a_run_that_goes_on_has_what_it_found_so_far() -> None:
    begun = source(EVENTS[:3])
    run = Quantized(begun.history)
    assert [row["name"] for row in run.methods] == ["int8"] and run.chosen == ""
    assert milliseconds(run.methods[0]) is None
    assert "90.80 %" in quantized_sections(begun, [])["Methods"]
    assert quantized_sections(source([START]), [])["Methods"] == ""


def test_the_table_for_other_programs() -> None:
    lines = quantized_csv(Quantized(History(EVENTS))).decode().splitlines()
    assert lines[0].startswith("name,file,valid,test,agreement,test_agreement,difference,file_bytes,gzip_bytes")
    assert lines[2].startswith("int8,quantized/int8.tflite,0.908,0.895,0.99,0.98,0.1,8192,2048,3900")
    assert lines[1].endswith("False") and lines[2].endswith("True")


def test_the_lines_at_the_end_name_methods_and_steps() -> None:
    text = "\n".join(table_lines({"before": BEFORE, "methods": [INT8], "chain": CHAIN}))
    assert "as it came" in text and "nas quantize: int8" in text and "2.00 KiB" in text
    assert stored({"weights": {}}) == ""
