"""The options of a command that trains one given network, and what it does with them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from nas_cli.commands.dispatch import dispatch
from nas_cli.commands.options import group_options, run_options
from nas_cli.commands.parallel import (
    Together,
    asked_processes,
    in_parallel,
    parallel_options,
    prepare_data,
    training_memory,
)
from nas_cli.commands.request import Actions, request

F = TypeVar("F", bound=Callable[..., Any])


def network_options(*groups: str) -> Callable[[F], F]:
    """A decorator that adds the options of the configuration groups, and those of every such command."""

    def decorate(function: F) -> F:
        function = parallel_options(run_options(function))
        tensorboard = click.option("--tensorboard", is_flag=True, help="Write TensorBoard logs into the run folder.")
        return group_options(*groups)(tensorboard(function))

    return decorate


def run_network(
    command: str,
    groups: Sequence[str],
    given: dict[str, Any],
    extra: Sequence[str],
    predict: Callable[[Any], list[str]],
    execute: Callable[[Any, Any], Mapping[str, Any]],
    follow: Callable[[Any, Any], object],
    alone: Callable[[Any], str | None] = lambda config: None,
) -> None:
    """Does what was asked of `nas <command>`, in one process or in those of -np.

    `given`: what Click parsed of `network_options`; `extra`: overrides of the command's own options; the rest as of
    `Actions` and `Together`.
    """
    logs = ["training.tensorboard=true"] if given.pop("tensorboard") else []
    asked, wanted = asked_processes(given), request(command, groups, given, [*extra, *logs])
    together = Together(memory_bytes=training_memory, prepare=prepare_data, follow=follow, alone=alone)
    dispatch(wanted, in_parallel(wanted, Actions(predict=predict, execute=execute), asked, together))
