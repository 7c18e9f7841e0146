"""Collections of gifts: what is shown, and making them by hand."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from mainspring.api.callers import Operator, Viewer
from mainspring.api.models import Body
from mainspring.contracts.gifting.collections import (
    MOST_COLLECTIONS,
    MOST_PRODUCTS,
    CollectionsOfDay,
    GenerateCollections,
    Surface,
)
from mainspring.contracts.gifting.recommendations import GiftFilter

routes = APIRouter(prefix="/gifting/collections", tags=["gifting"])


class GenerateBody(Body):
    """The collections of a surface that are to be made; without a date those of today in UTC."""

    surface: Surface
    date: dt.date | None = None
    collections_count: int = Field(default=6, ge=1, le=MOST_COLLECTIONS)
    products_per_collection: int = Field(default=8, ge=1, le=MOST_PRODUCTS)
    filters: GiftFilter = GiftFilter()


class GeneratingAnswer(BaseModel):
    """The task that makes collections."""

    task_id: UUID


@routes.get("", operation_id="get_collections")
async def get_collections(
    who: Viewer,
    surface: Surface,
    date: Annotated[dt.date | None, Query(description="Today in UTC, if not given.")] = None,
) -> CollectionsOfDay:
    """Return the collections of a surface: those of a day, or of the last day before it that has any."""
    return await who.service.gift_collections.collections(surface, date)


@routes.post("/generate", status_code=202, operation_id="generate_collections")
async def generate_collections(who: Operator, body: GenerateBody, response: Response) -> GeneratingAnswer:
    """Start making the collections of a surface, in the place of those of the day."""
    request = GenerateCollections(**{name: getattr(body, name) for name in GenerateBody.model_fields})
    task_id = await who.service.gift_collections.generate(request, triggered_by=who.name)
    await who.audit(f"task {task_id}", after={"surface": body.surface.value})
    response.headers["Location"] = f"/v1/tasks/{task_id}"
    return GeneratingAnswer(task_id=task_id)
