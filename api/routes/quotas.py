"""Quotas: what is used of the keys at vendors."""

from typing import Annotated

from fastapi import APIRouter, Query

from mainspring.api.callers import Observer
from mainspring.api.models import Limit, Page
from mainspring.api.rows import page_of
from mainspring.client.quotas import QuotaUse

routes = APIRouter(prefix="/quotas", tags=["quotas"])


@routes.get("", operation_id="list_quotas")
async def list_quotas(
    who: Observer,
    *,
    after: Annotated[
        str | None, Query(pattern="^[0-9a-f]{64}$", description="The `next` of the page above.")
    ] = None,
    limit: Limit = 50,
) -> Page[QuotaUse]:
    """List what is used and left of the quota of each key that the workspace has used, and when it resets."""
    found = await who.service.quotas.all(after=after or "", limit=limit + 1)
    return page_of(found, limit, lambda quota: quota.holder)
