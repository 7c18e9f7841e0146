"""Which failed tasks a command is about: the arguments and options that the `failures` commands share."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Annotated, Any

import typer

from mainspring.client.errors import BadInput
from mainspring.client.service import Service
from mainspring.client.time_input import moment_or_span_ago
from mainspring.contracts.failures import FailureFilter
from mainspring.workflows.runtime.catalogue import job_named

Ids = Annotated[list[str] | None, typer.Argument(help="Ids of tasks, or their beginnings.")]
Group = Annotated[str | None, typer.Option(help="Only this group, by the beginning of its name.")]
JobName = Annotated[str | None, typer.Option("--job", help="Only tasks of this job.")]
ErrorType = Annotated[str | None, typer.Option("--type", help="Only errors of this type.")]
Since = Annotated[str | None, typer.Option(help="Only failures since then: a time, or 2h for two hours ago.")]
Everything = Annotated[bool, typer.Option("--all", help="All failed tasks.")]


@dataclass(frozen=True)
class Choice:
    """What was typed."""

    ids: Ids = None
    group: Group = None
    job: JobName = None
    error_type: ErrorType = None
    since: Since = None
    everything: Everything = False

    async def meant(self, service: Service) -> FailureFilter:
        """Return the tasks that are meant; TaskUnknown, AmbiguousTask, GroupUnknown, UnknownJob, BadInput."""
        if self.job is not None:
            job_named(self.job)
        ids, group = self.ids, self.group
        return FailureFilter(
            task_ids=tuple([await service.jobs.resolve(each) for each in ids]) if ids else None,
            group=(await service.failures.group(group)).fingerprint if group else None,
            job=self.job,
            error_type=self.error_type,
            since=moment_or_span_ago(self.since, "--since") if self.since else None,
        )

    async def demanded(self, service: Service) -> FailureFilter:
        """As `meant`, but BadInput when nothing was typed: all failed tasks are only meant by --all."""
        if not any((self.ids, self.group, self.job, self.error_type, self.since, self.everything)):
            raise BadInput("which ones? Ids of tasks, --group, --job, --type, --since, or --all")
        return await self.meant(service)


def choosing(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the arguments and options of a Choice, which is its first parameter."""
    options = inspect.signature(Choice).parameters
    _, *own = inspect.signature(command).parameters.values()

    @wraps(command)
    def run(**typed: Any) -> None:
        command(Choice(**{name: typed.pop(name) for name in options}), **typed)

    run.__signature__ = inspect.Signature([*options.values(), *own])  # type: ignore[attr-defined]  # typer reads it
    return run
