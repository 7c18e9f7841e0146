"""Keys of the HTTP API: what opens what, and what the database keeps of them."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from mainspring.client.api_keys import ApiKeys, KeyRing
from mainspring.client.encryption import Encryption
from mainspring.client.errors import BadInput
from mainspring.config.secrets import sealing_keys
from mainspring.config.settings import Settings
from mainspring.contracts.api_keys import Role
from mainspring.storage.database import Database
from mainspring.storage.errors import ApiKeyUnknown
from mainspring.storage.tables import ApiKeyRow
from mainspring.testing.shifted_clock import ShiftedClock


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings whose sealing key is made when first needed."""
    return Settings(state_dir=tmp_path)


def keys_of(
    database: Database, settings: Settings, clock: ShiftedClock, workspace: str | None = "a"
) -> ApiKeys:
    """Return the keys of a workspace."""
    return ApiKeys(database, lambda: sealing_keys(settings), clock, workspace=workspace)


def ring_of(database: Database, settings: Settings, clock: ShiftedClock) -> KeyRing:
    """Return what knows all keys."""
    return KeyRing(database, lambda: sealing_keys(settings), clock)


async def test_a_key_opens_its_workspace_until_it_is_revoked(
    database: Database, settings: Settings, clock: ShiftedClock
) -> None:
    """The text of the key is shown once, and no column has it."""
    keys, ring = keys_of(database, settings, clock), ring_of(database, settings, clock)
    made = await keys.create("shop", Role.OPERATOR)
    platform = await keys_of(database, settings, clock, None).create("ops", Role.ADMIN)

    opened = await ring.opened_by(made.text)
    assert opened is not None
    assert ("shop", "a", Role.OPERATOR) == (opened.name, opened.workspace, opened.role)
    of_platform = await ring.opened_by(platform.text)
    assert of_platform is not None
    assert of_platform.workspace is None
    assert [made.key.id] == [key.id for key in await keys.all()]
    async with database.session() as session:
        (row, _) = await session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.name.desc()))
    secret = made.text.rsplit("_", 1)[1]
    assert not any(secret in str(value) for value in vars(row).values())

    await keys.revoke(str(made.key.id))
    assert await ring.opened_by(made.text) is None
    assert {platform.key.id} == await ring.valid([made.key.id, platform.key.id])


@pytest.mark.parametrize("text", ["", "ms_", "Bearer", "ms_aaaaaaaa_" + "x" * 43, "ms_aaaaaaaa_" + "é" * 43])
async def test_no_other_text_opens_anything(
    sqlite_database: Database, settings: Settings, clock: ShiftedClock, text: str
) -> None:
    """Neither does the prefix of a key with another secret."""
    made = await keys_of(sqlite_database, settings, clock).create("shop", Role.VIEWER)
    ring = ring_of(sqlite_database, settings, clock)
    assert await ring.opened_by(text) is None
    assert await ring.opened_by(made.text[:-1] + ("A" if made.text[-1] != "A" else "B")) is None


async def test_a_key_expires_and_is_rotated(
    database: Database, settings: Settings, clock: ShiftedClock
) -> None:
    """A rotated key has as long as its predecessor had, which holds for the overlap."""
    keys, ring = keys_of(database, settings, clock), ring_of(database, settings, clock)
    first = await keys.create("shop", Role.VIEWER, expires_in=timedelta(days=90))
    second = await keys.rotate(str(first.key.id), overlap=timedelta(hours=1))

    assert await ring.opened_by(first.text) is not None
    clock.advance(timedelta(hours=1))
    assert await ring.opened_by(first.text) is None
    assert await ring.opened_by(second.text) is not None
    assert (first.key.name, first.key.role) == (second.key.name, second.key.role)
    with pytest.raises(BadInput, match="has ended"):
        await keys.rotate(str(first.key.id))

    clock.advance(timedelta(days=90))
    assert await ring.opened_by(second.text) is None


async def test_the_keys_of_another_workspace_are_not_found(
    database: Database, settings: Settings, clock: ShiftedClock
) -> None:
    """A workspace neither lists nor revokes what another one has, nor what the platform has."""
    made = await keys_of(database, settings, clock, "a").create("shop", Role.VIEWER)
    for other in ("b", None):
        foreign = keys_of(database, settings, clock, other)
        assert [] == await foreign.all()
        with pytest.raises(ApiKeyUnknown):
            await foreign.revoke(str(made.key.id))
    assert await ring_of(database, settings, clock).opened_by(made.text) is not None


async def test_a_key_outlives_the_rotation_of_the_sealing_key(
    sqlite_database: Database, settings: Settings, clock: ShiftedClock
) -> None:
    """Its use seals it anew; until then the former sealing key is not forgotten."""
    encryption = Encryption(sqlite_database, settings)
    keys, ring = keys_of(sqlite_database, settings, clock), ring_of(sqlite_database, settings, clock)
    made = await keys.create("shop", Role.VIEWER)
    await encryption.rotate()

    with pytest.raises(BadInput, match="1 keys of the HTTP API were not used since the rotation"):
        await encryption.forget()
    assert await ring.opened_by(made.text) is not None
    assert 1 == await encryption.forget()
    assert await ring.opened_by(made.text) is not None


@pytest.mark.parametrize("name", ["", " shop", "a" * 101, "a\x1b[0m"])
async def test_a_name_is_printable_and_short(
    sqlite_database: Database, settings: Settings, clock: ShiftedClock, name: str
) -> None:
    """The error names the field, the value and what is accepted."""
    with pytest.raises(BadInput, match=r"^name: .* is not accepted: 1 to 100 printable characters"):
        await keys_of(sqlite_database, settings, clock).create(name, Role.VIEWER)
