"""The audit log of the key's workspace over HTTP. It takes an admin's key."""

from uuid import UUID

from mainspring.client.remote.calls import Calls
from mainspring.contracts.audit import AuditEntry, AuditFilter


class RemoteAudit:
    """As `client.audit.Audit`, over HTTP, for looking."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def find(
        self, chosen: AuditFilter | None = None, *, after: UUID | None = None, limit: int = 50
    ) -> list[AuditEntry]:
        """Return entries, the newest first; `after` is the id of the last one of the page above.

        Raises BadInput: when `after` is no entry of this log.
        """
        params = (chosen or AuditFilter()).model_dump(mode="json", exclude_defaults=True)
        last = None if after is None else str(after)
        found = await self._calls.page("/v1/audit", limit=limit, after=last, **params)
        return [AuditEntry.restore(each) for each in found]
