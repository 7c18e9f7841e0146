"""Reading CSV with a header, whose columns are the fields of a message."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mainspring.contracts.message import Message
from mainspring.gateways.files.faults import shown
from mainspring.gateways.files.rows import BrokenRow, FileUnreadable


def read_csv(path: Path, kind: type[Message]) -> Iterator[tuple[int, Any]]:
    """Give each row's fields, or a BrokenRow, with the line where the row begins; empty rows are left out.

    Raises FileUnreadable: when the header is not accepted.
    """
    # What is not UTF-8 comes as surrogates, so that the row is found in which it stands.
    with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
        yield from read_csv_lines(file, str(path), kind)


def read_csv_lines(lines: Iterable[str], name: str, kind: type[Message]) -> Iterator[tuple[int, Any]]:
    """As `read_csv`, from lines with their ends; `name` is what a message calls them."""
    rows = csv.reader(lines, strict=True)
    try:
        columns = _columns(name, next(rows, []), kind)
    except csv.Error as error:
        raise FileUnreadable(f"{name}:1: {error}") from None
    while True:
        line = rows.line_num + 1
        try:
            values = [value.strip() for value in next(rows)]
        except StopIteration:
            return
        except csv.Error as error:  # the reader goes on with the next line
            yield line, BrokenRow(f"it is not CSV: {error}")
            continue
        if any(values):
            yield line, _fields(columns, values)


def _columns(file: str, header: Sequence[str], kind: type[Message]) -> list[str]:
    columns = [name.strip().lower() for name in header]
    while columns and not columns[-1]:  # what a spreadsheet leaves of columns that were emptied
        columns.pop()
    known = kind.model_fields
    unknown = [] if _ignores_unknown(kind) else [name for name in columns if name not in known]
    faults = {
        "lacks": [name for name, field in known.items() if field.is_required() and name not in columns],
        "has the unknown": [repr(shown(name)) for name in unknown],
        "repeats": [name for name in known if columns.count(name) > 1],
    }
    texts = [f"{fault} {', '.join(names)}" for fault, names in faults.items() if names]
    if texts:
        accepted = f"columns, separated by commas, are {', '.join(known)}"
        raise FileUnreadable(f"{file}:1: the header {' and '.join(texts)}; {accepted}")
    return columns


def _ignores_unknown(kind: type[Message]) -> bool:
    return kind.model_config.get("extra") == "ignore"


def _fields(columns: Sequence[str], values: Sequence[str]) -> dict[str, str] | BrokenRow:
    if any(values[len(columns) :]):
        return BrokenRow(f"it has {len(values)} values for the {len(columns)} columns of the header")
    return {name: value for name, value in zip(columns, values, strict=False) if value}
