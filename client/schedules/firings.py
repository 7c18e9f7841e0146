"""When a schedule fires: Temporal itself is asked, so that nothing here can understand a cron differently."""

from datetime import UTC, datetime, timedelta

from temporalio.api.workflowservice.v1 import ListScheduleMatchingTimesRequest
from temporalio.client import Client

from mainspring.client.errors import BadInput

# Temporal gives at most this many at once, the first ones of the range.
PAGE = 1_000

# A year of every ten minutes. What fires more often is looked at for a shorter time.
MOST = 55_000

SECOND = timedelta(seconds=1)


async def firings(client: Client, schedule_id: str, start: datetime, end: datetime) -> list[datetime]:
    """Return when a schedule fires from `start` to `end`, both included: in UTC, with its jitter.

    A paused schedule has the same times. BadInput when there are too many.
    """
    found: list[datetime] = []
    # What Temporal is asked after is not included.
    after, until = start.astimezone(UTC) - SECOND, end.astimezone(UTC)
    while page := await _page(client, schedule_id, after, until):
        found += page
        if len(found) > MOST:
            raise BadInput(f"{schedule_id} fires more than {MOST:,} times in that time: ask for less")
        if len(page) < PAGE:
            break
        after = page[-1]
    return found


async def _page(client: Client, schedule_id: str, after: datetime, end: datetime) -> list[datetime]:
    request = ListScheduleMatchingTimesRequest(namespace=client.namespace, schedule_id=schedule_id)
    request.start_time.FromDatetime(after)
    request.end_time.FromDatetime(end)
    answer = await client.workflow_service.list_schedule_matching_times(request, retry=True)
    return [each.ToDatetime(tzinfo=UTC) for each in answer.start_time]
