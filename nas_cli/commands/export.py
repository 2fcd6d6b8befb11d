"""`nas export`: write a network in a format that other programs read."""

import logging
from pathlib import Path

import click

from nas_cli.commands.completion import complete_runs
from nas_cli.commands.options import OneLineChoice

FORMATS = ("keras", "saved_model", "tflite", "onnx")
"""As in `nas_cli.quantize.export`, which imports TensorFlow."""

EXAMPLES = """\b
Examples:
  nas export --model results/runs/train-20260102-030405-abcdef --format tflite
  nas export --model my.keras --format saved_model --format onnx --out exported
"""


@click.command("export", epilog=EXAMPLES)
@click.option(
    "--model", required=True, metavar="RUN|FILE", help="Run folder, or .keras file.",
    shell_complete=complete_runs,
)  # fmt: skip
@click.option(
    "--format", "formats", type=OneLineChoice(FORMATS), multiple=True, required=True,
    help="Format to write; may be given several times.",
)  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write to.  [RUN/export, or beside FILE]")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def command(model: str, formats: tuple[str, ...], out: Path | None, debug: bool) -> None:
    """Write a network in a format that other programs read.

    keras: the network in float32. saved_model: a folder for TensorFlow and TensorFlow Serving. tflite: for phones and
    microcontrollers, one example at a time; fewer bits by `nas quantize`. onnx: needs two more packages. Each file is
    read back, and its outputs are compared with the network's.
    """
    from nas_cli.errors import ConfigError
    from nas_cli.models.load import load_model, model_file
    from nas_cli.training.quiet import quiet_import

    path = Path(model)
    if not path.exists():
        raise ConfigError(f"there is no run or file {model}: give the folder of a run, or a .keras file.")
    # Before TensorFlow is loaded, which takes a while.
    model_file(path)
    with quiet_import():
        from nas_cli.quantize.export import export
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    network = load_model(path)
    folder = out or (path / "export" if path.is_dir() else path.parent / f"{path.stem}-export")
    for name in dict.fromkeys(formats):
        made = export(network, name, folder, model)
        equal = f"outputs equal within {made.difference:.1e}"
        click.echo(f"{made.path}  ({made.size_bytes:,} bytes, {equal})")
