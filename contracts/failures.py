"""Failed tasks in groups, as operators work through them."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from mainspring.contracts.message import Message


class FailureFilter(Message):
    """Which failed tasks are meant: those for which everything that is given here holds.

    `group` is a fingerprint or its beginning; `until` itself is left out. Tasks that were retried or
    dismissed, and steps of a flow, which are retried with it, are never meant.
    """

    task_ids: tuple[UUID, ...] | None = None
    group: str | None = None
    job: str | None = None
    error_type: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is given."""
        return self == FailureFilter()


class FailureGroup(Message):
    """Failed tasks of one fingerprint: how many, when first and last, and the latest as an example."""

    fingerprint: str
    job: str
    error_type: str
    example_id: UUID
    example_message: str
    count: int
    first_at: datetime
    last_at: datetime


class Replayed(Message):
    """What a replay did: the new tasks, those it passed over with the reason, and why it stopped early.

    `remaining` counts what is left of the filter, without those that failed since the replay began.
    """

    started: tuple[UUID, ...] = ()
    passed_over: dict[UUID, str] = Field(default_factory=dict)
    stopped_because: str | None = None
    remaining: int = 0
