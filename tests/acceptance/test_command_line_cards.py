"""`mainspring cards`: accounts, and importing inventories."""

from pathlib import Path

import pytest

from tests.acceptance.command_line import CommandLine

INVENTORY = """\
reference,variant_id,quantity,name
box-1,card-a,2,A card
box-1,card-b,0,
,card-c,1,
box-2,card-d,many,
box-2,card-e,3
"""


def written(folder: Path, content: bytes) -> str:
    """Write an inventory file and return its path."""
    file = folder / "inventory.csv"
    file.write_bytes(content)
    return str(file)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """Give a command line whose service has the one account "Shop"."""
    command_line = CommandLine(tmp_path_factory.mktemp("shop") / "var")
    command_line.succeed("db", "upgrade")
    command_line.succeed("cards", "add-account", "Shop", "--plan", "Starter", "--anchor-day", "15")
    return command_line


def test_good_rows_are_loaded_and_bad_ones_reported_by_line(shop: CommandLine, tmp_path: Path) -> None:
    """The header is line 1, as an editor counts; the same file again changes nothing and says the same."""
    file = written(tmp_path, INVENTORY.encode("utf-8-sig"))  # with Excel's byte-order mark
    first, again = (shop.run("cards", "import", file, "--account", "Shop") for _ in range(2))
    assert (2, "3 rows loaded, 2 bad\n") == (first.code, first.out)
    assert [
        f"{file}:4: reference: is missing",
        f"{file}:5: quantity: 'many' is not accepted: a whole number from 0 to 2147483647",
    ] == first.err.splitlines()
    assert first == again


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"reference,variant,quantity\nbox,card,1\n", "variant_id; columns, separated by commas, are"),
        (b"", "reference, variant_id, quantity; columns, separated by commas, are"),
    ],
)
def test_a_file_that_cannot_be_read_loads_nothing(
    content: bytes, complaint: str, shop: CommandLine, tmp_path: Path
) -> None:
    """The message names the file and what is wrong with it."""
    file = written(tmp_path, content)
    done = shop.run("cards", "import", file, "--account", "Shop")
    assert (2, "") == (done.code, done.out)
    assert done.err.startswith(f"error: {file}:1: the header lacks ")
    assert complaint in done.err


def test_a_missing_file_and_an_unknown_account_are_named(command_line: CommandLine, tmp_path: Path) -> None:
    """Nothing is loaded for nobody."""
    missing = command_line.run("cards", "import", str(tmp_path / "none.csv"), "--account", "Shop")
    assert (2, True) == (missing.code, f"{tmp_path / 'none.csv'}: " in missing.err)
    file = written(tmp_path, INVENTORY.encode())
    unknown = command_line.run("cards", "import", file, "--account", "Shop")
    assert (2, "error: account 'Shop': There is no such account.\n") == (unknown.code, unknown.err)


def listed(shop: CommandLine, name: str) -> list[str]:
    """Return what the list of accounts says of one, without its id."""
    rows = [line.split() for line in shop.succeed("cards", "accounts").splitlines()[1:]]
    return next([row[0], *row[2:]] for row in rows if row[0] == name)


def test_a_new_plan_keeps_the_day_on_which_the_quota_renews(shop: CommandLine) -> None:
    """Unless another day is given."""
    shop.succeed("cards", "add-account", "Renewed", "--plan", "Starter", "--anchor-day", "15")
    said = shop.succeed("cards", "set-plan", "Renewed", "Enterprise")
    assert "Renewed: Enterprise, 0 active tasks told" == said
    assert ["Renewed", "Enterprise", "15", "default"] == listed(shop, "Renewed")
    shop.succeed("cards", "set-plan", "Renewed", "Starter", "--anchor-day", "8")
    assert ["Renewed", "Starter", "8", "default"] == listed(shop, "Renewed")


def test_a_key_is_read_from_standard_input_and_never_shown(shop: CommandLine) -> None:
    """An empty line takes it away again."""
    shop.succeed("cards", "add-account", "Keyed", "--plan", "Starter")
    given = shop.succeed("cards", "set-key", "Keyed", given="tcg_secret\n")
    assert "Keyed: own key, 0 active tasks told" == given
    assert "own" == listed(shop, "Keyed")[-1]
    assert "Keyed: default key, 0 active tasks told" == shop.succeed("cards", "set-key", "Keyed", given="\n")
    assert "default" == listed(shop, "Keyed")[-1]


def test_games_and_sets_are_tracked_and_untracked_by_any_id(shop: CommandLine) -> None:
    """What looks like markup is printed as it is; an id that no game can have is refused with its name."""
    shop.succeed("cards", "add-account", "Collector")
    given = ("--game", "[/x]", "--set", "[red]")
    assert "Collector: tracks [/x], [red]" == shop.succeed("cards", "track", "Collector", *given)
    assert not shop.succeed("cards", "untrack", "Collector", *given)
    assert "Collector: tracks nothing new" == shop.succeed("cards", "track", "Collector")
    for wrong in ("x" * 201, " "):
        done = shop.run("cards", "track", "Collector", "--set", wrong)
        assert (2, "") == (done.code, done.out)
        assert f"error: set: {wrong[:20]!r} is not accepted: 1 to 200 characters" in done.err


def test_an_account_is_added_once_on_a_plan_that_exists(shop: CommandLine) -> None:
    """The name is taken; an unknown plan lists the known ones; a day is a day of the month."""
    again = shop.run("cards", "add-account", "Shop")
    assert (2, "error: account 'Shop': An account of this name exists already.\n") == (again.code, again.err)
    plan = shop.run("cards", "add-account", "Other", "--plan", "Gratis")
    assert (2, True) == (
        plan.code,
        "plan: no plan is called 'Gratis'; known are Free Tier, Starter," in plan.err,
    )
    day = shop.run("cards", "add-account", "Other", "--anchor-day", "32")
    assert (2, True) == (day.code, "anchor_day: 32 is not accepted: a day of the month, 1 to 31" in day.err)
    assert ["Shop", "Starter", "15", "default"] == listed(shop, "Shop")
