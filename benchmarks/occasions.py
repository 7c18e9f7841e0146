"""What occasions cost: rows, space and Temporal's work at rest, a move of all, and days of reminders.

`python -m benchmarks.occasions [--occasions 100000] [--due 1000]` prints counts, which depend on no machine,
and seconds, which do. Actions of Temporal are workflow starts, signals, timers, activities and local
activities, counted in the histories of a real server.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import event, func, select
from temporalio.api.enums.v1 import EventType

from mainspring.contracts.gifting.occasions import Occasion, ReminderState, Repeats
from mainspring.contracts.gifting.reminders import REMINDER_CLOCK
from mainspring.domain.queues import consumer_of
from mainspring.storage.commits import after_commits
from mainspring.storage.database import Database, Session
from mainspring.storage.migrate import upgrade
from mainspring.storage.tables.gifting import ReminderRow
from mainspring.testing.eventually import eventually
from mainspring.testing.temporal_server import own_namespace, temporal_server_process
from mainspring.workflows.gifting.reminders import SEND
from tests.occasions import Calendar, open_calendar
from tests.shop import user

NOW = datetime(2026, 12, 1, tzinfo=UTC)
USERS = 1_000

ACTIONS = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED: "start",
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED: "signal",
    EventType.EVENT_TYPE_TIMER_STARTED: "timer",
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED: "activity",
    EventType.EVENT_TYPE_MARKER_RECORDED: "local activity",
}


def occasions(count: int, moved_by: int = 0) -> list[Occasion]:
    """Return yearly occasions on the days of the year, for users in turn."""
    first = datetime(2027, 1, 15, tzinfo=UTC).date()
    return [
        Occasion(
            id=f"o{number:06}",
            user_id=f"u{number % USERS:05}",
            title="Birthday",
            date=(first + timedelta(days=number % 330 + moved_by)),
            repeats=Repeats.YEARLY,
        )
        for number in range(count)
    ]


@contextmanager
def counted(database: Database) -> Iterator[Counter[str]]:
    """Count the statements that go to a database: one for many rows is one."""
    counts: Counter[str] = Counter()

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        counts[statement.split(maxsplit=1)[0]] += 1

    event.listen(database.engine.sync_engine, "before_cursor_execute", count)
    yield counts
    event.remove(database.engine.sync_engine, "before_cursor_execute", count)


async def at_rest(calendar: Calendar, count: int) -> None:
    """Store all occasions and move all; print what that costs."""
    service = calendar.service
    await service.people.store_users([user(number) for number in range(USERS)])
    for what, given in (("stored", occasions(count)), ("moved", occasions(count, moved_by=2))):
        began = time.perf_counter()
        with counted(service.database) as statements:
            await service.occasions.store(given)
        await after_commits()
        seconds = time.perf_counter() - began
        say(f"{count:,} {what}: {seconds:.1f} s, {statements.total():,} statements {dict(statements)}")
    rows = await service.database.read(reminder_rows)
    size = sum(each.stat().st_size for each in Path(service.settings.state_dir).glob("rest.db*"))
    say(f"rows: {rows:,} reminders; database: {size / 1e6:.1f} MB")
    say(f"Temporal at rest: {await actions(calendar, REMINDER_CLOCK)} of one workflow that sleeps")


async def reminder_rows(session: Session) -> int:
    """Count the reminders."""
    return await session.scalar(select(func.count()).select_from(ReminderRow)) or 0


async def day_of(calendar: Calendar, due: int) -> None:
    """Remind of occasions that have their three moments in common; print Temporal's actions for each."""
    service = calendar.service
    await service.people.store_users([user(number) for number in range(USERS)])
    day = (NOW + timedelta(days=20)).date()
    given = [each.model_copy(update={"date": day, "repeats": Repeats.ONCE}) for each in occasions(due)]
    await service.occasions.store(given)
    await after_commits()
    total: Counter[str] = Counter()
    began = time.perf_counter()
    for number, offset in enumerate((7, 3, 1), 1):
        await calendar.reach(datetime(day.year, day.month, day.day, 9, tzinfo=UTC) - timedelta(days=offset))
        await eventually(lambda: service.database.read(sent), lambda found, most=number * due: found == most)
        await service.temporal_client.get_workflow_handle(consumer_of(SEND.name)).result()
        total += await actions(calendar, consumer_of(SEND.name))
    total += await actions(calendar, REMINDER_CLOCK)
    say(
        f"{due:,} occasions with three reminders each, sent in {time.perf_counter() - began:.1f} s: "
        f"{total.total()} actions {dict(total)}, {total.total() / due:.2f} an occasion"
    )


async def sent(session: Session) -> int:
    """Count the reminders that were sent."""
    query = select(func.count()).select_from(ReminderRow).where(ReminderRow.state == ReminderState.SENT)
    return await session.scalar(query) or 0


async def actions(calendar: Calendar, workflow_id: str) -> Counter[str]:
    """Count the actions of a workflow's newest run."""
    handle = calendar.service.temporal_client.get_workflow_handle(workflow_id)
    history = await handle.fetch_history()
    return Counter(ACTIONS[each.event_type] for each in history.events if each.event_type in ACTIONS)


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def main(count: int, due: int) -> None:
    """Measure both."""
    async with temporal_server_process() as address:
        for name in ("rest", "alone", "day"):
            with tempfile.TemporaryDirectory() as folder:
                database = Database(f"sqlite+aiosqlite:///{folder}/{name}.db")
                await upgrade(database)
                client = await own_namespace(address)
                opened = open_calendar(client, database, Path(folder), NOW)
                async with opened as calendar, calendar.service.worker():
                    if name == "rest":
                        await at_rest(calendar, count)
                    else:
                        await day_of(calendar, 1 if name == "alone" else due)
                await database.dispose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--occasions", type=int, default=100_000)
    parser.add_argument("--due", type=int, default=1_000)
    chosen = parser.parse_args()
    asyncio.run(main(chosen.occasions, chosen.due))
