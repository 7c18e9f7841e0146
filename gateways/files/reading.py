"""Reading messages: files that are CSV with a header, a JSON list of objects, or JSON lines; CSV; objects.

The columns, and the names in JSON, are the fields of the message. An empty cell, and null in JSON, count as
left out. A message that ignores further fields (`extra="ignore"`) also ignores further columns.
"""

from collections.abc import Callable, Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from mainspring.contracts.message import Message
from mainspring.gateways.files.csv_rows import read_csv, read_csv_lines
from mainspring.gateways.files.faults import problems, shown
from mainspring.gateways.files.json_lines import read_json_lines
from mainspring.gateways.files.json_list import NotJsonList, read_json_list
from mainspring.gateways.files.rows import BrokenRow, CsvText, FileUnreadable, RejectedRow, Row

M = TypeVar("M", bound=Message)

# Where rows come from.
Source = Path | CsvText | Sequence[object]

# The fields that say which entry it is.
IDS = ("id", "user_id", "product_id", "reference")


def read_rows(source: Source, kind: type[M]) -> Iterator[Row[M] | RejectedRow]:
    """Give each row of a `.csv`, `.json` or `.jsonl` file, or what is wrong with the row.

    Of CSV text the same; of objects each one, whose index is its line.

    Raises FileUnreadable: when the file cannot be read, or is not such a file from some place on.
    """
    if isinstance(source, Path):
        yield from _file_rows(source, kind)
    elif isinstance(source, CsvText):
        for line, fields in read_csv_lines(StringIO(source.text, newline=""), "CSV", kind):
            yield _row(line, fields, kind, "")
    else:
        for index, fields in enumerate(source):
            yield _row(index, fields, kind, "")


def _file_rows(path: Path, kind: type[M]) -> Iterator[Row[M] | RejectedRow]:
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise FileUnreadable(f"{path}: the name is not accepted: it ends in .csv or .json, or in .jsonl")
    try:
        for number, (line, fields) in enumerate(reader(path, kind), 1):
            yield _row(line, fields, kind, _name(number, fields) if reader is _json_list else "")
    except OSError as error:
        raise FileUnreadable(f"{path}: {error.strerror or error}") from None


def _json_list(path: Path, _kind: type[Message]) -> Iterator[tuple[int, Any]]:
    try:
        yield from read_json_list(path)
    except NotJsonList as error:
        raise FileUnreadable(f"{path}: {error}") from None


def _json_lines(path: Path, _kind: type[Message]) -> Iterator[tuple[int, Any]]:
    return read_json_lines(path)


READERS: dict[str, Callable[[Path, type[Message]], Iterator[tuple[int, Any]]]] = {
    ".csv": read_csv,
    ".json": _json_list,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}


def _row(line: int, fields: Any, kind: type[M], name: str) -> Row[M] | RejectedRow:
    if isinstance(fields, BrokenRow):
        return RejectedRow(line, str(fields), name)
    if isinstance(fields, dict):
        fields = {field: value for field, value in fields.items() if value is not None}
    try:
        return Row(line, kind.model_validate(fields), name)
    except ValidationError as error:
        return RejectedRow(line, "; ".join(problems(error, kind)), name)


def _name(number: int, fields: Any) -> str:
    """Return which entry it is: a JSON file may be all on one line."""
    ids = [fields.get(name) for name in IDS] if isinstance(fields, dict) else []
    text = ", ".join(str(shown(each)) for each in ids if each is not None)
    return f"entry {number}" + (f" ({text})" if text else "")
