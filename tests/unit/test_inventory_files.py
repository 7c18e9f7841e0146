from pathlib import Path

import pytest

from mainspring.contracts.cards import InventoryRow
from mainspring.gateways.files import FileUnreadable, RejectedRow, Row, read_rows


def rows_of(folder: Path, content: bytes, name: str = "inventory.csv") -> list[InventoryRow | RejectedRow]:
    """Read what a file with this content gives."""
    file = folder / name
    file.write_bytes(content)
    return [each.value if isinstance(each, Row) else each for each in read_rows(file, InventoryRow)]


def held(reference: str, variant_id: str, quantity: int, name: str | None = None) -> InventoryRow:
    """Return a good row."""
    return InventoryRow(reference=reference, variant_id=variant_id, quantity=quantity, name=name)


def test_columns_may_come_in_any_order_and_the_name_may_be_left_out(tmp_path: Path) -> None:
    """The header says which column is which; further ones are the owner's own affair."""
    assert [held("box", "card", 3)] == rows_of(
        tmp_path, b"quantity,shelf,variant_id,reference\n3,top,card,box\n"
    )


def test_spaces_around_values_do_not_count(tmp_path: Path) -> None:
    """Neither around those that are looked up, nor around the name."""
    content = b"reference,variant_id,quantity,name\n box , card ,  2 , Black Lotus \n"
    assert [held("box", "card", 2, "Black Lotus")] == rows_of(tmp_path, content)


@pytest.mark.parametrize(
    "content",
    [
        "reference,variant_id,quantity\nbüchse,card,1\n".encode("utf-8-sig"),
        "reference,variant_id,quantity\r\nbüchse,card,1\r\n".encode(),
        'reference,variant_id,quantity\n"büchse","card","1"'.encode(),
        " reference , Variant_ID,QUANTITY\nbüchse,card,1\n".encode(),
    ],
    ids=["byte-order mark", "Windows line ends", "quotes, no last line end", "header by hand"],
)
def test_what_spreadsheets_write_is_read(content: bytes, tmp_path: Path) -> None:
    """Each of these is the same inventory."""
    assert [held("büchse", "card", 1)] == rows_of(tmp_path, content)


def test_empty_lines_are_passed_over_and_counted(tmp_path: Path) -> None:
    """So that a line number is the one that an editor shows."""
    content = b"reference,variant_id,quantity\n\nbox,card,1\n\nbox,,1\n,,\n"
    assert [held("box", "card", 1), RejectedRow(5, "variant_id: is missing")] == rows_of(tmp_path, content)


@pytest.mark.parametrize("quantity", ["-1", "1.5", "1e3", "2147483648", "\u0663", "one", "9" * 5000])
def test_a_quantity_is_a_whole_number_that_the_database_takes(quantity: str, tmp_path: Path) -> None:
    """Anything else is a bad row that shows the value, and not an exception."""
    content = f"reference,variant_id,quantity\nbox,card,{quantity}\n".encode()
    (row,) = rows_of(tmp_path, content)
    assert isinstance(row, RejectedRow)
    assert 2 == row.line
    assert row.problem.endswith("is not accepted: a whole number from 0 to 2147483647")
    assert len(row.problem) < 120


def test_a_row_of_another_length_is_bad_where_it_matters(tmp_path: Path) -> None:
    """Missing values are empty ones; too many are a comma too much somewhere."""
    content = b"reference,variant_id,quantity\nbox,card\nbox,card,1,2\nbox,card,1\n"
    assert [
        RejectedRow(2, "quantity: is missing"),
        RejectedRow(3, "it has 4 values for the 3 columns of the header"),
        held("box", "card", 1),
    ] == rows_of(tmp_path, content)


def test_texts_that_the_database_does_not_take_are_bad(tmp_path: Path) -> None:
    """Too long for its column, or with a NUL, which PostgreSQL refuses; also in the name."""
    content = f"reference,variant_id,quantity,name\n{'r' * 201},c,1,\nr,{'v' * 501},1,\nr,c,1,{'n' * 501}\n"
    assert ["reference", "variant_id", "name"] == [
        row.problem.partition(":")[0]
        for row in rows_of(tmp_path, content.encode())
        if isinstance(row, RejectedRow)
    ]


def test_a_line_inside_quotes_counts_as_lines(tmp_path: Path) -> None:
    """A bad row is reported where it begins, as an editor counts."""
    content = b'reference,variant_id,quantity,name\nbox,card,1,"two\nlines"\nbox,,1,\n'
    assert RejectedRow(4, "variant_id: is missing") == rows_of(tmp_path, content)[-1]


@pytest.mark.parametrize("content", [b"", b"reference,quantity\n"])
def test_a_file_that_is_no_inventory_is_refused_by_its_name(content: bytes, tmp_path: Path) -> None:
    """Nothing of it is loaded."""
    with pytest.raises(FileUnreadable, match=str(tmp_path / "inventory.csv")):
        rows_of(tmp_path, content)


def test_a_row_that_is_not_utf_8_is_bad_and_the_others_are_good(tmp_path: Path) -> None:
    """The cell is named in which it stands."""
    content = "reference,variant_id,quantity\ncaf\xe9,card,1\nbox,card,1\n".encode("latin-1")
    bad, good = rows_of(tmp_path, content)
    assert held("box", "card", 1) == good
    assert isinstance(bad, RejectedRow)
    assert bad.problem.endswith("is not accepted: text in UTF-8; save the file as UTF-8")


def test_json_lines_say_the_same(tmp_path: Path) -> None:
    """A line that is not JSON is bad by itself."""
    content = b'{"reference": "box", "variant_id": "card", "quantity": 1, "shelf": 2}\n\n{"reference"\n7\n'
    good, broken, number = rows_of(tmp_path, content, "inventory.jsonl")
    assert held("box", "card", 1) == good
    assert RejectedRow(3, "it is not JSON: Expecting ':' delimiter") == broken
    accepted = "an object with reference, variant_id, quantity, name"
    assert RejectedRow(4, f"7 is not accepted: {accepted}") == number
