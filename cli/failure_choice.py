"""Which failed tasks a command is about: the arguments and options that the `failures` commands share."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mainspring.cli import completion
from mainspring.client.errors import BadInput
from mainspring.client.failure_choice import FailureChoice, NothingChosen
from mainspring.client.time_input import moment_or_span_ago
from mainspring.contracts.failures import FailureFilter

if TYPE_CHECKING:
    from mainspring.client.service import Service

Ids = Annotated[list[str] | None, typer.Argument(help="Ids of tasks, or their beginnings.")]
Group = Annotated[str | None, typer.Option(help="Only this group, by the beginning of its name.")]
JobName = Annotated[
    str | None, typer.Option("--job", help="Only tasks of this job.", autocompletion=completion.jobs)
]
ErrorType = Annotated[str | None, typer.Option("--type", help="Only errors of this type.")]
Since = Annotated[str | None, typer.Option(help="Only failures since then: a time, or 2h for two hours ago.")]
Everything = Annotated[bool, typer.Option("--all", help="All failed tasks.")]


@dataclass(frozen=True)
class TypedChoice:
    """What was typed."""

    ids: Ids = None
    group: Group = None
    job: JobName = None
    error_type: ErrorType = None
    since: Since = None
    everything: Everything = False

    def choice(self) -> FailureChoice:
        """Return what is meant; BadInput for a time that is none."""
        return FailureChoice(
            ids=self.ids or (),
            group=self.group,
            job=self.job,
            error_type=self.error_type,
            since=moment_or_span_ago(self.since, "--since") if self.since else None,
            everything=self.everything,
        )

    async def filter(self, service: "Service") -> FailureFilter:
        """Return the tasks to look at; all failed tasks when nothing was typed."""
        return await self.choice().filter(service.tasks, service.failures)

    async def demanded(self, service: "Service") -> FailureFilter:
        """Return the tasks to change; BadInput when nothing was typed: all are only meant by --all."""
        try:
            return await self.choice().demanded(service.tasks, service.failures)
        except NothingChosen:
            raise BadInput("which ones? Ids of tasks, --group, --job, --type, --since, or --all") from None


def choosing(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the arguments and options of a TypedChoice, which is its first parameter."""
    options = inspect.signature(TypedChoice).parameters
    _, *own = inspect.signature(command, eval_str=True).parameters.values()

    @wraps(command)
    def run(**typed: Any) -> None:
        command(TypedChoice(**{name: typed.pop(name) for name in options}), **typed)

    run.__signature__ = inspect.Signature([*options.values(), *own])  # type: ignore[attr-defined]  # typer reads it
    return run
