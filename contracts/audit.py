"""An entry of the audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from mainspring.contracts.message import Message


class NewAuditEntry(Message):
    """A change that a caller makes: who, what, and how the thing was before and after."""

    actor: str
    action: str
    subject: str
    request_id: str | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


class AuditEntry(NewAuditEntry):
    """A change that a caller has made, and when."""

    id: UUID
    at: datetime


class AuditFilter(Message):
    """Which entries are listed: those for which everything that is given here holds.

    `actor` is a part of one, such as the beginning of a key; `subject` is the beginning of one, as "task" is.
    `until` itself is left out.
    """

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
