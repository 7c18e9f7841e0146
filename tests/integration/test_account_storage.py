"""Accounts and their keys, on both databases."""

from pathlib import Path

import pytest
from sqlalchemy import select

from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.storage.cards import AccountRepository
from mainspring.storage.database import Database, Session
from mainspring.storage.errors import AccountExists, AccountUnknown, SecretUnreadable
from mainspring.storage.secrets import SecretBox
from mainspring.storage.tables import AccountRow
from tests.accounts import BOX, account

API_KEY = "tcg_a-key-that-nobody-may-read"


async def test_a_key_can_be_read_back_only_with_the_encryption_key(database: Database) -> None:
    """In the database it is not readable; under another key, or in another's row, it is refused clearly."""
    one, two = await account(database, "one", API_KEY), await account(database, "two", API_KEY)

    async def read(box: SecretBox) -> str | None:
        return await database.read(lambda session: AccountRepository(session).api_key(one.id, box))

    async def sealed(session: Session) -> list[bytes | None]:
        return list(await session.scalars(select(AccountRow.api_key_encrypted).order_by(AccountRow.name)))

    stored = await database.read(sealed)
    assert API_KEY == await read(BOX)
    assert one.has_own_key
    assert all(each is not None and API_KEY.encode() not in each for each in stored)
    assert stored[0] != stored[1]
    with pytest.raises(SecretUnreadable, match="MAINSPRING_ENCRYPTION_KEY"):
        await read(SecretBox(bytes(31) + b"1"))
    with pytest.raises(SecretUnreadable):
        BOX.open(stored[0] or b"", owner=str(two.id))


def contents(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("mainspring.db*"))


async def test_a_key_is_nowhere_in_the_file(sqlite_database: Database, tmp_path: Path) -> None:
    """Whoever copies the database has not got the keys."""
    await account(sqlite_database, "one", API_KEY)
    await sqlite_database.dispose()

    assert b"Free Tier" in contents(tmp_path)
    assert API_KEY.encode() not in contents(tmp_path)


async def test_accounts_are_told_apart_by_their_names(database: Database) -> None:
    """A taken name and an unknown account are errors that say so."""
    one = await account(database)

    with pytest.raises(AccountExists, match="'shop'"):
        await account(database)
    with pytest.raises(AccountUnknown, match="'elsewhere'"):
        await database.read(lambda session: AccountRepository(session).named(DEFAULT_WORKSPACE, "elsewhere"))
    assert one == await database.read(
        lambda session: AccountRepository(session).named(DEFAULT_WORKSPACE, "shop")
    )
