"""When schedules fire on a real engine: over clock changes, in a preview, and made up for by a backfill."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from temporalio.client import Client

from mainspring.client.errors import BadInput
from mainspring.client.schedules import Cron, Every, Planned, ScheduledJob, Schedules
from mainspring.config.settings import Settings
from mainspring.testing.eventually import eventually
from tests.scheduled import QUEUE, fired, row, worker

pytestmark = pytest.mark.schedules

NEW_YORK = ZoneInfo("America/New_York")
ZONE = {"zone": NEW_YORK.key}
SETTINGS = Settings(task_queue=QUEUE)

HOURLY = row("hourly", Cron("0 * * * *"), **ZONE)
HALF_HOURLY = row("half-hourly", Cron("*/30 * * * *"), **ZONE)
AT_130 = row("at-130", Cron("30 1 * * *"), **ZONE)
AT_230 = row("at-230", Cron("30 2 * * *"), **ZONE)
SUNDAYS_AT_230 = row("sundays", Cron("30 2 * * sun"), **ZONE)
WEEKDAYS_AT_230 = row("weekdays", Cron("30 2 * * mon-fri"), **ZONE)
EVERY_DAY = row("every-day", Every(timedelta(days=1), timedelta(hours=7)))
ROWS = (HOURLY, HALF_HOURLY, AT_130, AT_230, SUNDAYS_AT_230, WEEKDAYS_AT_230, EVERY_DAY)

# The clock goes forward on the first and back on the second of these days.
MARCH, NOVEMBER = datetime(2027, 3, 14, tzinfo=NEW_YORK), datetime(2027, 11, 7, tzinfo=NEW_YORK)
DAY = timedelta(days=1)  # by the clock: arithmetic within a zone


async def synced(temporal_client: Client, *rows: ScheduledJob) -> Schedules:
    """Return schedules that Temporal has, paused: only what a test asks for is run."""
    schedules = Schedules(temporal_client, SETTINGS, rows)
    await schedules.sync()
    for each in rows:
        await schedules.pause(each.id, "only what is asked for", by="the test")
    return schedules


async def a_day(schedules: Schedules, schedule_id: str, day: datetime) -> list[str]:
    """Return the times of day at which a schedule fires, with the offset of the zone."""
    end = day + DAY - timedelta(seconds=1)
    return [f"{each:%H:%M%z}" for each in await schedules.firings(schedule_id, day, end)]


async def test_an_hourly_schedule_fires_every_real_hour_of_23_and_25(temporal_client: Client) -> None:
    """So does a half-hourly one: none is left out and none is repeated."""
    schedules = await synced(temporal_client, HOURLY, HALF_HOURLY)
    for day, hours in ((MARCH, 23), (NOVEMBER, 25)):
        start, end = day.astimezone(UTC), (day + DAY).astimezone(UTC)
        for schedule_id, step in (("hourly", timedelta(hours=1)), ("half-hourly", timedelta(minutes=30))):
            times = await schedules.firings(schedule_id, day, day + DAY)
            expected = [start + step * count for count in range((end - start) // step + 1)]
            assert expected == [each.astimezone(UTC) for each in times]
        assert hours == len(await a_day(schedules, "hourly", day))
        assert 2 * hours == len(await a_day(schedules, "half-hourly", day))


async def test_a_daily_schedule_in_the_changed_hour_is_left_out_in_march_and_repeated_in_november(
    temporal_client: Client,
) -> None:
    """As Temporal has it: 02:30 does not exist in March, 01:30 comes twice in November, 02:30 once."""
    schedules = await synced(temporal_client, AT_130, AT_230)

    assert ["01:30-0500"] == await a_day(schedules, "at-130", MARCH)
    assert [] == await a_day(schedules, "at-230", MARCH)
    assert ["01:30-0400", "01:30-0500"] == await a_day(schedules, "at-130", NOVEMBER)
    assert ["02:30-0500"] == await a_day(schedules, "at-230", NOVEMBER)


async def test_a_preview_flags_what_a_clock_change_does(temporal_client: Client) -> None:
    """Who reads it knows of the day without its run, and of the run that comes twice."""
    schedules = await synced(temporal_client, *ROWS)

    march = notes(await schedules.preview(MARCH, MARCH + DAY))
    november = notes(await schedules.preview(NOVEMBER, NOVEMBER + DAY))

    assert {
        ("at-230", 0, "does not fire: there is no 02:30 on 2027-03-14"),
        ("sundays", 0, "does not fire: there is no 02:30 on 2027-03-14"),
        ("hourly", 1, "the clock went forward 60 min"),
        ("half-hourly", 46, "the clock went forward 60 min"),
    } == march
    assert {
        ("at-130", 1, "the clock went back 60 min; 01:30 comes twice"),
        ("at-230", 1, "the clock went back 60 min"),
        ("sundays", 1, "the clock went back 60 min"),
        ("hourly", 1, "the clock went back 60 min"),
        ("half-hourly", 50, "the clock went back 60 min"),
    } == november


async def test_a_preview_flags_what_a_change_of_half_an_hour_does(temporal_client: Client) -> None:
    """On Lord Howe Island a quarter past two is left out once a year, and a quarter to two comes twice."""
    zone = ZoneInfo("Australia/Lord_Howe")
    rows = [row(f"at-{minute}", Cron(f"{minute} * * * *"), zone=zone.key) for minute in (0, 15, 45)]
    schedules = await synced(temporal_client, *rows)
    october, april = datetime(2027, 10, 3, tzinfo=zone), datetime(2027, 4, 4, tzinfo=zone)

    forward = notes(await schedules.preview(october, october + DAY))
    back = notes(await schedules.preview(april, april + DAY))

    assert {
        ("at-0", 0, "does not fire: there is no 02:00 on 2027-10-03"),
        ("at-0", 1, "the clock went forward 30 min"),
        ("at-15", 0, "does not fire: there is no 02:15 on 2027-10-03"),
        ("at-15", 1, "the clock went forward 30 min"),
        ("at-45", 1, "the clock went forward 30 min"),
    } == forward
    assert {
        ("at-0", 1, "the clock went back 30 min"),
        ("at-15", 1, "the clock went back 30 min"),
        ("at-45", 1, "the clock went back 30 min; 01:45 comes twice"),
    } == back


def notes(entries: object) -> set[tuple[str, int, str]]:
    """Return what a preview has to say beside the times."""
    assert isinstance(entries, list)
    return {(each.schedule_id, each.count, each.note) for each in entries if each.note}


async def test_a_preview_is_in_the_order_of_time_and_counts_what_fires_often_by_the_day(
    temporal_client: Client,
) -> None:
    """A month of every half hour is thirty lines; asked for alone, each firing is one."""
    schedules = await synced(temporal_client, HOURLY, HALF_HOURLY, EVERY_DAY)
    start, end = NOVEMBER, NOVEMBER + 2 * DAY - timedelta(seconds=1)

    everything = await schedules.preview(start, end)
    alone = await schedules.preview(start, end, "half-hourly")

    moments = [each.at.timestamp() for each in everything]
    assert sorted(moments) == moments
    assert [50, 48] == [each.count for each in everything if each.schedule_id == "half-hourly"]
    assert 49 == len([each for each in everything if each.schedule_id == "hourly"])
    assert Planned(datetime(2027, 11, 7, 7, tzinfo=UTC), "every-day") in everything
    assert (98, {1}) == (len(alone), {each.count for each in alone})


async def test_more_firings_than_the_engine_gives_at_once_are_all_found(temporal_client: Client) -> None:
    """It gives a thousand; and what nobody could read is refused."""
    schedules = await synced(temporal_client, row("minutely", Every(timedelta(minutes=1))))
    start = datetime(2027, 1, 1, tzinfo=UTC)

    assert [start + timedelta(minutes=count) for count in range(2_881)] == list(
        await schedules.firings("minutely", start, start + 2 * DAY)
    )
    with pytest.raises(BadInput, match="minutely fires more than 55,000 times"):
        await schedules.firings("minutely", start, start + 60 * DAY)


@pytest.mark.parametrize(("day", "hours"), [(datetime(2026, 3, 8), 5), (datetime(2025, 11, 2), 7)])  # noqa: DTZ001
async def test_a_backfill_over_a_clock_change_runs_every_firing_once_in_turn(
    day: datetime, hours: int, temporal_client: Client
) -> None:
    """What was listed is what is run, both ends included, and each run knows for which moment it is."""
    start = day.replace(tzinfo=NEW_YORK)
    end = start + timedelta(hours=6)  # by the clock
    schedules = await synced(temporal_client, HOURLY)
    listed = [each.astimezone(UTC) for each in await schedules.firings("hourly", start, end)]

    async with worker(temporal_client):
        count = await schedules.backfill("hourly", start, end)
        runs = await eventually(lambda: fired(temporal_client, "hourly"), lambda found: len(found) >= count)

    assert hours + 1 == count
    assert listed == runs
    assert {timedelta(hours=1)} == {later - each for each, later in pairwise(runs)}


async def test_a_backfill_is_of_the_past(temporal_client: Client) -> None:
    """What is still to come is not run before its time; where nothing fired, nothing is run."""
    schedules = await synced(temporal_client, HOURLY)
    now = datetime.now(UTC)
    with pytest.raises(BadInput, match="only what is past"):
        await schedules.backfill("hourly", now, now + DAY)
    past = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
    assert 0 == await schedules.backfill("hourly", past, past + timedelta(minutes=58))


async def test_a_schedule_fires_by_itself(temporal_client: Client) -> None:
    """Second by second, each run for its own moment."""
    schedules = Schedules(temporal_client, SETTINGS, (row("secondly", Every(timedelta(seconds=1))),))
    async with worker(temporal_client):
        await schedules.sync()
        runs = await eventually(lambda: fired(temporal_client, "secondly"), lambda found: len(found) >= 2)

    assert timedelta(seconds=1) == runs[1] - runs[0]
