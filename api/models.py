"""Shapes of requests and answers that no message of the service has already."""

import re
from datetime import UTC, datetime, timedelta
from types import UnionType
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

from mainspring.contracts.flows import StepResult
from mainspring.contracts.tasks import Task

Item = TypeVar("Item")

LONGEST_PAGE = 200
MOST_STARTS = 1_000

NUMBER = re.compile(r"\s*[-+]?[0-9._e+-]+\s*", re.IGNORECASE | re.ASCII)

Limit = Annotated[int, Field(ge=1, le=LONGEST_PAGE, description="So many at most.")]

# What of a body's fields is told from other kinds, in words.
ACCEPTED: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    timedelta: "a duration such as PT12H",
    datetime: "a time such as 2026-12-24T18:00:00Z",
    AwareDatetime: "a time such as 2026-12-24T18:00:00Z",
    str: "a text",
}


# What columns for names take: also names that others than this API have written.
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time of the years 1 to 9999 in UTC") from None


def _written_out(value: Any) -> Any:
    if isinstance(value, int | float) or (isinstance(value, str) and NUMBER.fullmatch(value)):
        raise ValueError(ACCEPTED[AwareDatetime])  # pydantic would take seconds since 1970
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_in_utc)]


class Body(BaseModel):
    """The body of a request: a field that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _as_the_document_says(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse what pydantic would convert: 90 as a duration, "3" as a number, 1 as true."""
        kinds = _kinds_of(cls.model_fields[str(info.field_name)].annotation)
        accepted = [words for kind, words in ACCEPTED.items() if kind in kinds]
        if accepted and type(value) in {bool, int, float, str} and type(value) not in _given_as(kinds):
            raise ValueError(" or ".join(accepted))
        if isinstance(value, list) and any(get_origin(kind) is frozenset for kind in kinds):
            _check_once(value)
        return value


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
    at: AwareDatetime | None = Field(default=None, examples=["2026-12-24T18:00:00Z"])
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


def _check_once(values: list[Any]) -> None:
    if any(each in values[:place] for place, each in enumerate(values)):
        raise ValueError("each at most once")


def _kinds_of(annotation: Any) -> set[Any]:
    """Return the types of a union, or the one type."""
    if get_origin(annotation) is Annotated:
        return _kinds_of(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return set().union(*map(_kinds_of, get_args(annotation)))
    return {annotation}


def _given_as(kinds: set[Any]) -> set[Any]:
    """Return how JSON says values of these types."""
    said = {kind if kind in {bool, int, float} else str for kind in kinds}
    return said | {int, float} if said & {int, float} else said
