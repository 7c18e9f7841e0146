from pathlib import Path

import pytest

from mainspring.client.errors import BadInput
from mainspring.client.inventory_csv import BadRow, read_inventory
from mainspring.domain.cards import InventoryLine


def rows_of(folder: Path, content: bytes) -> list[InventoryLine | BadRow]:
    """Read what a file with this content gives."""
    file = folder / "inventory.csv"
    file.write_bytes(content)
    return list(read_inventory(file))


def test_columns_may_come_in_any_order_and_the_name_may_be_left_out(tmp_path: Path) -> None:
    """The header says which column is which; further ones are the owner's own affair."""
    assert [InventoryLine("box", "card", 3)] == rows_of(
        tmp_path, b"quantity,shelf,variant_id,reference\n3,top,card,box\n"
    )


def test_spaces_around_values_do_not_count(tmp_path: Path) -> None:
    """Neither around those that are looked up, nor around the name."""
    content = b"reference,variant_id,quantity,name\n box , card ,  2 , Black Lotus \n"
    assert [InventoryLine("box", "card", 2, "Black Lotus")] == rows_of(tmp_path, content)


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
    assert [InventoryLine("büchse", "card", 1)] == rows_of(tmp_path, content)


def test_empty_lines_are_passed_over_and_counted(tmp_path: Path) -> None:
    """So that a line number is the one that an editor shows."""
    content = b"reference,variant_id,quantity\n\nbox,card,1\n\nbox,,1\n,,\n"
    assert [InventoryLine("box", "card", 1), BadRow(5, "variant_id: is empty")] == rows_of(tmp_path, content)


@pytest.mark.parametrize("quantity", ["", "-1", "1.5", "1e3", "2147483648", "\u0663", "one", "9" * 5000])
def test_a_quantity_is_a_whole_number_that_the_database_takes(quantity: str, tmp_path: Path) -> None:
    """Anything else is a bad row that shows the value, and not an exception."""
    content = f"reference,variant_id,quantity\nbox,card,{quantity}\n".encode()
    (row,) = rows_of(tmp_path, content)
    assert isinstance(row, BadRow)
    assert 2 == row.line
    assert row.problem.endswith("is not accepted: a whole number from 0 to 2147483647")
    assert len(row.problem) < 120


def test_a_row_of_another_length_is_bad_where_it_matters(tmp_path: Path) -> None:
    """Missing values are empty ones; too many are a comma too much somewhere."""
    content = b"reference,variant_id,quantity\nbox,card\nbox,card,1,2\nbox,card,1\n"
    assert [
        BadRow(2, "quantity: '' is not accepted: a whole number from 0 to 2147483647"),
        BadRow(3, "has 4 values for the 3 columns of the header"),
        InventoryLine("box", "card", 1),
    ] == rows_of(tmp_path, content)


def test_texts_that_the_database_does_not_take_are_bad(tmp_path: Path) -> None:
    """Too long for its column, or with a NUL, which PostgreSQL refuses; also in the name."""
    content = f"reference,variant_id,quantity,name\n{'r' * 201},c,1,\nr,{'v' * 501},1,\nr,c,1,{'n' * 501}\n"
    assert ["reference", "variant_id", "name"] == [
        row.problem.partition(":")[0]
        for row in rows_of(tmp_path, content.encode())
        if isinstance(row, BadRow)
    ]


def test_a_line_inside_quotes_counts_as_lines(tmp_path: Path) -> None:
    """A bad row is reported where it begins to be found: at the end of its last line."""
    content = b'reference,variant_id,quantity,name\nbox,card,1,"two\nlines"\nbox,,1,\n'
    assert BadRow(4, "variant_id: is empty") == rows_of(tmp_path, content)[-1]


@pytest.mark.parametrize(
    "content", [b"", b"reference,quantity\n", "reference,variant_id,quantity\ncaf\xe9,c,1".encode("latin-1")]
)
def test_a_file_that_is_no_inventory_is_refused_by_its_name(content: bytes, tmp_path: Path) -> None:
    """Nothing of it is loaded."""
    with pytest.raises(BadInput, match=str(tmp_path / "inventory.csv")):
        rows_of(tmp_path, content)
