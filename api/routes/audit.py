"""The audit log: who has changed what."""

from enum import StrEnum
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from mainspring.api.callers import Admin
from mainspring.api.models import Limit, Page
from mainspring.api.problems import Refused
from mainspring.contracts.audit import AuditEntry

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
    after: Annotated[UUID | None, Query(description="The `next` of the page above.")] = None,
    limit: Limit = 50,
) -> Page[AuditEntry]:
    """List changes, the newest first: who made them, in which request, and how the thing was and is."""
    if scope is Scope.INSTALLATION and not who.is_platform:
        raise Refused(HTTPStatus.FORBIDDEN, "forbidden", "scope: installation takes a key of the platform")
    audit = who.service.platform_audit if scope is Scope.INSTALLATION else who.service.audit
    entries = await audit.find(after=after, limit=limit + 1)
    return Page(items=entries[:limit], next=str(entries[limit - 1].id) if len(entries) > limit else None)
