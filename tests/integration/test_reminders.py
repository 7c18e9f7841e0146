"""Reminders of occasions, with a real engine, worker and mail server, by a clock that the test moves."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.client import Client

from mainspring.contracts.effects import EffectState
from mainspring.emulators.fcm import FcmFault
from mainspring.storage.commits import after_commits
from mainspring.storage.database import Database
from mainspring.testing.eventually import eventually
from tests.occasions import FAILED, QUEUED, SENT, SKIPPED, Calendar, open_calendar
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


DAY = date(2026, 12, 24)


async def test_what_is_moved_removed_or_switched_off_is_not_sent(calendar: Calendar) -> None:
    """A moved occasion is reminded of by its new date, a removed one never, a user who wants none never."""
    service = calendar.service
    await calendar.add("moved", date="2026-12-25", title="Moved")
    await calendar.add("gone")
    await calendar.add("moved", title="Moved")
    await calendar.service.occasions.remove("gone")
    await service.people.store_users([user(2, time_zone="Europe/Berlin")])
    await calendar.add("silent", user_id="u00002")
    await service.people.store_users([user(2, time_zone="Europe/Berlin", reminders=False)])

    await calendar.reach(THIRD)
    await calendar.until_settled(2, "moved")
    await calendar.until_settled(2, "silent")

    assert ["Moved: in 3 days"] == calendar.subjects()
    assert (DAY, 3, SKIPPED, "user-disabled") == (await calendar.states("silent"))[1]


async def test_the_zone_of_a_user_who_moves_is_followed(calendar: Calendar) -> None:
    """An occasion without a zone of its own goes by the user's, as the user is stored anew."""
    await calendar.add()
    await calendar.add("own", time_zone="Asia/Tokyo")
    await calendar.service.people.store_users([user(1, time_zone="America/New_York")])

    assert datetime(2026, 12, 21, 14, tzinfo=UTC) == (await calendar.reminders())[1].remind_at
    assert datetime(2026, 12, 21, 0, tzinfo=UTC) == (await calendar.reminders("own"))[1].remind_at


async def test_a_yearly_occasion_comes_again(calendar: Calendar) -> None:
    """After its last reminder the next year is planned; on 29 February the 28th stands for it."""
    await calendar.add("leap", date="2024-02-29", repeats="yearly", offsets=[3, 1])
    await calendar.add("soon", date="2020-12-24", repeats="yearly", offsets=[1], title="Soon")

    await calendar.reach(FIRST)
    await calendar.until_settled(1, "soon")

    assert [
        (DAY, 1, SENT, None),
        (date(2027, 12, 24), 1, QUEUED, None),
    ] == await calendar.states("soon")
    assert [(date(2027, 2, 28), 3), (date(2027, 2, 28), 1)] == [
        (day, offset) for day, offset, *_ in await calendar.states("leap")
    ]


async def test_quiet_hours_hold_a_reminder_back(calendar: Calendar) -> None:
    """It is sent when they are over, and says how many days are left then."""
    quiet = user(1, time_zone="Europe/Berlin", quiet_from="08:00", quiet_until="10:00")
    await calendar.service.people.store_users([quiet])
    await calendar.add()
    await calendar.reach(THIRD)
    await eventually(calendar.reminders, lambda found: found[1].dispatched_at is not None)
    assert [] == calendar.mails()

    calendar.service.clock.reach(THIRD + timedelta(hours=1))
    await calendar.service.relay()
    await calendar.until_settled(2)
    assert ["Christmas: in 3 days"] == calendar.subjects()


async def test_pushes_go_to_each_device_and_drop_those_that_are_gone(calendar: Calendar) -> None:
    """An unregistered device is removed, and the others and the mail arrive."""
    await calendar.add_device("phone")
    await calendar.add_device("old")
    calendar.fcm.gone.add("old")
    await calendar.add(recipient="Bo")

    await calendar.reach(THIRD)
    found = await eventually(
        calendar.reminders, lambda all_: {"sent", "failed"} == {each.state for each in all_[1].deliveries}
    )

    assert SENT == found[1].state
    assert {"phone": ["Christmas is in 3 days: a gift for Bo?"]} == calendar.pushes()
    assert 1 == len(calendar.mails())
    assert 1 == len(await calendar.service.devices.find(user_id="u00001"))


async def test_a_user_of_pushes_without_a_device_is_skipped(calendar: Calendar) -> None:
    """Also when the only device turns out to be unregistered: then the reminder has failed for that."""
    push_only = user(1, time_zone="Europe/Berlin", reminders_by_mail=False)
    await calendar.service.people.store_users([push_only])
    await calendar.add("none")
    await calendar.reach(THIRD)
    await calendar.until_settled(2, "none")
    assert (DAY, 3, SKIPPED, "no-device") == (await calendar.states("none"))[1]

    await calendar.add_device("old")
    calendar.fcm.gone.add("old")
    await calendar.reach(FIRST)
    await calendar.until_settled(3, "none")
    assert (DAY, 1, FAILED, "no-device") == (await calendar.states("none"))[2]
    assert [] == await calendar.service.devices.find()
    assert [] == calendar.mails()


async def test_a_wake_that_is_lost_is_made_up_for(closed: Calendar) -> None:
    """Rows are the truth: while no clock runs, the overdue check hands over what is due, and starts one."""
    service = closed.service
    await closed.add()
    await after_commits()
    await service.temporal_client.get_workflow_handle("reminder-clock").terminate()
    service.clock.reach(THIRD)
    async with service.worker():
        handle = await service.raw_start(
            "process-overdue-reminders", {}, workflow_id="process-overdue-reminders"
        )
        assert {"dispatched": 1, "skipped": 0} == await handle.result()
        await closed.until_settled(2)
        clock = await service.temporal_client.get_workflow_handle("reminder-clock").describe()

    assert "RUNNING" == (clock.status and clock.status.name)
    assert ["Christmas: in 3 days"] == closed.subjects()


async def test_the_link_of_a_mail_switches_reminders_off(calendar: Calendar) -> None:
    """It leaves the alerts of wishes as they are."""
    await calendar.add()
    await calendar.reach(THIRD)
    await calendar.until_settled(2)
    (mail,) = calendar.mails()
    link = str(mail.message["List-Unsubscribe"]).strip("<>")
    assert "u00001" == await calendar.service.people.unsubscribe(link.rpartition("/")[2])

    someone = await calendar.service.people.user("u00001")
    assert (False, True, True) == (someone.reminders, someone.sale_alerts, someone.stock_alerts)
    await calendar.reach(FIRST)
    await calendar.until_settled(3)
    assert (DAY, 1, SKIPPED, "user-disabled") == (await calendar.states())[2]


@pytest.mark.parametrize("fault", [FcmFault.UNAVAILABLE, FcmFault.DROPPED, FcmFault.LOST_ANSWER])
async def test_a_push_is_tried_again(calendar: Calendar, fault: FcmFault) -> None:
    """What may have arrived is sent under the same tag, so that the device shows it once."""
    await calendar.service.people.store_users([user(1, time_zone="Europe/Berlin", reminders_by_mail=False)])
    await calendar.add_device("phone")
    calendar.fcm.fail("phone", fault)
    await calendar.add()
    await calendar.reach(THIRD)
    await eventually(
        lambda: calendar.service.effects.find([EffectState.INTENDED, EffectState.UNKNOWN]),
        lambda found: any(each.error for each in found),
    )
    calendar.service.clock.advance(timedelta(minutes=1))
    await calendar.service.relay()
    await calendar.until_settled(2)

    assert (DAY, 3, SENT, None) == (await calendar.states())[1]
    assert 1 == len({each["android"]["notification"]["tag"] for each in calendar.fcm.pushed["phone"]})
