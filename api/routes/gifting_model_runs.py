"""What language models were asked, and what that has cost."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from mainspring.api.callers import Viewer
from mainspring.api.models import Limit, Page, Text
from mainspring.api.rows import page_of
from mainspring.contracts.fields import Id
from mainspring.contracts.models import DaySpend, ModelRun, RunOutcome

routes = APIRouter(prefix="/gifting/model-runs", tags=["gifting"])


@routes.get("", operation_id="list_model_runs")
async def list_model_runs(
    who: Viewer,
    *,
    purpose: Annotated[
        Text | None, Query(description="What for: the name of a job.", examples=["enrich-product"])
    ] = None,
    subject: Annotated[Id | None, Query(description="What about: the id of a product.")] = None,
    outcome: Annotated[RunOutcome | None, Query(description="What came of the call.")] = None,
    after: Annotated[UUID | None, Query(description="The `next` of the page above.")] = None,
    limit: Limit = 50,
) -> Page[ModelRun]:
    """List calls of language models, the newest first, each with its tokens and its cost in micro-dollars."""
    models = who.service.models
    last = None if after is None else await models.run(after)
    found = await models.runs(purpose=purpose, subject=subject, outcome=outcome, before=last, limit=limit + 1)
    return page_of(found, limit, lambda run: str(run.id))


@routes.get("/spend", operation_id="get_models_spend")
async def get_models_spend(
    who: Viewer,
    day: Annotated[dt.date | None, Query(description="A day of UTC; today, if not given.")] = None,
) -> DaySpend:
    """Return what the workspace has spent on language models in a day."""
    return await who.service.models.spend(day)
