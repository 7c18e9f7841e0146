"""What the audit log says of a start, in the transaction that accepts the task."""

from collections.abc import Callable, Sequence
from datetime import datetime

from mainspring.contracts.audit import NewAuditEntry
from mainspring.contracts.tasks import Enqueued
from mainspring.storage.audit import AuditLog

# Says what a start did, once it is known whether the task is new.
Note = Callable[[Enqueued], NewAuditEntry]


async def write_notes(
    audit_log: AuditLog, enqueued: Sequence[Enqueued], notes: Sequence[Note | None], *, now: datetime
) -> None:
    """Write the entries of the starts that have a note."""
    entries = [note(each) for each, note in zip(enqueued, notes, strict=True) if note is not None]
    await audit_log.add(entries, now=now)
