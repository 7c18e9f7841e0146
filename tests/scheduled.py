"""Schedules of the tests' own, with a workflow that ends at once."""

from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    # The test's own process: the rows are nothing that the workflow needs.
    from mainspring.client.schedules import Cron, Every, ScheduledJob

from mainspring.contracts.message import Message

QUEUE = "scheduled"
FIRED_AT = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")


class Nothing(Message):
    """Do nothing."""


@workflow.defn(name="do-nothing")
class DoNothingWorkflow:
    """Ends as soon as it has begun."""

    @workflow.run
    async def run(self, request: Nothing) -> None:
        """Do nothing."""


def row(schedule_id: str, when: Every | Cron, **more: Any) -> ScheduledJob:
    """Return a row that is not in the catalogue's table."""
    return ScheduledJob(
        id=schedule_id,
        job="do-nothing",
        input=Nothing(),
        when=when,
        timeout=timedelta(minutes=1),
        summary="Do nothing.",
        **more,
    )


def worker(temporal_client: Client) -> Worker:
    """Return a worker for these."""
    return Worker(temporal_client, task_queue=QUEUE, workflows=[DoNothingWorkflow])


async def fired(temporal_client: Client, schedule_id: str) -> list[datetime]:
    """Return for which moments a schedule has started runs, the first one first."""
    runs = temporal_client.list_workflows(f'TemporalScheduledById="{schedule_id}"')
    return sorted([run.typed_search_attributes[FIRED_AT] async for run in runs])
