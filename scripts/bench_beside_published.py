"""`nas bench` beside the benchmark scripts that are published: images/s of both, in turn, on this machine.

    python scripts/bench_beside_published.py --tf-cnn-benchmarks benchmarks/scripts/tf_cnn_benchmarks \\
        --horovod-script horovod/examples/tensorflow2/tensorflow2_synthetic_benchmark.py

Either may be left out. Their checkouts (github.com/tensorflow/benchmarks, github.com/horovod/horovod) are run as they
are, with the legacy Keras that they need. Two workers with one thread each; the same model, batch and size of images.
tf_cnn_benchmarks: ResNet-20 with batches of 32, whose two widening shortcuts are padded and whose 10 classes make the
last layer smaller than ours (projections, 1000 classes); its synchronous mode has a barrier and no sum. Horovod's
script: ResNet-50 with batches of 4.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

from nas_cli.bench.measuring.job import carry_out
from nas_cli.bench.measuring.measurement import RING, SERVED, SYNC, Measurement
from nas_cli.bench.measuring.row import row_of
from nas_cli.commands.machine import cores
from nas_cli.distributed.launcher import launch
from nas_cli.distributed.members import Member, run_members
from nas_cli.distributed.ports import HERE, find_ports
from nas_cli.distributed.preflight import preflight
from nas_cli.errors import NasError, RunError

WORKERS = 2

ENVIRONMENT = (
    "TF_USE_LEGACY_KERAS=1", "CUDA_VISIBLE_DEVICES=-1", "OMP_NUM_THREADS=1", "TF_NUM_INTRAOP_THREADS=1",
    "TF_NUM_INTEROP_THREADS=1", f"no_proxy=localhost,{HERE}",
)  # fmt: skip


@dataclass(frozen=True)
class Published:
    """A published benchmark that times `iterations` steps after `warmup` others; `measure` writes what it says to a
    file, and returns its images/s."""

    name: str
    mode: str
    model: str
    batch: int
    image_size: int
    iterations: int
    warmup: int
    measure: Callable[[Path], float]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tf-cnn-benchmarks", type=Path, metavar="FOLDER")
    parser.add_argument("--horovod-script", type=Path, metavar="FILE")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured, theirs and ours in turn")
    parser.add_argument("--batches", type=int, default=100, help="per worker and measurement, of ResNet-20")
    parser.add_argument("--modes", nargs="+", choices=(RING, *SERVED), default=(RING, *SERVED))
    given = parser.parse_args(arguments)
    found: list[Published] = []
    if given.tf_cnn_benchmarks:
        file = (given.tf_cnn_benchmarks / "tf_cnn_benchmarks.py").resolve()
        found += [of_tf_cnn(file, mode, given.batches) for mode in given.modes]
    if given.horovod_script and RING in given.modes:
        found.append(of_horovod(given.horovod_script.resolve()))
    if not found:
        parser.error("name at least one of the published benchmarks, and a mode that it has")
    try:
        for published in found:
            compare(published, given.rounds)
    except NasError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def compare(published: Published, rounds: int) -> None:
    """Prints the images/s of every measurement, and the ratio of the medians."""
    theirs, ours = [], []
    with tempfile.TemporaryDirectory(prefix="nas-beside-") as folder:
        for number in range(rounds):
            theirs.append(published.measure(Path(folder) / f"theirs-{number}"))
            ours.append(own(published, Path(folder)))
            print(f"{published.name}, {published.mode}: {theirs[-1]:.1f} images/s, ours {ours[-1]:.1f}", flush=True)
    ratio = median(ours) / median(theirs)
    print(f"{published.name}, {published.mode}, {published.model}: ours / theirs {ratio:.3f} (medians of {rounds})")


def own(published: Published, folder: Path) -> float:
    """Images/s of `nas bench` in the same mode."""
    servers = int(published.mode in SERVED)
    job = Measurement(
        mode=published.mode,
        model=published.model,
        processes=WORKERS,
        threads=1,
        batch=published.batch,
        image_size=published.image_size,
        iterations=published.iterations,
        warmup=published.warmup,
        servers=servers,
        crowd=WORKERS + servers,
    )
    plan = preflight(WORKERS, None, cores(), horovod=published.mode == RING)
    return float(row_of(job, carry_out(job, folder, folder / "log", plan), cores())["images_per_second"])


def of_tf_cnn(script: Path, mode: str, batches: int) -> Published:
    """tf_cnn_benchmarks with Horovod, or with a parameter server; its servers never end by themselves."""
    warmup = 10
    options = [
        "--device=cpu", "--data_format=NHWC", "--local_parameter_device=cpu", "--num_gpus=1", "--model=resnet20",
        "--data_name=cifar10", "--batch_size=32", f"--num_batches={batches}", f"--num_warmup_batches={warmup}",
        "--num_intra_threads=1", "--num_inter_threads=1",
    ]  # fmt: skip

    def measure(log: Path) -> float:
        if mode == RING:
            launch(preflight(WORKERS, None, cores()), _python(script, *options, "--variable_update=horovod"), log)
        else:
            run_members(tf_cnn_members(_python(script, *options), mode), log)
        return said(log, r"total images/sec: ([\d.]+)", WORKERS)

    return Published("tf_cnn_benchmarks", mode, "resnet20", 32, 32, batches, warmup, measure)


def tf_cnn_members(argv: Sequence[str], mode: str) -> list[Member]:
    """A server and the workers."""
    server, *workers = [f"{HERE}:{port}" for port in find_ports(1 + WORKERS)]
    shared = [
        *argv, "--variable_update=parameter_server", f"--ps_hosts={server}", f"--worker_hosts={','.join(workers)}",
        f"--cross_replica_sync={mode == SYNC}",
    ]  # fmt: skip
    return [
        Member("parameter server", [*shared, "--job_name=ps", "--task_index=0"], serves=True),
        *(Member(f"worker {n}", [*shared, "--job_name=worker", f"--task_index={n}"]) for n in range(WORKERS)),
    ]


def of_horovod(script: Path) -> Published:
    """Horovod's synthetic benchmark, which gives the mean of every two batches."""
    iterations, warmup, each = 10, 2, 2

    def measure(log: Path) -> float:
        options = [
            "--no-cuda", "--batch-size=4", f"--num-warmup-batches={warmup}", f"--num-batches-per-iter={each}",
            f"--num-iters={iterations // each}",
        ]  # fmt: skip
        launch(preflight(WORKERS, None, cores()), _python(script, *options), log)
        return said(log, r"Total img/sec on .*: ([\d.]+) \+-", 1)

    return Published("Horovod's script", RING, "resnet50", 4, 224, iterations, warmup, measure)


def said(log: Path, pattern: str, times: int) -> float:
    """The mean of the numbers that the processes have given.

    Raises:
        RunError: they have not given so many.
    """
    text = log.read_text(encoding="utf-8", errors="replace")
    numbers = [float(number) for number in re.findall(pattern, text)]
    if len(numbers) != times:
        raise RunError(f"the published script has ended without its result:\n{text[-2000:]}")
    return fmean(numbers)


def _python(script: Path, *options: str) -> list[str]:
    return ["env", *ENVIRONMENT, sys.executable, str(script), *options]


if __name__ == "__main__":
    sys.exit(main())
