"""Whether the API lives, and whether it can serve."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from mainspring.api.callers import services_of
from mainspring.api.services import Services
from mainspring.client.tasks.availability import availability
from mainspring.storage.schema_version import is_current

routes = APIRouter(tags=["health"])


class Health(BaseModel):
    """All is well."""

    status: str = "ok"


class Readiness(BaseModel):
    """Tasks are accepted. `tasks` says why none goes on just now, if that is so."""

    status: str = "ready"
    tasks: str | None = None


@routes.get("/health", operation_id="health")
async def health() -> Health:
    """Answer: nothing is asked of anything else."""
    return Health()


@routes.get("/ready", operation_id="ready")
async def ready(services: Annotated[Services, Depends(services_of)]) -> Readiness:
    """Answer once the database has answered; with 503 while it is away. Temporal may be away."""
    await is_current(services.first.database)
    return Readiness(tasks=await availability(services.first.temporal))
