"""Who has changed what, inside the caller's transaction."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, insert, select

from mainspring.contracts.audit import AuditEntry, AuditFilter, NewAuditEntry
from mainspring.storage.database import Session
from mainspring.storage.repository import Cursor, Repository, newest_first
from mainspring.storage.tables.api import AuditRow

# The name under which changes of what is the installation's are kept: that of no workspace.
INSTALLATION = ""


class AuditLog(Repository):
    """The audit log of a workspace, or that of the installation."""

    def __init__(self, session: Session, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace

    async def add(self, entries: Sequence[NewAuditEntry], *, now: datetime) -> None:
        """Note changes, if there are any."""
        rows = [dict(each) | {"id": uuid4(), "workspace": self._workspace, "at": now} for each in entries]
        if rows:
            await self._session.execute(insert(AuditRow), rows)

    async def cursor(self, entry_id: UUID) -> Cursor | None:
        """Return where the page below an entry begins; None when the workspace has no such entry."""
        row = await self._session.get(AuditRow, entry_id)
        return None if row is None or row.workspace != self._workspace else (row.at, row.id)

    async def find(
        self, chosen: AuditFilter | None = None, *, before: Cursor | None = None, limit: int
    ) -> list[AuditEntry]:
        """Return entries, the newest first."""
        query = select(AuditRow).where(
            AuditRow.workspace == self._workspace, *_conditions(chosen or AuditFilter())
        )
        page = newest_first(query, (AuditRow.at, AuditRow.id), before=before, limit=limit)
        return [
            AuditEntry.model_validate(row, from_attributes=True, extra="ignore")
            for row in await self._session.scalars(page)
        ]


def _conditions(chosen: AuditFilter) -> Iterator[ColumnElement[bool]]:
    if chosen.actor is not None:
        yield AuditRow.actor.contains(chosen.actor, autoescape=True)
    if chosen.action is not None:
        yield AuditRow.action == chosen.action
    if chosen.subject is not None:
        yield AuditRow.subject.startswith(chosen.subject, autoescape=True)
    if chosen.since is not None:
        yield AuditRow.at >= chosen.since
    if chosen.until is not None:
        yield AuditRow.at < chosen.until
