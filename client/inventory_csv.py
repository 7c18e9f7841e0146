"""Reading an inventory from CSV. Columns: see COLUMNS; docs/jobs.md explains them."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mainspring.client.errors import BadInput
from mainspring.domain.cards import InventoryLine

# reference: the account's own name for what it holds; variant_id: the vendor's id of the variant;
# quantity: a whole number from 0; name: for people, may be left out.
REQUIRED = ("reference", "variant_id", "quantity")
OPTIONAL = ("name",)

# What the columns of the database take; PostgreSQL's integer ends at 2**31.
LONGEST_REFERENCE = 200
LONGEST_VARIANT_ID = 500
LONGEST_NAME = 500
LARGEST_QUANTITY = 2**31 - 1
LONGEST_QUANTITY = len(str(LARGEST_QUANTITY))

# As much of a bad value as identifies it.
LONGEST_SHOWN = 20


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be loaded. `line` counts from 1, the header being line 1."""

    line: int
    problem: str


def read_inventory(path: Path) -> Iterator[InventoryLine | BadRow]:
    """Give each row as a line of inventory, or as what is wrong with it.

    BadInput: the file cannot be read, or its header lacks a column. A byte-order mark, empty rows and further
    columns are fine.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.reader(file)
            columns = [column.strip().lower() for column in next(rows, [])]
            _check_header(path, columns)
            for values in rows:
                if any(value.strip() for value in values):
                    yield _line(rows.line_num, columns, [value.strip() for value in values])
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: byte {error.start + 1} is not UTF-8: save the file as CSV UTF-8") from None
    except (OSError, csv.Error) as error:
        raise BadInput(f"{path}: {error}") from None


def _check_header(path: Path, columns: Sequence[str]) -> None:
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise BadInput(
            f"{path}: the header {', '.join(columns) or '(empty)'} lacks {', '.join(missing)}; "
            f"columns are {', '.join(REQUIRED)} and, if wanted, {', '.join(OPTIONAL)}"
        )


def _line(number: int, columns: Sequence[str], values: Sequence[str]) -> InventoryLine | BadRow:
    if len(values) > len(columns):
        return BadRow(number, f"has {len(values)} values for the {len(columns)} columns of the header")
    row = dict(zip(columns, values, strict=False))
    reference, variant_id, quantity, name = (row.get(column, "") for column in (*REQUIRED, *OPTIONAL))
    problem = (
        _key_problem("reference", reference, LONGEST_REFERENCE)
        or _key_problem("variant_id", variant_id, LONGEST_VARIANT_ID)
        or _quantity_problem(quantity)
        or _text_problem("name", name, LONGEST_NAME)
    )
    if problem:
        return BadRow(number, problem)
    return InventoryLine(reference, variant_id, int(quantity), name or None)


def _key_problem(column: str, text: str, longest: int) -> str | None:
    return _text_problem(column, text, longest) if text else f"{column}: is empty"


def _text_problem(column: str, text: str, longest: int) -> str | None:
    if len(text) > longest or "\0" in text:
        accepted = f"at most {longest} characters, none of them NUL"
        return f"{column}: {text[:LONGEST_SHOWN]!r}… is not accepted: {accepted}"
    return None


def _quantity_problem(quantity: str) -> str | None:
    digits = quantity.lstrip("0") or quantity[:1]
    is_number = digits.isascii() and digits.isdigit()
    # The length first: Python refuses to read a number of thousands of digits.
    if is_number and len(digits) <= LONGEST_QUANTITY and int(digits) <= LARGEST_QUANTITY:
        return None
    shown = quantity if len(quantity) <= LONGEST_SHOWN else f"{quantity[:LONGEST_SHOWN]}…"
    return f"quantity: {shown!r} is not accepted: a whole number from 0 to {LARGEST_QUANTITY}"
