"""Failed tasks in groups: looking at them, replaying and dismissing them."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from mainspring.api.callers import Caller, Observer, Operator
from mainspring.api.models import Body, Limit, Moment, Page, Text
from mainspring.api.routes.tasks import shown_to
from mainspring.api.rows import page_of
from mainspring.client.failure_choice import FailureChoice
from mainspring.contracts.failures import FailureFilter, FailureGroup, Replayed
from mainspring.contracts.tasks import Task
from mainspring.domain.failures import REPLAYS_A_SECOND

routes = APIRouter(prefix="/failures", tags=["failures"])

MOST_IDS = 200
MOST_REPLAYS = 1_000
FASTEST_REPLAY = 100

# A call that replays is answered within this time and the patience with one task; what remains is told.
REPLAYED_WITHIN = timedelta(seconds=20)
PATIENCE = timedelta(seconds=5)

GroupName = Annotated[
    str,
    Path(
        pattern="^[0-9a-f]{4,64}$",
        description="The fingerprint of a group, or its beginning.",
        examples=["9f86d081"],
    ),
]


class Chosen(Body):
    """Which failed tasks are meant: those for which everything that is given holds."""

    ids: list[UUID] = Field(default=[], max_length=MOST_IDS)
    group: str | None = Field(default=None, pattern="^[0-9a-f]{4,64}$", examples=["9f86d081"])
    job: Text | None = None
    error_type: Text | None = None
    since: Moment | None = Field(default=None, description="That failed then or later.")
    until: Moment | None = Field(default=None, description="That failed before then.")
    everything: bool = Field(default=False, description="All failed tasks, if nothing else is given.")

    async def demanded(self, who: Caller) -> FailureFilter:
        """Return the filter.

        Raises NothingChosen: when nothing is given.
        """
        choice = FailureChoice(
            ids=[str(each) for each in self.ids],
            group=self.group,
            job=self.job,
            error_type=self.error_type,
            since=self.since,
            until=self.until,
            everything=self.everything,
        )
        return await choice.demanded(who.service.tasks, who.service.failures)

    @property
    def named(self) -> dict[str, Any]:
        """What the audit log keeps of it."""
        return self.model_dump(mode="json", include=set(Chosen.model_fields), exclude_defaults=True)


class ReplayBody(Chosen):
    """What to replay, the oldest failures first. With `dry_run` the failures are counted."""

    dry_run: bool = False
    limit: int = Field(default=100, ge=1, le=MOST_REPLAYS, description="So many tasks at most.")
    rate: float = Field(
        default=REPLAYS_A_SECOND, ge=0.1, le=FASTEST_REPLAY, description="So many new tasks a second."
    )
    stop_when_it_returns: bool = Field(
        default=True, description="Stop when a new task fails in a way that is being replayed."
    )


class Replay(Replayed):
    """What a replay did. With `remaining` tasks there is more to do: call again.

    A dry run says in `remaining` how many failed tasks are meant, and in `would_start` how many would start.
    """

    would_start: int | None = None


class Dismissed(BaseModel):
    """How many failed tasks were taken off the list."""

    dismissed: int


@routes.get("", operation_id="list_failures")
async def list_failures(
    who: Observer,
    *,
    job: Annotated[Text | None, Query(description="Of this job.")] = None,
    error_type: Annotated[Text | None, Query(description="Of this type of error.")] = None,
    group: Annotated[
        str | None, Query(pattern="^[0-9a-f]{1,64}$", description="Whose fingerprint begins so.")
    ] = None,
    since: Annotated[Moment | None, Query(description="That failed then or later.")] = None,
    until: Annotated[Moment | None, Query(description="That failed before then.")] = None,
    limit: Limit = 100,
) -> list[FailureGroup]:
    """List the groups of failed tasks that were neither retried nor dismissed, the latest failure first."""
    choice = FailureChoice(job=job, error_type=error_type, since=since, until=until)
    criteria = await choice.filter(who.service.tasks, who.service.failures)
    criteria = criteria.model_copy(update={"group": group})
    return [_shown(who, each) for each in await who.service.failures.groups(criteria, limit=limit)]


@routes.post("/replay", operation_id="replay_failures")
async def replay_failures(who: Operator, body: ReplayBody) -> Replay:
    """Start failed tasks once more, each as a new task, for twenty seconds; none is ever replayed twice.

    The first task of each group goes ahead, and is waited for for up to five seconds.
    """
    criteria, failures = await body.demanded(who), who.service.failures
    if body.dry_run:
        count = await failures.count(criteria)
        return Replay(remaining=count, would_start=min(count, body.limit))
    done = await failures.replay(
        criteria,
        limit=body.limit,
        rate=body.rate,
        stop_when_it_returns=body.stop_when_it_returns,
        patience=PATIENCE,
        within=REPLAYED_WITHIN,
    )
    counts = {"replayed": len(done.started), "remaining": done.remaining}
    await who.audit("failures", after={"filter": body.named, **counts})
    return Replay(**dict(done))


@routes.post("/dismiss", operation_id="dismiss_failures")
async def dismiss_failures(who: Operator, body: Chosen) -> Dismissed:
    """Take failed tasks off the list without starting them again; the tasks stay failed."""
    count = await who.service.failures.dismiss(await body.demanded(who))
    await who.audit("failures", after={"filter": body.named, "dismissed": count})
    return Dismissed(dismissed=count)


@routes.get("/{group}", operation_id="get_failure")
async def get_failure(who: Observer, group: GroupName) -> FailureGroup:
    """Return a group of failed tasks."""
    return _shown(who, await who.service.failures.group(group))


@routes.get("/{group}/tasks", operation_id="list_failed_tasks")
async def list_failed_tasks(
    who: Observer,
    group: GroupName,
    *,
    after: Annotated[UUID | None, Query(description="The `next` of the page above.")] = None,
    limit: Limit = 50,
) -> Page[Task]:
    """List the failed tasks of a group, the latest failure first."""
    failures = who.service.failures
    criteria = FailureFilter(group=(await failures.group(group)).fingerprint)
    last = None if after is None else await who.service.tasks.get(after)
    found = await failures.tasks(criteria, before=last, limit=limit + 1)
    return page_of([shown_to(who, each) for each in found], limit, lambda task: str(task.id))


def _shown(who: Caller, group: FailureGroup) -> FailureGroup:
    return group if who.sees_payloads else group.model_copy(update={"example_message": ""})
