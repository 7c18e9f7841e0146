"""Reminders of occasions, with a real engine, worker and mail server, by a clock that the test moves."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.client import Client

from mainspring.storage.database import Database
from tests.occasions import QUEUED, SENT, SKIPPED, Calendar, open_calendar
from tests.shop import user

# Between Anna's first reminder of Christmas, who lives in Berlin, and her second one.
NOW = datetime(2026, 12, 20, tzinfo=UTC)
THIRD = datetime(2026, 12, 21, 8, tzinfo=UTC)
FIRST = datetime(2026, 12, 23, 8, tzinfo=UTC)


@pytest.fixture
async def closed(
    temporal_client: Client, service_database: Database, tmp_path: Path
) -> AsyncIterator[Calendar]:
    """Give a service without a worker, with Anna (u00001), who lives in Berlin."""
    async with open_calendar(temporal_client, service_database, tmp_path, NOW) as calendar:
        await calendar.service.people.store_users([user(1, time_zone="Europe/Berlin")])
        yield calendar


@pytest.fixture
async def calendar(closed: Calendar) -> AsyncIterator[Calendar]:
    """Give the same with a worker."""
    async with closed.service.worker():
        yield closed


@pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)
async def test_a_durable_timer_reminds_at_the_moment(calendar: Calendar) -> None:
    """A stored occasion starts the clock, whose timer fires by itself; what was past is skipped."""
    calendar.service.clock.reach(THIRD - timedelta(seconds=2))
    await calendar.add(recipient="Bo")

    third = (await calendar.until_settled(2))[1]

    assert [
        (date(2026, 12, 24), 7, SKIPPED, "past"),
        (date(2026, 12, 24), 3, SENT, None),
        (date(2026, 12, 24), 1, QUEUED, None),
    ] == await calendar.states()
    assert THIRD == third.remind_at
    assert third.settled_at is not None
    assert timedelta() <= third.settled_at - THIRD < timedelta(seconds=30)
    (mail,) = calendar.mails()
    assert "Christmas (Bo): in 3 days" == mail.message["Subject"]
    assert ("u1@example.org",) == tuple(mail.recipients)
