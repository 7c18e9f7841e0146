"""Which failed tasks an operator is about: by ids, group, job, type of error, time, or all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from mainspring.client.errors import ClientError
from mainspring.contracts.failures import FailureFilter

if TYPE_CHECKING:
    from mainspring.client.failures import Failures
    from mainspring.client.tasks.queries import Tasks


class NothingChosen(ClientError):
    """No criterion was given: all failed tasks are meant only when `everything` says so."""

    def __init__(self) -> None:
        super().__init__("which failed tasks? None was chosen")


@dataclass(frozen=True)
class FailureChoice:
    """What an operator asks for. Ids and the name of a group may be given by their beginnings."""

    ids: Sequence[str] = ()
    group: str | None = None
    job: str | None = None
    error_type: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    everything: bool = False

    async def filter(self, tasks: Tasks, failures: Failures) -> FailureFilter:
        """Return the filter for these tasks.

        Raises TaskUnknown, AmbiguousTask, GroupUnknown, UnknownJob: when one of the names is not known.
        Raises BadInput: when an id is too short to look up.
        """
        if self.job is not None:
            from mainspring.workflows.runtime.catalogue import job_named  # noqa: PLC0415  # loads every job

            job_named(self.job)
        return FailureFilter(
            task_ids=tuple([await tasks.resolve(each) for each in self.ids]) if self.ids else None,
            group=(await failures.group(self.group)).fingerprint if self.group else None,
            job=self.job,
            error_type=self.error_type,
            since=self.since,
            until=self.until,
        )

    async def demanded(self, tasks: Tasks, failures: Failures) -> FailureFilter:
        """Return the filter for these tasks, for what changes them.

        Raises NothingChosen: when there is no criterion, and `everything` was not asked for.
        """
        if not any(
            (self.ids, self.group, self.job, self.error_type, self.since, self.until, self.everything)
        ):
            raise NothingChosen
        return await self.filter(tasks, failures)
