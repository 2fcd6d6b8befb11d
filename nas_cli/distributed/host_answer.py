"""What a host says of itself, as a line of JSON: python -m nas_cli.distributed.host_answer PORTS FIRST_PORT."""

import importlib.metadata
import json
import sys

import psutil

from nas_cli.distributed.ports import find_ports, own_address
from nas_cli.errors import LaunchError


def main(arguments: list[str]) -> int:
    """The exit code; a port that is taken is one `Error:` line."""
    count, first = int(arguments[0]), int(arguments[1])
    try:
        ports = find_ports(count, first or None)
    except LaunchError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)
        return 1
    try:
        tensorflow = importlib.metadata.version("tensorflow")
    except importlib.metadata.PackageNotFoundError:
        tensorflow = None
    free = psutil.virtual_memory().available
    print(json.dumps({"free_bytes": free, "tensorflow": tensorflow, "ports": ports, "address": own_address()}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
