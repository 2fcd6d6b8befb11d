"""Do so many processes fit into this machine's memory, and what would."""

from nas_cli.distributed.preflight import PROCESS_BYTES
from nas_cli.errors import LaunchError


def check_memory(processes: int, model: str, batch: int, free: float, weight_bytes: float, image_bytes: float) -> None:
    """Passes if the processes fit into `free` bytes; each has `weight_bytes` of its own, and `image_bytes` per image.

    Raises:
        LaunchError: naming a number of processes and a batch that would fit.
    """
    each = PROCESS_BYTES + weight_bytes + batch * image_bytes
    if processes * each <= free:
        return
    fewer = int(free // each)
    smaller = int((free / processes - PROCESS_BYTES - weight_bytes) // image_bytes) if image_bytes else 0
    ways = [f"-np {fewer}"] if 1 <= fewer < processes else []
    ways += [f"bench.batch={smaller}"] if 1 <= smaller < batch else []
    raise LaunchError(
        f"{processes} processes with {model} and batches of {batch} need about {processes * each / 1e9:.1f} GB "
        f"({each / 1e9:.1f} GB each), {free / 1e9:.1f} GB are free: "
        + (f"{' or '.join(ways)} would fit." if ways else "take a smaller model or bench.image_size.")
    )
