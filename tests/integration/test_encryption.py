"""The keys are apart, and can be rotated while everything stays readable."""

import asyncio
import base64
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from mainspring.client.encryption import Encryption
from mainspring.client.errors import BadInput
from mainspring.config.secrets import (
    SEALING_FILE,
    add_kept_key,
    forget_kept_keys,
    link_keys,
    sealing_keys,
    secret_box,
)
from mainspring.config.settings import Settings
from mainspring.domain.unsubscribe import (
    TokenRefused,
    UnsubscribeScope,
    Unsubscribing,
    make_token,
    read_token,
)
from mainspring.gateways.clock import SystemClock
from mainspring.storage.cards import AccountRepository
from mainspring.storage.database import Database
from mainspring.storage.errors import SecretUnreadable
from mainspring.storage.sealed_rows import SealedCount
from mainspring.storage.secrets import SecretBox

ASKED = Unsubscribing("u1", UnsubscribeScope.ALL)


def key(number: int) -> SecretStr:
    """Make a key for settings."""
    return SecretStr(base64.b64encode(bytes([number]) * 32).decode())


async def add_account(database: Database, box: SecretBox, api_key: str) -> UUID:
    """Store a secret."""
    added = await database.transact(
        lambda session: AccountRepository(session).add(
            uuid4().hex,
            workspace="default",
            plan="Starter",
            anchor_day=1,
            api_key=api_key,
            box=box,
            now=SystemClock().now(),
        )
    )
    return added.id


async def read(database: Database, box: SecretBox, account_id: UUID) -> str | None:
    """Open a secret."""
    return await database.read(lambda session: AccountRepository(session).api_key(account_id, box))


def test_keys_for_secrets_and_for_links_are_apart(tmp_path: Path) -> None:
    """Whoever learns one has not the other, wherever the keys come from."""
    for settings in (
        Settings(state_dir=tmp_path),
        Settings(state_dir=tmp_path, encryption_key=key(1)),
        Settings(state_dir=tmp_path, encryption_key=key(1), link_key=key(2)),
    ):
        assert link_keys(settings)[0] not in sealing_keys(settings)


def test_all_processes_have_the_same_key_for_links(tmp_path: Path) -> None:
    """A cluster that sets the key for secrets alone needs no shared folder for the other."""
    first, second = (
        Settings(state_dir=tmp_path / name, encryption_key=key(1)) for name in ("first", "second")
    )
    assert link_keys(first) == link_keys(second)


@pytest.mark.parametrize("is_set", [False, True])
def test_links_of_an_older_release_still_hold(tmp_path: Path, is_set: bool) -> None:
    """They were signed with the key for secrets."""
    settings = Settings(state_dir=tmp_path, encryption_key=key(1) if is_set else None)
    token = make_token(ASKED, sealing_keys(settings)[0])
    assert ASKED == read_token(token, *link_keys(settings))


async def test_a_rotation_seals_everything_anew(database: Database, tmp_path: Path) -> None:
    """What runs meanwhile finds the new key; once the former key is dropped, it opens nothing."""
    settings = Settings(state_dir=tmp_path)
    keys, running = Encryption(database, settings), secret_box(settings)
    first = await add_account(database, running, "one")
    former = sealing_keys(settings)[0]
    assert SealedCount(1, 0, 0) == await keys.rotate()
    assert former == sealing_keys(settings)[1]
    assert "one" == await read(database, running, first)
    with pytest.raises(SecretUnreadable):
        await read(database, SecretBox(former), first)
    second = await add_account(database, SecretBox(former), "two")
    assert SealedCount(1, 1, 0) == await keys.count()
    assert "two" == await read(database, running, second)
    assert 1 == await keys.forget()
    assert "two" == await read(database, secret_box(settings), second)
    assert 1 == len(sealing_keys(settings))


async def test_what_runs_during_a_rotation_seals_with_the_new_key(database: Database, tmp_path: Path) -> None:
    """Also when it has had nothing to open since: the former key may be forgotten by then."""
    settings = Settings(state_dir=tmp_path)
    keys, running = Encryption(database, settings), secret_box(settings)
    await keys.rotate()
    await keys.forget()
    account = await add_account(database, running, "one")
    assert "one" == await read(database, secret_box(settings), account)


def test_a_rotation_while_keys_are_forgotten_loses_no_key(tmp_path: Path) -> None:
    """What the newest key has sealed so far is not sealed anew yet when another key becomes the newest."""
    settings = Settings(state_dir=tmp_path)
    sealing_keys(settings)
    add_kept_key(tmp_path, SEALING_FILE)
    newest, former = sealing_keys(settings)
    add_kept_key(tmp_path, SEALING_FILE)
    assert 1 == forget_kept_keys(tmp_path, SEALING_FILE, [former])
    assert newest == sealing_keys(settings)[1]


async def test_a_key_that_still_seals_something_is_not_forgotten(database: Database, tmp_path: Path) -> None:
    """A secret that no key opens keeps all keys: one of them may be its own."""
    settings = Settings(state_dir=tmp_path)
    keys = Encryption(database, settings)
    await keys.rotate()
    await add_account(database, SecretBox(b"x" * 32), "lost")
    assert SealedCount(0, 0, 1) == await keys.reseal()
    with pytest.raises(BadInput, match="1 secrets"):
        await keys.forget()
    assert 2 == len(sealing_keys(settings))


async def test_keys_of_the_settings_are_rotated_there(database: Database, tmp_path: Path) -> None:
    """The former key is named beside the new one until everything is sealed anew."""
    account = await add_account(
        database, secret_box(Settings(state_dir=tmp_path, encryption_key=key(1))), "one"
    )
    settings = Settings(state_dir=tmp_path, encryption_key=key(2), former_encryption_keys=(key(1),))
    keys = Encryption(database, settings)
    for refused in (keys.rotate(), keys.forget()):
        with pytest.raises(BadInput, match="MAINSPRING_"):
            await refused
    assert SealedCount(1, 0, 0) == await keys.reseal()
    alone = secret_box(Settings(state_dir=tmp_path, encryption_key=key(2)))
    assert "one" == await read(database, alone, account)


async def test_links_hold_until_their_key_is_forgotten(database: Database, tmp_path: Path) -> None:
    """A mail may be read weeks after it was sent."""
    settings = Settings(state_dir=tmp_path)
    keys = Encryption(database, settings)
    token = make_token(ASKED, link_keys(settings)[0])
    keys.rotate_links()
    assert make_token(ASKED, link_keys(settings)[0]) != token
    assert ASKED == read_token(token, *link_keys(settings))
    assert 1 == keys.forget_links()
    with pytest.raises(TokenRefused):
        read_token(token, *link_keys(settings))
    named = Settings(state_dir=tmp_path, link_key=key(3), former_link_keys=(key(4),))
    assert ASKED == read_token(make_token(ASKED, bytes([4]) * 32), *link_keys(named))


async def test_counting_holds_and_waits_for_nothing(sqlite_database: Database, tmp_path: Path) -> None:
    """`encryption show` is for a look: beside a writer that holds the database it answers."""
    keys = Encryption(sqlite_database, Settings(state_dir=tmp_path))
    writer = Database(sqlite_database.url)
    try:
        async with writer.engine.connect() as holding, holding.begin():
            assert SealedCount() == await asyncio.wait_for(keys.count(), timeout=5)
    finally:
        await writer.dispose()
