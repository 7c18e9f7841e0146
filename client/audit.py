"""The audit log: who has changed what over the HTTP API, and which keys were made or revoked."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import structlog
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from mainspring.client.errors import BadInput
from mainspring.client.validation import shown
from mainspring.client.workspaces import checked_workspace
from mainspring.contracts.audit import AuditEntry, AuditFilter, NewAuditEntry
from mainspring.gateways.clock import Clock
from mainspring.storage.audit import INSTALLATION, AuditLog
from mainspring.storage.database import Database, Session

log = structlog.get_logger(__name__)

# How a thing was or is. What is written of it has no payloads and no secrets.
Snapshot = Mapping[str, Any] | BaseModel | None


class Audit:
    """The audit log of one workspace, or with `workspace=None` that of what is the installation's."""

    def __init__(self, database: Database, clock: Clock, *, workspace: str | None) -> None:
        self._workspace = INSTALLATION if workspace is None else checked_workspace(workspace)
        self._database = database
        self._clock = clock

    async def note(
        self,
        actor: str,
        action: str,
        subject: str,
        *,
        request_id: str | None = None,
        before: Snapshot = None,
        after: Snapshot = None,
    ) -> None:
        """Note a change that was made, as `new_entry` says it.

        The change stands whatever becomes of its entry: an entry that cannot be written is an error in the
        log, with all that the entry would have said.
        """
        entry = new_entry(actor, action, subject, request_id=request_id, before=before, after=after)
        now = self._clock.now()
        try:
            await self._database.transact(
                lambda session: AuditLog(session, self._workspace).add([entry], now=now)
            )
        except Exception:  # whatever it is, the caller's change was made, and the log has the entry
            log.exception("audit entry not written", workspace=self._workspace, **dict(entry))

    async def find(
        self, chosen: AuditFilter | None = None, *, after: UUID | None = None, limit: int = 50
    ) -> list[AuditEntry]:
        """Return entries, the newest first; `after` is the id of the last one of the page above.

        Raises BadInput: when `after` is no entry of this log.
        """

        async def look(session: Session) -> list[AuditEntry]:
            audit_log = AuditLog(session, self._workspace)
            cursor = None if after is None else await audit_log.cursor(after)
            if after is not None and cursor is None:
                raise BadInput(f"after: {shown(str(after))} is not accepted: the id of an entry of this log")
            return await audit_log.find(chosen, before=cursor, limit=limit)

        return await self._database.read(look)


def new_entry(
    actor: str,
    action: str,
    subject: str,
    *,
    request_id: str | None = None,
    before: Snapshot = None,
    after: Snapshot = None,
) -> NewAuditEntry:
    """Return the entry of a change. Of two snapshots, what is alike in both is left out."""
    was, now_is = _differing(_json(before), _json(after))
    return NewAuditEntry(
        actor=actor, action=action, subject=subject, request_id=request_id, before=was, after=now_is
    )


def _json(snapshot: Snapshot) -> dict[str, Any] | None:
    found: dict[str, Any] | None = to_jsonable_python(snapshot)
    return found


def _differing(
    before: dict[str, Any] | None, after: dict[str, Any] | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    if before is None or after is None:
        return before, after
    names = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
    return _of(before, names), _of(after, names)


def _of(snapshot: dict[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: value for name, value in snapshot.items() if name in names}
