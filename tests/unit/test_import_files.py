"""Files of the shop: what is read, and what is said of what is not."""

from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from mainspring.contracts.message import Message
from mainspring.contracts.people import User
from mainspring.contracts.shop import Product
from mainspring.contracts.wishlist import WishedItem
from mainspring.gateways.files import FileUnreadable, RejectedRow, Row, read_rows

PRODUCT = {
    "id": "p1",
    "name": "Lamp",
    "url": "https://shop.example/p1",
    "currency": "EUR",
    "price_cents": "9900",
}
USERS = "id,email,time_zone,sale_alerts,stock_alerts,quiet_from,quiet_until\n"


def read(
    folder: Path, content: str | bytes, kind: type[Message] = User, name: str = "shop.csv"
) -> list[Message | RejectedRow]:
    """Read what a file with this content gives."""
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [each.value if isinstance(each, Row) else each for each in read_rows(file, kind)]


def csv_of(**fields: str) -> str:
    """Return a file of one product."""
    row = PRODUCT | fields
    return f"{','.join(row)}\n{','.join(row.values())}\n"


def problem(folder: Path, content: str, kind: type[Message], name: str = "shop.csv") -> str:
    """Return what is wrong with the only entry of a file."""
    (bad,) = read(folder, content, kind, name)
    assert isinstance(bad, RejectedRow), bad
    return bad.problem


def test_cells_are_read_as_they_are_meant(tmp_path: Path) -> None:
    """Booleans in any case and in three ways, times of day; an empty cell is left out."""
    content = f"{USERS}anna,anna@example.org,Europe/Paris,YES,0,22:00,07:30\nbo,bo@example.org,,False,,,\n"
    anna, bo = read(tmp_path, content)
    assert anna == User(
        id="anna",
        email="anna@example.org",
        time_zone="Europe/Paris",
        sale_alerts=True,
        stock_alerts=False,
        quiet_from=time(22),
        quiet_until=time(7, 30),
    )
    assert bo == User(id="bo", email="bo@example.org", sale_alerts=False)
    assert {"id", "email", "sale_alerts"} == bo.model_fields_set


def test_times_of_any_zone_are_the_same_times(tmp_path: Path) -> None:
    """They are kept in UTC."""
    (product,) = read(tmp_path, csv_of(sale_starts_at="2026-12-01T09:00+01:00"), Product)
    assert isinstance(product, Product)
    assert datetime(2026, 12, 1, 8, tzinfo=UTC) == product.sale_starts_at


def test_a_product_that_was_sold_too_often_is_read_with_its_price(tmp_path: Path) -> None:
    """A shop that oversells tells a stock below zero: the product is sold out, and its row is no bad one."""
    (product,) = read(tmp_path, csv_of(stock="-2", price_cents="9900"), Product)
    assert isinstance(product, Product)
    assert (-2, 9_900) == (product.stock, product.price_cents)


@pytest.mark.parametrize(
    ("field", "value", "accepted"),
    [
        ("id", "x" * 201, "a text of 1 to 200 characters on one line"),
        ("name", "a\x07b", "a text of 1 to 500 characters on one line"),
        ("url", "shop.example/p1", "begins with https:// or http://"),
        ("url", "https://shop.example/a b", "begins with https:// or http://"),
        ("url", "https://shop.example/<a>", 'without spaces, ", < and >'),
        ("name", "Brass\u2028lamp", "a text of 1 to 500 characters on one line"),
        ("currency", "Euro", "three capital letters such as EUR"),
        ("price_cents", "100.00", "a whole number of minor units (1299 for 12.99)"),
        ("price_cents", "-1", "from 0 to 2147483647"),
        ("price_cents", "9" * 5000, "from 0 to 2147483647"),
        ("stock", "1e3", "a whole number from -2147483647 to 2147483647"),
        ("stock", "--2", "a whole number from -2147483647 to 2147483647"),
        ("stock", "-", "a whole number from -2147483647 to 2147483647"),
        ("stock", "-2147483648", "a whole number from -2147483647 to 2147483647"),
        ("stock", "-" + "9" * 5000, "a whole number from -2147483647 to 2147483647"),
        ("sale_starts_at", "2026-12-01T09:00", "a time with its zone such as 2026-12-01T09:00+01:00"),
        ("sale_starts_at", "2026-12-01", "a time with its zone"),
        ("sale_starts_at", "20261201", "a time with its zone"),
        ("sale_starts_at", "9999-12-31T23:59-12:00", "a time with its zone"),
    ],
)
def test_a_bad_cell_of_a_product_is_named_with_what_is_accepted(
    tmp_path: Path, field: str, value: str, accepted: str
) -> None:
    """Nothing is taken for what its author did not mean: no 100.00 for a hundred cents."""
    said = problem(tmp_path, csv_of(**{field: value}), Product)
    assert said.startswith(f"{field}: {value[:40]!r}"[:43])
    assert accepted in said
    assert len(said) < 200


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ("anna,anna,,,,,", "email: 'anna' is not accepted: an e-mail address such as anna@example.org"),
        ("anna,änna@b.c,,,,,", "email: 'änna@b.c' is not accepted: an e-mail address"),
        ("anna,a@b..c,,,,,", "email: 'a@b..c' is not accepted: an e-mail address"),
        ("anna,a@b.c,Mars,,,,", "time_zone: 'Mars' is not accepted: the name of an IANA time zone"),
        ("anna,a@b.c,,ja,,,", "sale_alerts: 'ja' is not accepted: true or false, yes or no, 1 or 0"),
        ("anna,a@b.c,,,,22.00,7:00", "quiet_from: '22.00' is not accepted: a time of day such as 22:00"),
        ("anna,a@b.c,,,,22:00Z,07:00", "quiet_from: '22:00Z' is not accepted: a time of day"),
        ("anna,a@b.c,,,,22:00,", "quiet_from: '22:00:00' is not accepted without quiet_until"),
        ("anna,a@b.c,,,,,07:00", "quiet_until: '07:00:00' is not accepted without quiet_from"),
        ("anna,,,,,,", "email: is missing"),
        ("anna,a@b.c,,,,,,more", "it has 8 values for the 7 columns of the header"),
    ],
)
def test_a_bad_cell_of_a_user_is_named_with_what_is_accepted(tmp_path: Path, cells: str, said: str) -> None:
    """In words that somebody with a spreadsheet understands."""
    assert said in problem(tmp_path, f"{USERS}{cells}\n", User)


def test_a_sale_that_ends_before_it_begins_is_refused(tmp_path: Path) -> None:
    """With both times."""
    window = {"sale_starts_at": "2026-12-02T00:00Z", "sale_ends_at": "2026-12-01T00:00Z"}
    said = problem(tmp_path, csv_of(**window), Product)
    assert said.startswith("sale_ends_at: '2026-12-01T00:00:00+00:00' is not accepted: a time after sale_st")


def test_every_fault_of_an_entry_is_said_at_once(tmp_path: Path) -> None:
    """Nobody mends a file in rounds."""
    said = problem(tmp_path, csv_of(currency="Euro", price_cents="free"), Product)
    assert ["currency", "price_cents"] == [each.partition(":")[0] for each in said.split("; ")]


def test_good_entries_beside_bad_ones_are_given_with_their_lines(tmp_path: Path) -> None:
    """Lines are counted as an editor counts them: over empty lines, and lines inside quotes."""
    content = 'user_id,product_id\n\n"an\nna",p1\nbo,p1\n,p1\n"c"d,p1\neve,p1\n'
    read_by_line = {each.line: each for each in entries(tmp_path, content)}
    assert {3, 5, 6, 7, 8} == read_by_line.keys()
    assert {5, 8} == {line for line, each in read_by_line.items() if isinstance(each, Row)}
    assert RejectedRow(7, "it is not CSV: ',' expected after '\"'") == read_by_line[7]


def entries(folder: Path, content: str) -> list[Row[WishedItem] | RejectedRow]:
    """Read wishes from CSV."""
    file = folder / "wishes.csv"
    file.write_text(content)
    return list(read_rows(file, WishedItem))


@pytest.mark.parametrize(
    "content",
    [
        "user_id,product_id\nbüro,p1\n".encode("utf-8-sig"),
        "User_ID, product_id ,,\r\nbüro , p1,,\r\n,,,\r\n".encode(),
        '"product_id","user_id"\n"p1","büro"'.encode(),
    ],
    ids=["byte-order mark", "a spreadsheet's rest", "quotes, no last line end"],
)
def test_what_spreadsheets_write_is_read(content: bytes, tmp_path: Path) -> None:
    """Each of these is the same wish."""
    assert [WishedItem(user_id="büro", product_id="p1")] == read(tmp_path, content, WishedItem)


def test_a_line_that_is_not_utf_8_is_bad_and_the_others_are_good(tmp_path: Path) -> None:
    """The cell is named in which it stands."""
    good, bad = read(tmp_path, "id,email,name\na,a@b.c,Ann\nb,b@b.c,Ren\xe9\n".encode("latin-1"))
    assert User(id="a", email="a@b.c", name="Ann") == good
    assert isinstance(bad, RejectedRow)
    assert "name: 'Ren\\udce9' is not accepted: text in UTF-8; save the file as UTF-8" == bad.problem


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("", "lacks id, email; columns, separated by commas, are id, email, name"),
        ("id;email", "lacks id, email and has the unknown 'id;email'"),
        ("id,email,sales_alerts", "has the unknown 'sales_alerts'"),
        ("id,email,ID", "repeats id"),
        ('"id"x,email', "',' expected after '\"'"),
    ],
)
def test_a_header_is_refused_whole(tmp_path: Path, header: str, said: str) -> None:
    """A mistyped column would be left out of every row."""
    with pytest.raises(FileUnreadable, match=r"shop\.csv:1: ") as refused:
        read(tmp_path, f"{header}\na,a@b.c,x\n")
    assert said in str(refused.value)


def test_json_has_the_same_fields(tmp_path: Path) -> None:
    """The word null counts as left out; numbers and booleans are JSON's own."""
    content = (
        '[{"id": "p1", "name": "Lamp", "url": "https://a.b/c", "currency": "EUR",\n "price_cents": 9900,'
    )
    content += ' "sale_price_cents": null, "stock": 3}]'
    assert [
        Product(id="p1", name="Lamp", url="https://a.b/c", currency="EUR", price_cents=9_900, stock=3)
    ] == read(tmp_path, content, Product, "shop.JSON")
    assert [] == read(tmp_path, "\ufeff [ ]\n", Product, "empty.json")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("17", "17 is not accepted: an object with user_id, product_id"),
        ('{"user_id": "a"}', "product_id: is missing"),
        ('{"user_id": 7, "product_id": "p"}', "user_id: 7 is not accepted: a text of 1 to 200 characters"),
        ('{"user_id": "\\ud800", "product_id": "p"}', "user_id: '\\ud800' is not accepted: text in UTF-8"),
        ('{"user_id": "a", "product_id": "p", "price": 1}', "'price': is no field; fields are user_id,"),
        (
            '{"user_id": "a", "product_id": "p", "price_when_added_cents": 1.5}',
            "price_when_added_cents: 1.5 is not accepted: a whole number of minor units",
        ),
        (
            '{"user_id": "a", "product_id": "p", "price_when_added_cents": true}',
            "price_when_added_cents: True is not accepted: a whole number of minor units",
        ),
        (
            '{"user_id": "a", "product_id": "p", "added_at": 1767225600}',
            "added_at: 1767225600 is not accepted: a time with its zone",
        ),
    ],
)
def test_a_bad_entry_of_json_is_named_with_its_line(tmp_path: Path, entry: str, said: str) -> None:
    """The line where it begins."""
    good = '{"user_id": "good", "product_id": "p"}'
    first, bad, last = read(tmp_path, f"[{good},\n\n{entry}, {good}]", WishedItem, "wishes.json")
    assert WishedItem(user_id="good", product_id="p") == first == last
    assert isinstance(bad, RejectedRow)
    assert 3 == bad.line
    assert bad.name.startswith("entry 2")
    assert said in bad.problem


def test_an_entry_of_json_is_named_by_its_number_and_ids(tmp_path: Path) -> None:
    """A JSON file may be all on one line. A good one too: storing may still refuse it."""
    file = tmp_path / "wishes.json"
    file.write_text('[17, {"user_id": "anna", "product_id": "lamp-1"}, {"product_id": "lamp-2"}]')
    names = [each.name for each in read_rows(file, WishedItem)]
    assert ["entry 1", "entry 2 (anna, lamp-1)", "entry 3 (lamp-2)"] == names


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1 is not JSON: a list of objects"),
        (b'\n{"user_id": "a"}', "line 2 is not accepted: it is an object: a list of objects"),
        (b'"users"', "line 1 is not accepted: it is a text: a list of objects"),
        (b"7.5", "line 1 is not accepted: it is a number: a list of objects"),
        (b'{"user_id": "a"', "line 1 is not JSON: a list of objects"),
        (b'[\n{"user_id": "a" "b"}]', "line 2 is not JSON: Expecting ',' delimiter"),
        (b"[\n1 2]", "line 2 is not JSON: a comma or ] is missing"),
        (b"[1,\n\n", "line 3 is not JSON: Expecting value"),
        (b"[1,]", "line 1 is not JSON: Expecting value"),
        (b"[1] 2", "line 1 is not JSON: something comes after the list"),
        (b"[1,\n" + b"9" * 5000 + b"]", "line 2 is not JSON: Exceeds the limit"),
        (b"[" * 100_000, "line 1 is not JSON: "),
        (b'["\n\xe9"]', "line 2 is not JSON: it is not UTF-8: save the file as UTF-8"),
    ],
)
def test_what_is_no_json_list_is_refused_with_the_line(tmp_path: Path, content: bytes, said: str) -> None:
    """From the place where it breaks off nothing can be read."""
    with pytest.raises(FileUnreadable) as refused:
        read(tmp_path, content, WishedItem, "wishes.json")
    assert f"{tmp_path / 'wishes.json'}: {said}" in str(refused.value)


@pytest.mark.parametrize(("name", "said"), [("wishes.xlsx", "it ends in .csv or .json"), ("", "ends in")])
def test_another_kind_of_file_is_refused(tmp_path: Path, name: str, said: str) -> None:
    """By its name."""
    with pytest.raises(FileUnreadable, match=said):
        list(read_rows(tmp_path / name, WishedItem))


@pytest.mark.parametrize("name", ["none.csv", "none.json"])
def test_a_file_that_is_not_there_is_said_once(tmp_path: Path, name: str) -> None:
    """With the name that was given."""
    with pytest.raises(FileUnreadable) as refused:
        list(read_rows(tmp_path / name, WishedItem))
    assert f"{tmp_path / name}: No such file or directory" == str(refused.value)
