"""The `nas` command; `python -m nas_cli` is the same."""

from nas_cli.cli import cli


def main() -> None:
    """Run the command line."""
    cli(prog_name="nas")


if __name__ == "__main__":
    main()
