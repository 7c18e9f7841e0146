"""List the jobs with what they take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from mainspring.cli.output import show_json, show_table
from mainspring.client.views import job_view
from mainspring.contracts.message import Message

if TYPE_CHECKING:
    from mainspring.workflows.runtime.job import AnyJob


def jobs(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print the catalogue as JSON.")] = False
) -> None:
    """List the jobs with what they take."""
    from mainspring.workflows.runtime.catalogue import JOBS

    catalogue = [job for job in JOBS if not job.is_internal]
    if as_json:
        show_json([job_view(job) for job in catalogue])
        return
    show_table(
        ("job", "one active for each", "input", "what it does"),
        [(job.name, _key(job), escape(_signature(job.input)), job.summary) for job in catalogue],
    )


def _key(job: AnyJob) -> str:
    """Return of what there is one active task at a time."""
    if job.key is None:
        return ""
    return job.key_says or ("key" if job.input.model_fields else "the service")


def _signature(message: type[Message]) -> str:
    schema = message.model_json_schema()
    definitions = schema.get("$defs", {})
    fields: dict[str, dict[str, Any]] = schema.get("properties", {})
    return ", ".join(_field(name, field, definitions) for name, field in fields.items())


def _field(name: str, schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    """Return a field as `name: kind`, with its default; as `name?: kind` where that is none, or is long."""
    default = schema.get("default")
    is_short = default is not None and not isinstance(default, dict)
    mark = "?" if "default" in schema and not is_short else ""
    return f"{name}{mark}: {_kind(schema, definitions)}" + (f" = {default}" if is_short else "")


def _kind(schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "$ref" in schema:
        return _kind(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    kinds = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(kinds) == 1:
        return _kind(kinds[0], definitions)
    return str(schema.get("format") or schema.get("type", "any"))
