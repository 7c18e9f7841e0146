"""Shapes of requests and answers that no message of the service has already."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from mainspring.contracts.flows import StepResult
from mainspring.contracts.tasks import Task

Item = TypeVar("Item")

LONGEST_PAGE = 200
MOST_STARTS = 1_000

Limit = Annotated[int, Field(ge=1, le=LONGEST_PAGE, description="So many at most.")]


# What columns for names take: also names that others than this API have written.
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time of the years 1 to 9999 in UTC") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class Body(BaseModel):
    """The body of a request: a field that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Page(BaseModel, Generic[Item]):
    """A page of a list. `next` is the cursor of the page below, if there is one: send it as `after`."""

    items: list[Item]
    next: str | None = None


class JobView(BaseModel):
    """A job that the caller may start, with the JSON schemas of what goes in and what comes out."""

    name: str = Field(examples=["update-inventory-prices"])
    summary: str
    key: str | None = Field(description="What a second start of the same key is one with.")
    input: dict[str, Any]
    result: dict[str, Any]


class StartBody(Body):
    """What to start. The task begins `at` a time or after a `delay`, if one of them is there."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"input": {"account_id": "7f0c3f6e-1a53-4b66-9a3f-0f6c0f0d2a11"}}]},
    )

    input: dict[str, Any] = {}
    priority: int = Field(default=3, ge=1, le=5, description="1 is first.")
    at: datetime | None = Field(default=None, examples=["2026-12-24T18:00:00Z"])
    delay: timedelta | None = Field(default=None, examples=["PT15M"])


class StartsBody(Body):
    """Inputs of one job, each a task of its own."""

    items: list[StartBody] = Field(min_length=1, max_length=MOST_STARTS)


class Started(BaseModel):
    """The task that does what was asked; `deduplicated` says that the task was there already."""

    id: UUID
    deduplicated: bool


class StartedOrRefused(BaseModel):
    """What became of one start of many: a task, or why its input is not accepted."""

    id: UUID | None = None
    deduplicated: bool | None = None
    error: str | None = None


class TaskView(Task):
    """A task with the steps of a flow and the ids of the tasks that are steps of it.

    A key of an observer sees no payloads: `input` is empty then, and texts of errors are left out.
    """

    steps: tuple[StepResult, ...] = ()
    children: tuple[UUID, ...] = ()
