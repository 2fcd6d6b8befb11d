"""-np N: a command that runs itself in several processes, which train one network together.

How a command uses it (`nas train` is the example):

1. `@parallel_options` on the Click function adds -np, -H and --min-np; `asked_processes(given)` takes their values out
   again.
2. `dispatch(request, in_parallel(request, actions, asked, together))`, where `together` is a `Together` with what
   only the command knows: its memory, its preparation, and what the processes other than the first do.
3. `execute` and `follow` begin with `ring = join_ring(config)`, and give the ring to `fit` (or `compress`). A process
   that is not alone finds the same run, by --resume.

What happens then: the parent, which never imports TensorFlow, makes the run folder as always, checks all that can be
known to fail, prepares the data, and starts `nas COMMAND --resume RUN` N times with horovodrun. It holds the run's lock
until then; rank 0 takes it over, and alone writes journal, checkpoints, models, summary and reports, through the same
`execute` as without -np. The others run `follow`, which reads the run and writes nothing. What they print goes to
log.txt; rank 0's progress also to the terminal. Ctrl-C goes to the parent, which passes it to rank 0. At the end the
parent returns the summary that rank 0 wrote.

`launch.json` keeps the number of processes, for it decides the size of a batch: --resume goes on with as many. With
--min-np other numbers may share that batch, and the parent starts a job again that has lost a process: see `elastic`.
"""

import contextlib
import json
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import click

from nas_cli.commands.elastic import Elastic, count
from nas_cli.commands.machine import cores
from nas_cli.commands.request import Actions, Request
from nas_cli.distributed.hosts import Host, parse_hosts, written
from nas_cli.distributed.job_output import ALONE, ProcessFailed
from nas_cli.distributed.launcher import INTERRUPTED, launch
from nas_cli.distributed.preflight import Plan, preflight
from nas_cli.distributed.ring import BEGUN, Ring, is_rank, join, rank_number, ranks_here
from nas_cli.errors import LaunchError, RunError
from nas_cli.runs.folder import RunFolder

F = TypeVar("F", bound=Callable[..., Any])
Note = Callable[[str], None]

LAUNCH = "launch.json"


@dataclass(frozen=True)
class Processes:
    """What the user typed; None is not given. `begun`: what decides the batch of a step of a run that goes on."""

    number: int | None = None
    hosts: str | None = None
    least: int | None = None
    begun: int | None = None


@dataclass(frozen=True)
class Together:
    """What a command does besides `execute` when several processes run it.

    `memory_bytes`: what one process needs besides TensorFlow itself, from the configuration; None if not known.
    `prepare`: in the parent, everything slow that needs no TensorFlow and that all processes will read.
    `follow`: in every process but the first: the same calls of the ring as `execute`, and no writing.
    `shown`: what so many processes do, in words. `any_number`: True where their number changes no result, so that a
    run may be resumed with another one. `equal_shares`: True where each takes as much of a step as any other, so that
    no other number can go on with it. `alone`: what one process has to do by itself, in words; None if nothing is.
    `smaller`: what to lower where memory does not suffice.
    """

    memory_bytes: Callable[[Any], float | None]
    prepare: Callable[[Any, RunFolder, Note], None]
    follow: Callable[[Any, RunFolder], object]
    shown: Callable[[Any, int], str] = lambda config, processes: (
        f"batches of {processes} x {config.training.batch_size} examples"
    )
    any_number: Callable[[Any], bool] = lambda config: False
    equal_shares: Callable[[Any], bool] = lambda config: False
    alone: Callable[[Any], str | None] = lambda config: None
    smaller: str = "-np or training.batch_size"


NUMBER_HELP = "Processes that train together (Horovod); each takes training.batch_size examples of a step."


def parallel_options(function: F, number_help: str = NUMBER_HELP) -> F:
    """A decorator that adds -np, -H and --min-np."""
    hosts_help = "Hosts and their slots, reached by ssh; the first one runs rank 0.  [localhost:N]"
    least_help = "Go on with as few as N of the processes when one of them or its host is lost."
    function = click.option("--min-np", "min_np", type=int, metavar="N", help=least_help)(function)
    function = click.option("-H", "hosts", metavar="HOST:SLOTS,...", help=hosts_help)(function)
    return click.option("-np", "processes", type=int, metavar="N", help=number_help)(function)


def asked_processes(given: dict[str, Any]) -> Processes:
    """The values of -np, -H and --min-np, taken out of what Click parsed.

    Raises:
        UsageError: a --min-np that cannot be.
    """
    asked = Processes(given.pop("processes"), given.pop("hosts"), given.pop("min_np"))
    if asked.least is not None and asked == Processes(least=asked.least) and given["resume"] is None:
        raise click.UsageError(f"--min-np {asked.least} needs -np or -H, which say how many processes there are.")
    return _checked(asked)


def in_parallel(request: Request, actions: Actions, asked: Processes, together: Together) -> Actions:
    """The actions of a command that runs in as many processes as were asked for, or as its run was begun with.

    Raises:
        LaunchError: the user has started the command with horovodrun.
    """
    if is_rank() and request.resume is None:
        raise LaunchError(f"horovodrun has started this process: use `nas {request.command} -np N` instead.")

    def execute(config: Any, run: RunFolder) -> Mapping[str, Any]:
        if is_rank():
            return _as_rank(actions, together, config, run)
        wanted = _wanted(asked, run, together.any_number(config))
        if wanted.least is not None and together.equal_shares(config):
            raise LaunchError("--min-np: here each process takes an equal share of a step: leave it out.")
        complete = any(event["event"] == "end" for event in run.events())
        if complete or wanted == Processes() or wanted == Processes(1):
            return actions.execute(config, run)
        if (why := together.alone(config)) is not None:
            raise LaunchError(f"{why}: leave out -np, -H and --min-np.")
        return _as_parent(request.command, together, wanted, config, run)

    return replace(actions, execute=execute)


def training_memory(config: Any) -> float | None:
    """Bytes that training the configuration's model takes in one process; None for a model file."""
    from nas_cli.costs.architecture_cost import architecture_cost
    from nas_cli.data.info import info
    from nas_cli.data.sources import data_dir
    from nas_cli.models.reference import find_architecture

    data = info(config.dataset, data_dir())
    architecture = find_architecture(config.model.name, data.input_shape, data.classes, config.model.width)
    if architecture is None:
        return None
    return float(architecture_cost(architecture).training_bytes(config.training.batch_size))


def prepare_data(config: Any, run: RunFolder, note: Note) -> None:
    """Finds or downloads the data set and prepares it in the run folder."""
    from nas_cli.commands.progress import download_lines
    from nas_cli.data.prepare import prepare
    from nas_cli.data.sources import data_dir

    prepare(config.dataset, data_dir(), run.data, download_lines(note))


def join_ring(config: Any) -> Ring:
    """Starts TensorFlow with the threads of this process; its ring."""
    from nas_cli.training.quiet import quiet_import

    with quiet_import():
        from nas_cli.training.session import configure

        configure(rank_threads(config), config.deterministic)
    return join()


def rank_threads(config: Any) -> int | None:
    """Threads of this process: those of the configuration, else its share of the cores if it is not alone."""
    if config.deterministic:
        return 1
    share = max(1, cores() // ranks_here()) if is_rank() else None
    return share if config.threads is None else int(config.threads)


def _as_parent(command: str, together: Together, wanted: Processes, config: Any, run: RunFolder) -> Mapping[str, Any]:
    def note(line: str) -> None:
        click.echo(line, err=True)

    def check(number: int | None, hosts: str | None) -> Plan:
        memory = together.memory_bytes(_share(config, wanted.begun, number))
        return preflight(number, hosts, cores(), memory, together.smaller)

    with run.lock():
        elastic = _elastic(wanted, run, check, note)
        plan = elastic.plan() if elastic and run.events() else check(wanted.number, wanted.hosts)
        together.prepare(config, run, note)
        begun = wanted.begun or (elastic.number if elastic else plan.processes)
        least = {} if elastic is None else {"min_processes": wanted.least}
        shown = written(elastic.hosts if elastic else plan.hosts)
        run.write_json(LAUNCH, {"processes": begun, "hosts": shown, **least})
    for line in plan.notes:
        note(line)
    note(f"{count(plan.processes)} on {written(plan.hosts)}, {together.shown(config, begun)}")
    code = _launch(plan, elastic, begun, command, config, run, note)
    summary = run.path / "summary.json"
    if not summary.exists() or (code == INTERRUPTED and not run.events()):
        return {"status": "interrupted"}
    read: Mapping[str, Any] = json.loads(summary.read_text(encoding="utf-8"))
    return read


def _elastic(wanted: Processes, run: RunFolder, check: Callable[[int, str], Plan], note: Note) -> Elastic | None:
    """What goes on when a process is lost; None if nothing is to."""
    if wanted.least is None:
        return None
    hosts = parse_hosts(wanted.hosts) if wanted.hosts else (Host("localhost", wanted.number or 1),)
    slots = sum(host.slots for host in hosts)
    number = wanted.number or min(slots, wanted.begun or slots)
    return Elastic(run, hosts, number, wanted.least, check, note)


def _share(config: Any, begun: int | None, number: int | None) -> Any:
    """The configuration, with what one of `number` processes takes of the batch of those that were begun with."""
    if begun is None or number is None:
        return config
    batch = math.ceil(config.training.batch_size * begun / number)
    return replace(config, training=replace(config.training, batch_size=batch))


def _launch(
    plan: Plan, elastic: Elastic | None, begun: int, command: str, config: Any, run: RunFolder, note: Note
) -> int:
    argv = [sys.executable, "-m", "nas_cli", command, "--resume", str(run.path.resolve())]
    debug = "--debug" in sys.argv
    argv += ["--debug"] if debug else []
    start = partial(launch, argv=argv, log=run.log, show=note, same_order=config.deterministic, debug=debug)
    try:
        if elastic is None:
            return start(plan)
        look, further = elastic.look, {BEGUN: str(begun)}
        return elastic.carry_on(plan, lambda one: start(one, further=further, look=partial(look, one)))
    except ProcessFailed as error:
        # A run that has not begun is removed, and its log with it.
        resume = f"see {run.log}, and continue with  nas {command} --resume {run.path}"
        more = resume if run.events() else "--debug shows all that they printed."
        raise LaunchError(f"{str(error).rstrip('.')}; {more}") from error


def _as_rank(actions: Actions, together: Together, config: Any, run: RunFolder) -> Mapping[str, Any]:
    try:
        if rank_number() == 0:
            # The parent shows what comes on standard output; native libraries write to the error stream as they like.
            with contextlib.redirect_stderr(sys.stdout):
                return actions.execute(config, run)
        with contextlib.suppress(KeyboardInterrupt):
            together.follow(config, run)
        return {"status": "completed"}
    except ProcessFailed as error:
        # Another process is gone, which may be noticed here first.
        click.echo(f"Error: {error}", err=True)
        raise click.exceptions.Exit(ALONE) from error


def _wanted(asked: Processes, run: RunFolder, any_number: bool = False) -> Processes:
    """What was asked for, completed from what the run was last carried out with.

    Raises:
        RunError: without `any_number`, another number than the run was begun with, or hosts for a run of one process.
        UsageError: a --min-np above the number of processes.
    """
    file = run.path / LAUNCH
    if not file.exists():
        if not any_number and (asked.number not in (None, 1) or asked.hosts is not None) and run.events():
            raise RunError(f"{run.path} was begun with one process: resume it without -np and -H, or start a new run.")
        return asked
    try:
        begun = json.loads(file.read_text(encoding="utf-8"))
        number, hosts = int(begun["processes"]), str(begun["hosts"])
        least = asked.least or begun.get("min_processes")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{file} cannot be read: restore it from a copy, or start a new run.") from error
    if any_number and (asked.hosts is not None or asked.number not in (None, number)):
        return _checked(replace(asked, least=least))
    if least is not None and not any_number:
        return _checked(Processes(asked.number, asked.hosts or hosts, least, number))
    if asked.number not in (None, number):
        raise RunError(
            f"{run.path} was begun with -np {number}, not {asked.number}: resume it without -np, or with --min-np too."
        )
    return _checked(Processes(number, asked.hosts or hosts, least))


def _checked(given: Processes) -> Processes:
    """The same.

    Raises:
        UsageError: --min-np is below 1 or above the number of processes.
    """
    if given.least is None:
        return given
    number = given.number
    if number is None and given.hosts is not None:
        number = sum(host.slots for host in parse_hosts(given.hosts))
    if given.least < 1 or (number is not None and given.least > number):
        limit = "" if number is None else f" and at most the number of processes, {number}"
        raise click.UsageError(f"--min-np {given.least}: must be at least 1{limit}.")
    return given
