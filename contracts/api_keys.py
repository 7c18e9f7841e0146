"""The keys that callers of the HTTP API show, and what each role may do."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from mainspring.contracts.message import Message


class Role(StrEnum):
    """What a key may do. Each role may do what those above it may."""

    OBSERVER = "observer"
    """Looks, and sees no payloads: no inputs, no results, no texts of errors."""
    VIEWER = "viewer"
    """Looks."""
    OPERATOR = "operator"
    """Starts, cancels, retries, replays and decides."""
    ADMIN = "admin"
    """Makes and revokes keys, adds webhooks, and reads the audit log."""

    def covers(self, other: "Role") -> bool:
        """Whether this role may do what the other one may."""
        return ROLES.index(self) >= ROLES.index(other)


ROLES = tuple(Role)


class ApiKey(Message):
    """A key as lists show it. Without a workspace it is the platform's: it may work in every workspace."""

    id: UUID
    name: str
    workspace: str | None
    role: Role
    prefix: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_valid(self, now: datetime) -> bool:
        """Whether the key opens anything at this time."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
