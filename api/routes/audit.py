"""The audit log: who has changed what."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from mainspring.api.callers import Admin
from mainspring.api.models import Limit, Moment, Page, Text
from mainspring.api.rows import page_of
from mainspring.contracts.audit import AuditEntry, AuditFilter

routes = APIRouter(prefix="/audit", tags=["audit"])


class Scope(StrEnum):
    """Whose audit log is read."""

    WORKSPACE = "workspace"
    INSTALLATION = "installation"


@routes.get("", operation_id="list_audit")
async def list_audit(
    who: Admin,
    *,
    scope: Annotated[
        Scope, Query(description="Of the workspace, or of what is the installation's.")
    ] = Scope.WORKSPACE,
    actor: Annotated[Text | None, Query(description="By whom, or a part of that.")] = None,
    action: Annotated[
        Text | None, Query(description="The id of an operation.", examples=["retry_task"])
    ] = None,
    subject: Annotated[Text | None, Query(description="What was changed, or its beginning.")] = None,
    since: Annotated[Moment | None, Query(description="Then or later.")] = None,
    until: Annotated[Moment | None, Query(description="Before then.")] = None,
    after: Annotated[UUID | None, Query(description="The `next` of the page above.")] = None,
    limit: Limit = 50,
) -> Page[AuditEntry]:
    """List changes, the newest first: who made them, in which request, and how the thing was and is."""
    audit = who.service.audit
    if scope is Scope.INSTALLATION:
        who.demand_platform()
        audit = who.service.platform_audit
    chosen = AuditFilter(actor=actor, action=action, subject=subject, since=since, until=until)
    entries = await audit.find(chosen, after=after, limit=limit + 1)
    return page_of(entries, limit, lambda entry: str(entry.id))
