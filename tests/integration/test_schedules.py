"""The declared schedules on a real engine."""

from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.client import Client, Schedule, ScheduleUpdate, ScheduleUpdateInput

from client.schedules import SCHEDULES, Schedules, ScheduleUnknown
from tests.service import Service

NAMES = [row.id for row in SCHEDULES]


async def described(temporal: Client, name: str) -> Schedule:
    """Return a schedule as Temporal has it."""
    return (await temporal.get_schedule_handle(name).describe()).schedule


async def updates(temporal: Client) -> list[object]:
    """Return when each schedule was last updated; None for never."""
    return [(await temporal.get_schedule_handle(name).describe()).info.last_updated_at for name in NAMES]


async def test_a_sync_creates_what_is_missing_and_then_touches_nothing(temporal: Client) -> None:
    """It runs at every start of every worker, and costs three reads."""
    schedules = Schedules(temporal, "mainspring")

    first, second = await schedules.sync(), await schedules.sync()

    assert dict.fromkeys(NAMES, "created") == first
    assert dict.fromkeys(NAMES, "unchanged") == second
    assert [None] * len(NAMES) == await updates(temporal)


async def test_a_changed_declaration_is_brought_to_the_engine(temporal: Client) -> None:
    """Only that one; and the operator's pause and note outlast it."""
    before = Schedules(temporal, "mainspring")
    await before.sync()
    await before.pause("relay-tasks", "moving house")
    changed = tuple(
        replace(row, every=timedelta(minutes=2)) if row.id == "relay-tasks" else row for row in SCHEDULES
    )

    became = await Schedules(temporal, "mainspring", changed).sync()
    after = await described(temporal, "relay-tasks")

    assert "updated" == became["relay-tasks"]
    assert {"unchanged"} == {became[name] for name in NAMES if name != "relay-tasks"}
    assert [timedelta(minutes=2)] == [each.every for each in after.spec.intervals]
    assert (True, "moving house") == (after.state.paused, after.state.note)
    assert "unchanged" == (await Schedules(temporal, "mainspring", changed).sync())["relay-tasks"]


async def test_a_schedule_that_an_operator_has_resumed_stays_so(temporal: Client) -> None:
    """The list shows who is paused and why, and when the others run next."""
    schedules = Schedules(temporal, "mainspring")
    assert [] == await schedules.list()
    await schedules.sync()
    await schedules.pause("relay-tasks", "moving house")
    paused, *others = await schedules.list()
    await schedules.resume("relay-tasks")
    await schedules.sync()
    resumed, *_ = await schedules.list()

    assert (True, "moving house", None) == (paused.is_paused, paused.note, paused.next_run)
    assert (False, "resumed") == (resumed.is_paused, resumed.note)
    assert NAMES == [paused.id, *(each.id for each in others)]
    assert all(each.next_run is not None for each in [resumed, *others])


async def test_a_schedule_that_was_changed_by_hand_is_left_until_its_declaration_changes(
    temporal: Client,
) -> None:
    """What an operator has done to the timing is not undone by the next start."""
    schedules = Schedules(temporal, "mainspring")
    await schedules.sync()

    def hourly(given: ScheduleUpdateInput) -> ScheduleUpdate:
        changed = given.description.schedule
        changed.spec.intervals[0].every = timedelta(hours=1)
        return ScheduleUpdate(changed)

    await temporal.get_schedule_handle("relay-tasks").update(hourly)

    assert "unchanged" == (await schedules.sync())["relay-tasks"]


async def test_a_triggered_schedule_runs_at_once(service: Service) -> None:
    """Also a paused one."""
    await service.schedules.sync()
    await service.schedules.pause("relay-tasks", "by hand only")

    await service.schedules.trigger("relay-tasks")
    await service.until_listed("Completed")

    runs = [run async for run in service.temporal.list_workflows('WorkflowType="relay-tasks"')]
    assert 1 == len(runs)
    assert runs[0].id.startswith("schedule/relay-tasks-")


async def test_an_unknown_schedule_lists_the_known_ones(temporal: Client) -> None:
    """Whoever mistypes a name sees the right one."""
    with pytest.raises(ScheduleUnknown, match="relay-tasks, reconcile-tasks, refresh-due-accounts"):
        await Schedules(temporal, "mainspring").trigger("relay")
