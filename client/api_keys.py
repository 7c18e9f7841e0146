"""The keys of the HTTP API: making, listing, rotating and revoking them, and knowing one that is shown.

A key reads `ms_PREFIX_SECRET`. Its secret has 256 random bits and is kept nowhere: the database has an HMAC
of it, by a key that is derived from the installation's sealing key.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from mainspring.client.errors import BadInput
from mainspring.client.references import resolved_id
from mainspring.client.validation import shown
from mainspring.client.workspaces import checked_workspace
from mainspring.contracts.api_keys import ApiKey, Role
from mainspring.contracts.text import printable
from mainspring.gateways.clock import Clock
from mainspring.storage.api_keys import ApiKeyRepository, Digest, PresentedKeys
from mainspring.storage.database import Database, Session
from mainspring.storage.errors import ApiKeyUnknown

SECRET_BYTES = 32
PREFIX_BYTES = 5  # eight characters of base 32
KEY = re.compile(r"ms_([a-z2-7]{8})_([A-Za-z0-9_-]{43})")

# What is derived with this from a sealing key is no use for what that key itself is for.
FOR_API_KEYS = b"mainspring api keys 1"

LONGEST_NAME = 100
LONGEST_LIST = 1_000

# The use of a key is noted at most so often: a write for each call would cost more than most calls.
NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class MadeKey:
    """A new key with its text, which is not shown again."""

    key: ApiKey
    text: str


class ApiKeys:
    """The keys of one workspace, or with `workspace=None` those of the platform."""

    def __init__(
        self,
        database: Database,
        sealing_keys: Callable[[], Sequence[bytes]],
        clock: Clock,
        *,
        workspace: str | None,
    ) -> None:
        self._workspace = None if workspace is None else checked_workspace(workspace)
        self._database = database
        self._sealing_keys = sealing_keys
        self._clock = clock

    async def create(self, name: str, role: Role, *, expires_in: timedelta | None = None) -> MadeKey:
        """Make a key; its text is in the result and nowhere else.

        Raises BadInput: when the name is empty, long or not printable, or the key would have expired.
        """
        if not 1 <= len(name) <= LONGEST_NAME or name != name.strip() or printable(name) != name:
            raise BadInput(
                f"name: {shown(name)} is not accepted: 1 to {LONGEST_NAME} printable characters, without "
                "blanks at the ends"
            )
        if expires_in is not None and expires_in <= timedelta():
            raise BadInput(f"expires_in: {shown(str(expires_in))} is not accepted: a time from now on")
        now = self._clock.now()
        made = _new_key(name, self._workspace, role, now, None if expires_in is None else now + expires_in)
        await self._add(made)
        return made

    async def all(self, *, after: UUID | None = None, limit: int = LONGEST_LIST) -> list[ApiKey]:
        """Return a page of keys, the newest first, also those that were revoked.

        `after` is the id of the last key of the page above.

        Raises ApiKeyUnknown: when `after` is no key.
        """

        async def look(session: Session) -> list[ApiKey]:
            keys = ApiKeyRepository(session, self._workspace)
            last = None if after is None else await keys.get(after)
            return await keys.all(before=None if last is None else (last.created_at, last.id), limit=limit)

        return await self._database.read(look)

    async def find(self, reference: str) -> ApiKey:
        """Return the key whose id is this or begins so.

        Raises ApiKeyUnknown: when there is none.
        Raises BadInput: when several begin so.
        """
        found = await resolved_id(
            reference,
            lambda prefix: self._database.read(
                lambda session: ApiKeyRepository(session, self._workspace).id_starting_with(prefix)
            ),
            unknown=ApiKeyUnknown,
            ambiguous=lambda prefix: BadInput(f"key {prefix!r}: several have ids that begin so"),
        )
        return await self._database.read(
            lambda session: ApiKeyRepository(session, self._workspace).get(found)
        )

    async def revoke(self, reference: str) -> ApiKey:
        """Let a key open nothing any more, from the next call on and on open streams; return the key."""
        key = await self.find(reference)
        return await self._database.transact(
            lambda session: ApiKeyRepository(session, self._workspace).revoke(key.id, now=self._clock.now())
        )

    async def create_temporary(self, name: str, role: Role, lasts: timedelta) -> MadeKey:
        """Make a key that expires, as `create` does; those of the name that have expired are removed."""
        await self._database.transact(
            lambda session: ApiKeyRepository(session, self._workspace).remove_expired(
                name, now=self._clock.now()
            )
        )
        return await self.create(name, role, expires_in=lasts)

    async def remove(self, key_id: UUID) -> None:
        """Let a key open nothing any more, and forget that it was there."""
        await self._database.transact(
            lambda session: ApiKeyRepository(session, self._workspace).remove(key_id)
        )

    async def renew(self, key_id: UUID, lasts: timedelta) -> None:
        """Let a key that expires hold for so long from now, unless it was revoked or holds for longer."""
        until = self._clock.now() + lasts
        await self._database.transact(
            lambda session: ApiKeyRepository(session, self._workspace).renew(key_id, until)
        )

    async def rotate(self, reference: str, *, overlap: timedelta = timedelta()) -> MadeKey:
        """Make a key of the same name, role and workspace; the former one holds for `overlap` more.

        Raises BadInput: when the key has expired or was revoked.
        """
        former, now = await self.find(reference), self._clock.now()
        if not former.is_valid(now):
            raise BadInput(f"key {former.prefix} has ended: make a new one")
        lifetime = None if former.expires_at is None else former.expires_at - former.created_at
        expires_at = None if lifetime is None else now + lifetime
        made = _new_key(former.name, self._workspace, former.role, now, expires_at)
        await self._add(made)
        await self._database.transact(
            lambda session: ApiKeyRepository(session, self._workspace).expire(former.id, now + overlap)
        )
        return made

    async def _add(self, made: MadeKey) -> None:
        digest = digest_of(made.text, self._sealing_keys()[0])
        await self._database.transact(
            lambda session: ApiKeyRepository(session, self._workspace).add(made.key, digest)
        )


class KeyRing:
    """Knows the keys that callers show, of all workspaces. The database is asked at each call."""

    def __init__(self, database: Database, sealing_keys: Callable[[], Sequence[bytes]], clock: Clock) -> None:
        self._database = database
        self._sealing_keys = sealing_keys
        self._clock = clock

    async def opened_by(self, text: str) -> ApiKey | None:
        """Return the valid key of this text; None for any other text."""
        parts = KEY.fullmatch(text)
        if parts is None:
            return None
        found = await self._database.ask(lambda session: PresentedKeys(session).with_prefix(parts[1]))
        if found is None:
            return None
        (key, digest), now = found, self._clock.now()
        if not self._is_secret_of(text, digest) or not key.is_valid(now):
            return None
        if key.last_used_at is None or now - key.last_used_at >= NOTED_EVERY:
            newest = digest_of(text, self._sealing_keys()[0])
            await self._database.transact(
                lambda session: PresentedKeys(session).note_use(key.id, newest, now=now)
            )
        return key

    async def valid(self, key_ids: Collection[UUID]) -> set[UUID]:
        """Return those of the keys that still open anything."""
        return await self._database.read(
            lambda session: PresentedKeys(session).valid(key_ids, now=self._clock.now())
        )

    def _is_secret_of(self, text: str, digest: Digest) -> bool:
        # Each comparison takes the same time wherever the digests differ.
        return any(
            name_of(key) == digest.sealing_key
            and hmac.compare_digest(digest_of(text, key).value, digest.value)
            for key in self._sealing_keys()
        )


def digest_of(text: str, sealing_key: bytes) -> Digest:
    """Return what the database keeps of a key."""
    derived = hmac.digest(sealing_key, FOR_API_KEYS, "sha256")
    return Digest(hmac.digest(derived, text.encode(), "sha256"), name_of(sealing_key))


def name_of(sealing_key: bytes) -> str:
    """Return a name of a sealing key that says nothing of it."""
    return hashlib.sha256(FOR_API_KEYS + sealing_key).hexdigest()[:16]


def _new_key(
    name: str, workspace: str | None, role: Role, now: datetime, expires_at: datetime | None
) -> MadeKey:
    prefix = base64.b32encode(secrets.token_bytes(PREFIX_BYTES)).decode().lower()
    key = ApiKey(
        id=uuid4(),
        name=name,
        workspace=workspace,
        role=role,
        prefix=prefix,
        created_at=now,
        expires_at=expires_at,
    )
    return MadeKey(key, f"ms_{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}")
