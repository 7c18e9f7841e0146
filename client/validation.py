"""Turning JSON into a job's input, with errors that name the field, the value and what is accepted."""

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mainspring.client.errors import BadInput
from mainspring.contracts.message import Message
from mainspring.contracts.tasks import JsonObject

if TYPE_CHECKING:
    from mainspring.workflows.runtime.job import Job

In = TypeVar("In", bound=Message)
Out = TypeVar("Out", bound=Message)

Path = tuple[int | str, ...]

# A value is shown to be recognised: whoever gave it has it whole.
LONGEST_SHOWN = 80

# What is said instead of pydantic's own words, which tell of parsers and of Python.
ACCEPTED = {
    "missing": "Field required",
    "time_delta_parsing": "a duration such as 7d or PT12H, or a number of seconds",
    "time_delta_type": "a duration such as 7d or PT12H, or a number of seconds",
    "uuid_parsing": "an id (a UUID)",
    "uuid_type": "an id (a UUID)",
}


def validated(job: "Job[In, Out]", fields: JsonObject, *, options: Mapping[str, str] | None = None) -> In:
    """Return a job's input; BadInput has a line for each field that is not accepted.

    `options` names another way to give a field, such as an option of a command.
    """
    return validated_as(job.input, fields, options=options)


def validated_as(kind: type[In], fields: JsonObject, *, options: Mapping[str, str] | None = None) -> In:
    """As `validated`, for a message that is no job's input."""
    try:
        return kind.model_validate_json(json.dumps(fields))
    except ValidationError as error:
        faults = [fault | {"input": _refused_value(fields, fault)} for fault in error.errors()]
        raise BadInput("\n".join(_problems(kind, faults, options or {}))) from None


def shown(value: object) -> str:
    """Return a value as JSON says it, shortened where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"


def _refused_value(fields: JsonObject, fault: ErrorDetails) -> Any:
    """Return what stood there: a check of a field's own has seen what was read of it."""
    value: Any = fields
    for part in fault["loc"]:
        try:
            value = value[part]
        except (LookupError, TypeError):  # it is missing, or the path names a type within a union
            return fault["input"]
    return value


def _problems(
    message: type[Message], faults: Sequence[ErrorDetails], options: Mapping[str, str]
) -> list[str]:
    return [_problem(message, fault, options) for fault in faults if not _follows_from_another(fault, faults)]


def _follows_from_another(fault: ErrorDetails, faults: Sequence[ErrorDetails]) -> bool:
    """Whether a list is only short because pydantic left out the items that have faults of their own."""
    path = fault["loc"]
    return fault["type"] == "too_short" and any(
        len(other["loc"]) > len(path) and other["loc"][: len(path)] == path for other in faults
    )


def _problem(message: type[Message], fault: ErrorDetails, options: Mapping[str, str]) -> str:
    path = ".".join(["input", *(str(part) for part in fault["loc"])])
    refused = "" if fault["type"] == "missing" else f" {shown(fault['input'])} is not accepted:"
    option = options.get(str(fault["loc"][0])) if len(fault["loc"]) == 1 else None
    return f"{path}:{refused} {_accepted(message, fault)}" + (f"; {option}" if option else "")


def _accepted(message: type[Message], fault: ErrorDetails) -> str:
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        return _no_such_field(message, fault["loc"])
    if kind == "too_short":
        return f"at least {context['min_length']} item{'' if context['min_length'] == 1 else 's'}"
    if kind == "string_pattern_mismatch":
        described = _described(message, fault["loc"])
        if described:
            return described
    return ACCEPTED.get(kind) or fault["msg"].removeprefix("Value error, ")


def _no_such_field(message: type[Message], path: Path) -> str:
    owner = _message_at(message, path[:-1])
    if owner is None:
        return "there is no such field"
    known = list(owner.model_fields)
    nearest = get_close_matches(str(path[-1]), known, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    return f"there is no such field{hint} (fields: {', '.join(known) or 'none'})"


def _described(message: type[Message], path: Path) -> str | None:
    owner = _message_at(message, path[:-1])
    field = None if owner is None else owner.model_fields.get(str(path[-1]))
    return None if field is None else field.description


def _message_at(message: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """Return the message that a path into another one leads to, if it leads to one."""
    found: type[BaseModel] | None = message
    for part in path:
        # A number is a place in a list, whose items its field's type tells.
        if isinstance(part, str) and found is not None:
            field = found.model_fields.get(part)
            found = None if field is None else _message_in(field.annotation)
    return found


def _message_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _message_in(each))), None)
