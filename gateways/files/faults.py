"""What is wrong with a row, in words that somebody with a spreadsheet understands."""

from collections.abc import Iterator

from pydantic import ValidationError

from mainspring.contracts.message import Message

# As much of a bad value as identifies it.
LONGEST_SHOWN = 40


def problems(error: ValidationError, kind: type[Message]) -> Iterator[str]:
    """Give each fault with its field, the value and what is accepted."""
    fields = ", ".join(kind.model_fields)
    for fault in error.errors():
        field, value = ".".join(str(part) for part in fault["loc"]), fault["input"]
        accepted = fault["msg"].removeprefix("Value error, ")
        match fault["type"]:
            case "missing":
                yield f"{field}: is missing"
            case "extra_forbidden":
                yield f"{shown(field)!r}: is no field; fields are {fields}"
            case "model_type":
                yield f"{shown(value)!r} is not accepted: an object with {fields}"
            case _ if not field:  # of several fields; it names them
                yield accepted
            case _ if isinstance(value, str) and not _is_unicode(value):
                yield f"{field}: {shown(value)!r} is not accepted: text in UTF-8; save the file as UTF-8"
            case _:
                yield f"{field}: {shown(value)!r} is not accepted: {accepted}"


def shown(value: object) -> object:
    """Return a value as it is shown: a long text by its beginning."""
    if not isinstance(value, str):
        text = repr(value)
        return value if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
    return value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}…"


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
