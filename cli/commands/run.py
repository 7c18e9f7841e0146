"""Start a job and follow it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from mainspring.cli import completion
from mainspring.cli.console import FAILED, SUCCESS, with_service
from mainspring.cli.output import echo, show_json, warn
from mainspring.client.errors import BadInput
from mainspring.client.time_input import moment, span
from mainspring.client.times import when
from mainspring.contracts.tasks import TaskState

if TYPE_CHECKING:
    from mainspring.client.service import Service

DEFAULT_PRIORITY = 3


# The fields of the job's input are options as well: which these are, the job says.
CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True}


def run(
    context: typer.Context,
    job: Annotated[
        str,
        typer.Argument(help="A job's name; `mainspring jobs` lists them.", autocompletion=completion.jobs),
    ],
    text: Annotated[str, typer.Option("--input", help="The input as JSON, or @FILE.")] = "{}",
    account: Annotated[
        str | None,
        typer.Option(
            help="An account's name or id, for the input's account_id.", autocompletion=completion.accounts
        ),
    ] = None,
    *,
    wait: Annotated[bool, typer.Option(help="Follow the task until it ends.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the task as JSON.")] = False,
    priority: Annotated[int, typer.Option(help="1 (first) to 5.")] = DEFAULT_PRIORITY,
    at: Annotated[
        str | None,
        typer.Option(
            help="When to start: 2026-05-01T08:00 in this machine's time zone, or with an offset: …T08:00Z, "
            "…T08:00+02:00."
        ),
    ] = None,
    delay: Annotated[str | None, typer.Option("--in", help="Start in 45s, 10m, 1h30m, 2d.")] = None,
) -> None:
    """Start a job and follow it. Exit code 0: success, 1: failed, 2: bad input, 3: away.

    Each field of the job's input that is no list or object is an option as well, after the job's name:
    `mainspring run discover-sets --account ada --older-than P2D`.

    `mainspring jobs` shows of what a job is active once, such as one for each account:
    a second start returns the task that is there as it is, and says so.
    """
    from mainspring.cli.field_options import fields_of
    from mainspring.cli.follow import follow_or_leave, show_outcome
    from mainspring.cli.inputs import json_object
    from mainspring.client.job_input import job_input
    from mainspring.client.tasks.availability import PATIENCE
    from mainspring.client.tasks.conflicts import conflict_message, without_effect
    from mainspring.workflows.runtime.catalogue import job_named

    async def work(service: Service) -> int:
        chosen = job_named(job)
        _check_priority(priority)
        await service.ledger_check.refuse_other(PATIENCE)
        own = [option for each in context.command.params for option in each.opts]
        fields = json_object(text) | fields_of(chosen.input, context.args, own=own)
        message = await job_input(service.accounts, chosen, fields, account=account, option="--account")
        started = await service.jobs.start(
            chosen,
            message,
            at=_later(at) if at else None,
            delay=span(delay, "--in") if delay else None,
            priority=priority,
            triggered_by="command line",
        )
        task = await service.tasks.get(started.id)
        if started.deduplicated:
            asked = None if priority == DEFAULT_PRIORITY else priority
            idle = without_effect(chosen, task, {"--at": at, "--in": delay}, {"--priority": asked})
            warn(conflict_message(chosen, message, task, called=account, options=idle))
        if not wait:
            show_json(task.model_dump(mode="json")) if as_json else echo(str(started.id))
            return SUCCESS
        if as_json:
            task = await service.tasks.wait(started.id)
            show_json(task.model_dump(mode="json"))
            return SUCCESS if task.state is TaskState.SUCCESS else FAILED
        return show_outcome(await follow_or_leave(service.tasks, started.id))

    with_service(work)


def _check_priority(priority: int) -> None:
    if not 1 <= priority <= 5:  # noqa: PLR2004  # what the help says
        raise BadInput(f"--priority: {priority} is not accepted: 1 (first) to 5")


def _later(text: str) -> datetime:
    begins = moment(text, "--at")
    if begins <= datetime.now(UTC):
        raise BadInput(f"--at: {text!r} is not accepted: {when(begins)} is past; without --at it starts now")
    return begins
