"""Files of any message are loaded page by page: what is stored, what is refused, and what is said of both."""

from collections.abc import Sequence
from pathlib import Path

from mainspring.client.imports import Imported, Key, Refused, RejectedRow, import_file
from mainspring.contracts.message import Message


class Toy(Message):
    """A message that nobody has imported before."""

    id: str
    size: int


class Shelf:
    """Keeps toys, but none that are called as one of `unwanted`."""

    def __init__(self, *unwanted: str) -> None:
        self.unwanted = unwanted
        self.pages: list[Sequence[Toy]] = []

    async def store(self, toys: Sequence[Toy]) -> Refused:
        """Keep a page."""
        self.pages.append(toys)
        return {key(each): "id: is not wanted" for each in toys if each.id in self.unwanted}


def key(toy: Toy) -> Key:
    return (toy.id,)


async def loaded(shelf: Shelf, folder: Path, content: str, name: str = "toys.csv") -> Imported:
    """Load a file with this content."""
    file = folder / name
    file.write_text(content)
    return await import_file(file, Toy, shelf.store, key)


async def test_good_rows_are_stored_and_bad_ones_are_given_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Whether a row is no toy, or the shelf refuses it."""
    imported = await loaded(Shelf("car"), tmp_path, "id,size\nbear,3\ncar,5\ndoll,big\n")
    assert (1, 2, None) == (imported.loaded, imported.bad, imported.broken_off)
    first, second = imported.rejected
    assert RejectedRow(3, "id: is not wanted") == first
    assert (4, True) == (second.line, second.problem.startswith("size: 'big' is not accepted"))


async def test_a_long_file_is_stored_a_thousand_rows_at_a_time(tmp_path: Path) -> None:
    """Each page in one call, and a page without a good row in none."""
    shelf = Shelf()
    bad, good = "{}\n" * 1_000, "".join(f'{{"id": "{number}", "size": 1}}\n' for number in range(1_001))
    imported = await loaded(shelf, tmp_path, bad + good, "toys.jsonl")
    assert (1_001, 1_000) == (imported.loaded, imported.bad)
    assert [1_000, 1] == [len(page) for page in shelf.pages]


async def test_of_very_many_bad_rows_a_thousand_are_kept_and_all_are_told(tmp_path: Path) -> None:
    """The result of a hopeless file has to fit into an answer."""
    file = tmp_path / "toys.jsonl"
    file.write_text("{}\n" * 1_500)
    told: list[RejectedRow] = []
    imported = await import_file(file, Toy, Shelf().store, key, on_rejected=told.append)
    assert (1_500, 1_000, 1_500) == (imported.bad, len(imported.rejected), len(told))


async def test_a_file_that_breaks_off_keeps_the_pages_before(tmp_path: Path) -> None:
    """And says where it breaks off, instead of raising: a caller has the counts as well."""
    shelf = Shelf()
    rows = ",".join(f'{{"id": "{number}", "size": 1}}' for number in range(1_000))
    imported = await loaded(shelf, tmp_path, f"[{rows},\n oops]", "toys.json")
    assert 1_000 == imported.loaded == len(shelf.pages[0])
    assert f"{tmp_path / 'toys.json'}: line 2 is not JSON: Expecting value" == imported.broken_off


async def test_a_file_of_another_kind_loads_nothing(tmp_path: Path) -> None:
    imported = await loaded(Shelf(), tmp_path, "id,size\nbear,3\n", "toys.xlsx")
    assert imported.broken_off is not None
    assert "it ends in .csv or .json, or in .jsonl" in imported.broken_off
    assert 0 == imported.loaded + imported.bad
