"""The scalar fields of a job's input as options of the command that starts the job: `--older-than 2d`."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from mainspring.client.errors import BadInput
from mainspring.contracts.message import Message
from mainspring.contracts.tasks import JsonObject

NOT_SCALAR = {"array", "object"}


def field_options(kind: type[Message]) -> dict[str, str]:
    """Return the options of an input, each with its type in JSON's words."""
    properties: dict[str, dict[str, Any]] = kind.model_json_schema().get("properties", {})
    return {_option(name): found for name, schema in properties.items() if (found := _scalar(schema))}


def fields_of(kind: type[Message], words: Sequence[str], *, own: Sequence[str]) -> JsonObject:
    """Return the fields that the words of a command line give; `own` are the command's own options.

    Raises BadInput: when a word is no option, or an option has no value.
    """
    known, fields = field_options(kind), JsonObject()
    rest = iter(words)
    for word in rest:
        option, has_value, value = word.partition("=")
        negated = f"--{option.removeprefix('--no-')}"
        if option not in known and known.get(negated) == "boolean":
            fields[_field(negated)] = False
        elif option not in known:
            raise BadInput(_unknown(option, kind, [*known, *own]))
        elif known[option] == "boolean" and not has_value:
            fields[_field(option)] = True
        else:
            fields[_field(option)] = _read(value if has_value else _next(rest, option), known[option])
    return fields


def _scalar(schema: dict[str, Any]) -> str | None:
    kinds = [each.get("type") for each in schema.get("anyOf", [schema])]
    if "$ref" in schema or None in kinds or NOT_SCALAR & set(kinds):
        return None
    return next((kind for kind in kinds if kind != "null"), None)


def _read(value: str, kind: str) -> object:
    # What is no number is for the message to refuse, which names the field.
    try:
        return int(value) if kind == "integer" else float(value) if kind == "number" else value
    except ValueError:
        return value


def _next(words: Iterator[str], option: str) -> str:
    value = next(words, None)
    if value is None:
        raise BadInput(f"{option}: a value is missing")
    return value


def _unknown(option: str, kind: type[Message], known: Sequence[str]) -> str:
    if not option.startswith("-"):
        return f"{option!r} is not accepted: options begin with --, and --input takes JSON"
    if _field(option) in kind.model_fields:
        return f"{option}: a list or an object is given by --input, as JSON"
    nearest = get_close_matches(option, known, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    return f"{option}: there is no such option{hint} (options: {', '.join(sorted(known))})"


def _option(field: str) -> str:
    return f"--{field.replace('_', '-')}"


def _field(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")
