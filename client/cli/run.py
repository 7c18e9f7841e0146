"""`run` and `jobs`: starting a job of the catalogue, and looking at the catalogue."""

from typing import Annotated, Any

import typer
from rich.markup import escape

from client.cli.console import FAILED, SUCCESS, duration, echo, show_json, show_table, with_service
from client.cli.follow import follow_or_leave, show_outcome
from client.cli.inputs import json_object
from client.cli.times import moment, span
from client.errors import BadInput
from client.service import Service
from client.validation import validated
from contracts.message import Message
from contracts.tasks import TaskState
from workflows.catalogue import JOBS, job_named
from workflows.job import AnyJob, Debounce, Throttle


def run(
    job: Annotated[str, typer.Argument(help="A job's name; `mainspring jobs` lists them.")],
    given: Annotated[str, typer.Option("--input", help="The input as JSON, or @FILE.")] = "{}",
    account: Annotated[
        str | None, typer.Option(help="An account's name or id, for the input's account_id.")
    ] = None,
    *,
    wait: Annotated[bool, typer.Option(help="Follow the task until it ends.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the task as JSON.")] = False,
    priority: Annotated[int, typer.Option(min=1, max=5, help="1 is first.")] = 3,
    at: Annotated[str | None, typer.Option(help="When to start, such as 2026-05-01T08:00.")] = None,
    delay: Annotated[str | None, typer.Option("--in", help="Start in 45s, 10m, 1h30m, 2d.")] = None,
) -> None:
    """Start a job and follow it. Exit code 0: success, 1: failed, 2: bad input."""

    async def work(service: Service) -> int:
        chosen = job_named(job)
        message = await _message(service, chosen, given, account)
        started = await service.jobs.start(
            chosen,
            message,
            at=moment(at, "--at") if at else None,
            delay=span(delay, "--in") if delay else None,
            priority=priority,
            triggered_by="command line",
        )
        if started.deduplicated and not as_json:
            echo(f"[yellow]{_repeated(chosen)}: task {started.id}[/]")
        if not wait:
            task = await service.jobs.get(started.id)
            show_json(task.model_dump(mode="json")) if as_json else echo(str(started.id))
            return SUCCESS
        if as_json:
            task = await service.jobs.wait(started.id)
            show_json(task.model_dump(mode="json"))
            return SUCCESS if task.state is TaskState.SUCCESS else FAILED
        return show_outcome(await follow_or_leave(service.jobs, started.id))

    with_service(work)


def _repeated(job: AnyJob) -> str:
    match job.repeats:
        case Debounce():
            return f"{job.name} is queued already, and takes this input"
        case Throttle(every):
            return f"{job.name} runs at most once in {duration(every)} for this input"
    return f"{job.name} is active already for this input"


async def _message(service: Service, job: AnyJob, given: str, account: str | None) -> Message:
    fields = json_object(given)
    if account is not None:
        if "account_id" not in job.input.model_fields:
            raise BadInput(f"--account: {job.name} has no account")
        fields["account_id"] = str((await service.accounts.find(account)).id)
    message: Message = validated(job, fields)
    return message


def jobs(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print the catalogue as JSON.")] = False
) -> None:
    """List the jobs with what they take."""
    catalogue = [job for job in JOBS if not job.is_internal]
    if as_json:
        show_json(
            [
                {"name": job.name, "summary": job.summary, "input": job.input.model_json_schema()}
                for job in catalogue
            ]
        )
        return
    show_table(
        ("job", "input", "what it does"),
        [(job.name, escape(_signature(job.input)), job.summary) for job in catalogue],
    )


def _signature(message: type[Message]) -> str:
    properties: dict[str, dict[str, Any]] = message.model_json_schema().get("properties", {})
    return ", ".join(_field(name, schema) for name, schema in properties.items())


def _field(name: str, schema: dict[str, Any]) -> str:
    kind = schema.get("format") or schema.get("type", "any")
    return f"{name}: {kind}" + (f" = {schema['default']}" if "default" in schema else "")
