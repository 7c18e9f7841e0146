"""`run` and `jobs`: starting a job of the catalogue, and looking at the catalogue."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from client.cli.console import FAILED, SUCCESS, echo, show_json, show_table, with_service
from client.cli.follow import follow_or_leave, show_outcome
from client.errors import BadInput
from client.service import Service
from client.validation import validated
from contracts.message import Message
from contracts.tasks import TaskState
from workflows.catalogue import JOBS, job_named
from workflows.job import AnyJob


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
) -> None:
    """Start a job and follow it. Exit code 0: success, 1: failed, 2: bad input."""

    async def work(service: Service) -> int:
        chosen = job_named(job)
        message = await _message(service, chosen, given, account)
        started = await service.jobs.start(chosen, message, priority=priority, triggered_by="command line")
        if started.deduplicated and not as_json:
            echo(f"[yellow]{chosen.name} is active already for this input: task {started.id}[/]")
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


async def _message(service: Service, job: AnyJob, given: str, account: str | None) -> Message:
    fields = _json_object(given)
    if account is not None:
        if "account_id" not in job.input.model_fields:
            raise BadInput(f"--account: {job.name} has no account")
        fields["account_id"] = str((await service.accounts.find(account)).id)
    message: Message = validated(job, fields)
    return message


def _json_object(given: str) -> dict[str, Any]:
    try:
        text = Path(given[1:]).read_text(encoding="utf-8") if given.startswith("@") else given
        fields = json.loads(text)
    except (OSError, ValueError) as error:
        raise BadInput(
            f"--input: {given!r} is not JSON, nor @ and the name of a JSON file: {error}"
        ) from None
    if not isinstance(fields, dict):
        raise BadInput(f"--input: {given!r} is not accepted: a JSON object with the job's fields")
    return fields


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
