"""Turning JSON into a job's input, with errors that name the field, the value and what is accepted."""

import json
from typing import TypeVar

from pydantic import ValidationError

from client.errors import BadInput
from contracts.message import Message
from contracts.tasks import JsonObject
from workflows.job import Job

In = TypeVar("In", bound=Message)
Out = TypeVar("Out", bound=Message)


def validated(job: Job[In, Out], fields: JsonObject) -> In:
    """Return a job's input; BadInput has a line for each field that is not accepted."""
    try:
        return job.input.model_validate_json(json.dumps(fields))
    except ValidationError as error:
        raise BadInput("\n".join(_problems(error))) from None


def _problems(error: ValidationError) -> list[str]:
    lines = []
    for fault in error.errors():
        path = ".".join(["input", *(str(part) for part in fault["loc"])])
        given = "" if fault["type"] == "missing" else f" {fault['input']!r} is not accepted:"
        lines.append(f"{path}:{given} {fault['msg']}")
    return lines
