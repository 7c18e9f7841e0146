"""Occasions: days that users are reminded of, each with the timeline of its reminders."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from mainspring.api.callers import Operator, Viewer
from mainspring.api.models import Limit, Page
from mainspring.api.rows import Rows, Stored, page_of, stored
from mainspring.client.gifting.imports import import_occasions
from mainspring.contracts.fields import Id
from mainspring.contracts.gifting.occasions import Occasion, OccasionTimeline

routes = APIRouter(prefix="/gifting/occasions", tags=["gifting"])

OccasionId = Annotated[Id, Path(description="The platform's id of an occasion.", examples=["bo-birthday"])]


@routes.get("", operation_id="list_occasions")
async def list_occasions(
    who: Viewer,
    *,
    user_id: Annotated[Id | None, Query(description="Of this user.")] = None,
    after: Annotated[Id | None, Query(description="The `next` of the page above.")] = None,
    limit: Limit = 50,
) -> Page[Occasion]:
    """List occasions in the order of their ids."""
    found = await who.service.occasions.find(user_id=user_id, after=after or "", limit=limit + 1)
    return page_of(found, limit, lambda each: each.id)


@routes.post("", operation_id="store_occasions")
async def store_occasions(who: Operator, body: Rows[Occasion]) -> Stored:
    """Store up to a thousand occasions with their reminders; one that is there is overwritten, and so moved.

    An occasion whose user is not there is rejected. What is past of its reminders is skipped.
    """
    result = stored(await import_occasions(who.service.occasions, body.items))
    await who.audit("occasions", after=result.counts)
    return result


@routes.get("/{occasion_id:path}", operation_id="get_occasion")
async def get_occasion(who: Viewer, occasion_id: OccasionId) -> OccasionTimeline:
    """Return an occasion with the timeline of its reminders."""
    return await who.service.occasions.timeline(occasion_id)


@routes.delete("/{occasion_id:path}", status_code=204, operation_id="remove_occasion")
async def remove_occasion(who: Operator, occasion_id: OccasionId) -> None:
    """Remove an occasion: nobody is reminded of it any more."""
    await who.service.occasions.remove(occasion_id)
    await who.audit(f"occasion {occasion_id}")
