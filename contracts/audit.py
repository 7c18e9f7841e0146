"""An entry of the audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from mainspring.contracts.message import Message


class AuditEntry(Message):
    """A change that a caller has made: who, what, and how the thing was before and after."""

    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    request_id: str | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
