"""Reading products, users and wishes from files: CSV with a header, or a JSON list of objects.

The columns, and the names in JSON, are the fields of `contracts.shop`. An empty cell, and null in JSON, count
as left out.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from mainspring.client.errors import BadInput
from mainspring.client.imports.json_list import NotJsonList, read_json_list
from mainspring.contracts.message import Message

M = TypeVar("M", bound=Message)

# The fields that say which entry it is.
IDS = ("id", "user_id", "product_id")

# As much of a bad value as identifies it.
LONGEST_SHOWN = 40


@dataclass(frozen=True)
class Entry(Generic[M]):
    """An entry that can be loaded. `line` is where it begins, from 1.

    `name` says which it is where the line may not: "entry 3 (lamp-1)" in JSON.
    """

    line: int
    value: M
    name: str = ""


@dataclass(frozen=True)
class BadEntry:
    """An entry that cannot be loaded: the problem names the field, the value and what is accepted."""

    line: int
    problem: str
    name: str = ""


class _Broken(ValueError):
    """A row that is none."""


def read_entries(path: Path, kind: type[M]) -> Iterator[Entry[M] | BadEntry]:
    """Give each entry of a `.csv` or `.json` file, or what is wrong with it.

    BadInput: the file cannot be read, or it is not such a file from some place on.
    """
    readers = {".csv": _csv, ".json": _json}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise BadInput(f"{path}: the name is not accepted: it ends in .csv or .json")
    try:
        for number, (line, fields) in enumerate(reader(path, kind), 1):
            yield _entry(line, fields, kind, _name(number, fields) if reader is _json else "")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or error}") from None


def _csv(path: Path, kind: type[Message]) -> Iterator[tuple[int, Any]]:
    # What is not UTF-8 comes as surrogates, so that the row is found in which it stands.
    with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
        rows = csv.reader(file, strict=True)
        try:
            columns = _columns(path, next(rows, []), kind)
        except csv.Error as error:
            raise BadInput(f"{path}:1: {error}") from None
        while True:
            line = rows.line_num + 1
            try:
                values = [value.strip() for value in next(rows)]
            except StopIteration:
                return
            except csv.Error as error:  # the reader goes on with the next line
                yield line, _Broken(f"it is not CSV: {error}")
                continue
            if any(values):
                yield line, _fields(columns, values)


def _columns(path: Path, header: Sequence[str], kind: type[Message]) -> list[str]:
    columns = [name.strip().lower() for name in header]
    while columns and not columns[-1]:  # what a spreadsheet leaves of columns that were emptied
        columns.pop()
    known = kind.model_fields
    faults = {
        "lacks": [name for name, field in known.items() if field.is_required() and name not in columns],
        "has the unknown": [repr(_shown(name)) for name in columns if name not in known],
        "repeats": [name for name in known if columns.count(name) > 1],
    }
    said = [f"{fault} {', '.join(names)}" for fault, names in faults.items() if names]
    if said:
        raise BadInput(
            f"{path}:1: the header {' and '.join(said)}; columns, separated by commas, are {', '.join(known)}"
        )
    return columns


def _fields(columns: Sequence[str], values: Sequence[str]) -> dict[str, str] | _Broken:
    if any(values[len(columns) :]):
        return _Broken(f"it has {len(values)} values for the {len(columns)} columns of the header")
    return {name: value for name, value in zip(columns, values, strict=False) if value}


def _json(path: Path, _kind: type[Message]) -> Iterator[tuple[int, Any]]:
    try:
        for line, fields in read_json_list(path):
            is_object = isinstance(fields, dict)
            yield line, {k: v for k, v in fields.items() if v is not None} if is_object else fields
    except NotJsonList as error:
        raise BadInput(f"{path}: {error}") from None


def _entry(line: int, fields: Any, kind: type[M], name: str) -> Entry[M] | BadEntry:
    if isinstance(fields, _Broken):
        return BadEntry(line, str(fields), name)
    try:
        return Entry(line, kind.model_validate(fields), name)
    except ValidationError as error:
        return BadEntry(line, "; ".join(_problems(error, kind)), name)


def _name(number: int, fields: Any) -> str:
    """Return which entry it is: a JSON file may be all on one line."""
    given = [fields.get(name) for name in IDS] if isinstance(fields, dict) else []
    ids = ", ".join(str(_shown(each)) for each in given if each is not None)
    return f"entry {number}" + (f" ({ids})" if ids else "")


def _problems(error: ValidationError, kind: type[Message]) -> Iterator[str]:
    fields = ", ".join(kind.model_fields)
    for fault in error.errors():
        field, given = ".".join(str(part) for part in fault["loc"]), fault["input"]
        accepted = fault["msg"].removeprefix("Value error, ")
        match fault["type"]:
            case "missing":
                yield f"{field}: is missing"
            case "extra_forbidden":
                yield f"{_shown(field)!r}: is no field; fields are {fields}"
            case "model_type":
                yield f"{_shown(given)!r} is not accepted: an object with {fields}"
            case _ if not field:  # of several fields; it names them
                yield accepted
            case _ if isinstance(given, str) and not _is_unicode(given):
                yield f"{field}: {_shown(given)!r} is not accepted: text in UTF-8; save the file as UTF-8"
            case _:
                yield f"{field}: {_shown(given)!r} is not accepted: {accepted}"


def _shown(given: object) -> object:
    """Return a value as it is shown: a long text by its beginning."""
    if not isinstance(given, str):
        said = repr(given)
        return given if len(said) <= LONGEST_SHOWN else f"{said[:LONGEST_SHOWN]}…"
    return given if len(given) <= LONGEST_SHOWN else f"{given[:LONGEST_SHOWN]}…"


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
