"""Reading an inventory from CSV. Columns: see COLUMNS; docs/jobs.md explains them."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from client.errors import BadInput
from domain.cards import InventoryLine

# reference: the account's own name for what it holds; variant_id: the vendor's id of the variant;
# quantity: a whole number from 0; name: for people, may be left out.
REQUIRED = ("reference", "variant_id", "quantity")
OPTIONAL = ("name",)

# What the columns of the database take; PostgreSQL's integer ends at 2**31.
LONGEST_REFERENCE = 200
LONGEST_VARIANT_ID = 500
LARGEST_QUANTITY = 2**31 - 1


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be loaded. `line` counts from 1, the header being line 1."""

    line: int
    problem: str


def read_inventory(path: Path) -> Iterator[InventoryLine | BadRow]:
    """Give each row as a line of inventory, or as what is wrong with it.

    BadInput: the file cannot be read, or its header lacks a column. An Excel byte-order mark is fine.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            _check_header(path, reader.fieldnames or [])
            for row in reader:
                yield _line(reader.line_num, row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path}: {error}") from None


def _check_header(path: Path, columns: Sequence[str]) -> None:
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise BadInput(
            f"{path}: the header {', '.join(columns) or '(empty)'} lacks {', '.join(missing)}; "
            f"columns are {', '.join(REQUIRED)} and, if wanted, {', '.join(OPTIONAL)}"
        )


def _line(number: int, row: dict[str, str | None]) -> InventoryLine | BadRow:
    reference, variant_id, quantity = ((row.get(name) or "").strip() for name in REQUIRED)
    problem = (
        _text_problem("reference", reference, LONGEST_REFERENCE)
        or _text_problem("variant_id", variant_id, LONGEST_VARIANT_ID)
        or _quantity_problem(quantity)
    )
    if problem:
        return BadRow(number, problem)
    return InventoryLine(reference, variant_id, int(quantity), (row.get("name") or "").strip() or None)


def _text_problem(column: str, text: str, longest: int) -> str | None:
    if not text:
        return f"{column}: is empty"
    if len(text) > longest or "\0" in text:
        return f"{column}: {text[:20]!r}… is not accepted: at most {longest} characters, none of them NUL"
    return None


def _quantity_problem(quantity: str) -> str | None:
    if quantity.isascii() and quantity.isdigit() and int(quantity) <= LARGEST_QUANTITY:
        return None
    return f"quantity: {quantity!r} is not accepted: a whole number from 0 to {LARGEST_QUANTITY}"
