"""The declared schedules on a real engine: what a sync brings, leaves and removes."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleDescription,
    ScheduleIntervalSpec,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
    WorkflowExecutionStatus,
)
from temporalio.common import RawValue

from mainspring.client.schedules import SCHEDULES, Every, Pause, Schedules, ScheduleUnknown
from mainspring.client.schedules.building import built
from mainspring.client.schedules.outcomes import last_tasks
from mainspring.client.schedules.views import schedule_view
from mainspring.client.schedules.words import skipped_text
from mainspring.config.settings import Settings
from mainspring.contracts.cards import RefreshDueAccounts
from mainspring.contracts.tasks import BeginTask, RelayTasks, StartKey, TaskState
from mainspring.gateways.temporal.payloads import OURS, WRITTEN_BY, plain
from mainspring.storage.ledger import TaskWriter
from mainspring.testing.eventually import eventually
from mainspring.workflows.cards import REFRESH_DUE_ACCOUNTS
from tests.service import Service

pytestmark = pytest.mark.schedules

SETTINGS = Settings()
NAMES = [row.id for row in SCHEDULES]


async def described(temporal_client: Client, name: str) -> ScheduleDescription:
    """Return a schedule as Temporal has it."""
    return await temporal_client.get_schedule_handle(name).describe()


async def listed(temporal_client: Client) -> set[str]:
    """Return the ids of all schedules in the namespace."""
    return {entry.id async for entry in await temporal_client.list_schedules()}


async def until_listed(temporal_client: Client, *names: str) -> None:
    """Wait until Temporal's list, which lags a little, has these."""
    await eventually(lambda: listed(temporal_client), lambda found: set(names) <= found)


async def a_foreign_schedule(temporal_client: Client, name: str) -> None:
    """Make a schedule as an operator does, with a job and a task queue of this service."""
    action = ScheduleActionStartWorkflow("relay-tasks", {}, id=name, task_queue="mainspring")
    spec = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(days=1))])
    await temporal_client.create_schedule(name, Schedule(action=action, spec=spec))


async def test_a_sync_creates_what_is_missing_and_then_touches_nothing(temporal_client: Client) -> None:
    """It runs at every start of every worker, and costs a read for each schedule, all at once."""
    schedules = Schedules(temporal_client, SETTINGS)

    first, second = await schedules.sync(), await schedules.sync()

    assert dict.fromkeys(NAMES, "created") == first
    assert dict.fromkeys(NAMES, "unchanged") == second
    assert {None} == {(await described(temporal_client, name)).info.last_updated_at for name in NAMES}


async def test_workers_that_start_at_once_do_not_get_in_each_others_way(temporal_client: Client) -> None:
    """One of them creates a schedule and one removes it; none of them fails."""
    outcomes = await asyncio.gather(*(Schedules(temporal_client, SETTINGS).sync() for _ in range(4)))
    await until_listed(temporal_client, *NAMES)
    fewer = await asyncio.gather(
        *(Schedules(temporal_client, SETTINGS, SCHEDULES[1:]).sync() for _ in range(4))
    )

    for name in NAMES:
        assert ["created", "unchanged", "unchanged", "unchanged"] == sorted(each[name] for each in outcomes)
    assert all({"removed"} == {each.get(NAMES[0], "removed")} for each in fewer)
    await eventually(lambda: listed(temporal_client), lambda found: found == set(NAMES[1:]))


async def test_a_changed_declaration_is_brought_to_the_engine(temporal_client: Client) -> None:
    """Only that one; and the operator's pause outlasts it."""
    before = Schedules(temporal_client, SETTINGS)
    await before.sync()
    await before.pause("relay-tasks", "moving house", by="alice")
    changed = tuple(
        replace(row, when=Every(timedelta(minutes=2))) if row.id == "relay-tasks" else row
        for row in SCHEDULES
    )

    became = await Schedules(temporal_client, SETTINGS, changed).sync()
    after = (await described(temporal_client, "relay-tasks")).schedule

    assert "updated: every 1 min -> every 2 min" == became["relay-tasks"]
    assert {"unchanged"} == {became[name] for name in NAMES if name != "relay-tasks"}
    assert [timedelta(minutes=2)] == [each.every for each in after.spec.intervals]
    assert (True, "paused by alice: moving house") == (after.state.paused, after.state.note)
    assert "unchanged" == (await Schedules(temporal_client, SETTINGS, changed).sync())["relay-tasks"]


async def test_what_is_declared_no_longer_is_removed_also_after_an_update(temporal_client: Client) -> None:
    """Whose a schedule is does not get lost."""
    await Schedules(temporal_client, SETTINGS).sync()
    changed = replace(SCHEDULES[0], when=Every(timedelta(minutes=2)))
    await Schedules(temporal_client, SETTINGS, (changed, *SCHEDULES[1:])).sync()
    await until_listed(temporal_client, *NAMES)

    became = await Schedules(temporal_client, SETTINGS, SCHEDULES[1:]).sync()

    assert dict.fromkeys(NAMES[1:], "unchanged") | {NAMES[0]: "removed"} == became
    await eventually(lambda: listed(temporal_client), lambda found: found == set(NAMES[1:]))


async def test_schedules_of_others_are_never_touched(temporal_client: Client) -> None:
    """Neither an operator's own, also under a name of ours, nor those of another task queue."""
    for name in ("nightly", "relay-tasks"):
        await a_foreign_schedule(temporal_client, name)
    other = Schedules(temporal_client, Settings(task_queue="other"), SCHEDULES[-1:])
    await other.sync()
    await until_listed(temporal_client, "nightly", "relay-tasks", NAMES[-1])
    ours = Schedules(temporal_client, SETTINGS)

    became = await ours.sync()
    became_without = await Schedules(temporal_client, SETTINGS, ()).sync()

    taken = "not touched: somebody else has a schedule of this name"
    assert {"relay-tasks": taken, NAMES[-1]: taken} == {k: v for k, v in became.items() if v != "created"}
    assert not {"nightly", "relay-tasks", NAMES[-1]} & set(became_without)
    assert {None} == {
        (await described(temporal_client, name)).info.last_updated_at
        for name in ("nightly", "relay-tasks", NAMES[-1])
    }
    assert [NAMES[-1]] == [each.id for each in await other.list()]
    assert not {"relay-tasks", NAMES[-1]} & {each.id for each in await ours.list()}


async def test_a_schedule_of_an_earlier_version_is_taken_over_with_its_pause(temporal_client: Client) -> None:
    """It had no mark that says whose it is; from now on it has one, and can be removed."""
    earlier = replace(SCHEDULES[0], timeout=timedelta(minutes=9)).as_set(SETTINGS)
    schedule = built(earlier, SETTINGS.task_queue)
    schedule.state.paused, schedule.state.note = True, "moving house"
    await temporal_client.create_schedule(earlier.id, schedule)
    schedules = Schedules(temporal_client, SETTINGS)

    became = await schedules.sync()
    paused, *_ = await schedules.list()

    assert ("updated", Pause(None, "moving house")) == (became[earlier.id], paused.pause)
    await eventually(lambda: Schedules(temporal_client, SETTINGS, ()).sync(), lambda gone: earlier.id in gone)


async def test_a_schedule_that_an_operator_has_resumed_stays_so(temporal_client: Client) -> None:
    """The list shows who paused it and why, and when the others run next."""
    schedules = Schedules(temporal_client, SETTINGS)
    assert [] == await schedules.list()
    await schedules.sync()
    await schedules.pause("relay-tasks", "moving house", by="alice")
    await schedules.sync()
    paused, *others = await schedules.list()
    await schedules.resume("relay-tasks", by="bob")
    await schedules.sync()
    resumed, *_ = await schedules.list()

    assert (Pause("alice", "moving house"), None) == (paused.pause, paused.next_run)
    assert (None, "resumed by bob") == (resumed.pause, resumed.note)
    assert NAMES == [paused.id, *(each.id for each in others)]
    assert all(each.next_run is not None for each in [resumed, *others])


async def test_a_schedule_that_was_changed_by_hand_is_left_until_its_declaration_changes(
    temporal_client: Client,
) -> None:
    """What an operator has done to the timing is not undone by the next start."""
    schedules = Schedules(temporal_client, SETTINGS)
    await schedules.sync()

    def hourly(given: ScheduleUpdateInput) -> ScheduleUpdate:
        changed = given.description.schedule
        changed.spec.intervals[0].every = timedelta(hours=1)
        return ScheduleUpdate(changed)

    await temporal_client.get_schedule_handle("relay-tasks").update(hourly)

    assert "unchanged" == (await schedules.sync())["relay-tasks"]


async def test_a_triggered_schedule_runs_at_once(service: Service) -> None:
    """Also a paused one; the list says how it ended, of housekeeping by what Temporal knows."""
    await service.schedules.sync()
    await service.schedules.pause("relay-tasks", "by hand only", by="alice")

    await service.schedules.trigger("relay-tasks")
    await service.until_listed("Completed")

    runs = [run async for run in service.temporal_client.list_workflows('WorkflowType="relay-tasks"')]
    assert 1 == len(runs)
    assert runs[0].id.startswith("schedule/relay-tasks-")
    # The schedule itself hears of the run's end only at its next firing.
    status = (await eventually(service.schedules.list, lambda all_: all_[0].last_run is not None))[0]
    assert status.last_run is not None
    assert (runs[0].id, None) == (status.last_run.workflow_id, status.last_run.task_id)
    assert WorkflowExecutionStatus.COMPLETED == status.last_run.status


async def test_the_outcome_of_a_job_is_the_one_of_its_task(service: Service) -> None:
    """The ledger is asked: a task may wait while its workflow runs."""
    settings = Settings(database_url=service.database.url.render_as_string(hide_password=False))
    await service.schedules.sync()
    assert {} == await last_tasks(settings, await service.schedules.list())

    await service.schedules.trigger("refresh-due-accounts")
    task = await service.wait((await service.first_task()).id)
    found = await eventually(service.schedules.list, lambda all_: all_[3].last_run is not None)

    assert {task.id: TaskState.SUCCESS} == {
        task_id: each.state for task_id, each in (await last_tasks(settings, found)).items()
    }


async def test_a_schedules_run_takes_the_key_as_any_other_start(service: Service) -> None:
    """While a task of the key is active no firing makes another one; a start finds the run of a schedule."""
    await service.schedules.sync()
    first = await service.jobs.start(REFRESH_DUE_ACCOUNTS, RefreshDueAccounts(), delay=timedelta(hours=1))
    await service.schedules.trigger("refresh-due-accounts")
    await service.until_listed("Completed")
    assert [first.id] == [task.id for task in await service.all_tasks()]
    found = await eventually(service.schedules.list, lambda all_: all_[3].last_run is not None)
    assert found[3].last_run is not None
    last = schedule_view(found[3], {})["last_run"]
    assert ("SKIPPED", str(first.id), None) == (last["outcome"], last["held_by"], last["task_id"])
    assert f"skipped: task {str(first.id)[:8]} holds the key" == skipped_text(found[3].last_run)
    await service.jobs.cancel(first.id)
    await service.wait(first.id)

    async with service.database.session.begin() as session:
        begun = await TaskWriter(session).begin(
            BeginTask(
                task_id=None,
                fallback_id=UUID(int=7),
                job="refresh-due-accounts",
                workflow_id="schedule/refresh-due-accounts-2027",
                run_id="r",
                input={},
                triggered_by="schedule refresh-due-accounts",
                key=StartKey(key="refresh-due-accounts/all"),
            ),
            now=service.clock.now(),
        )
    again = await service.jobs.start(REFRESH_DUE_ACCOUNTS, RefreshDueAccounts())

    assert (UUID(int=7), None) == (begun.task_id, begun.held_by)
    assert (UUID(int=7), True) == (again.id, again.deduplicated)


async def test_a_schedule_of_an_earlier_release_learns_its_key(temporal_client: Client) -> None:
    """Its declaration is the same: what an operator has done to its timing stays."""
    keyless = tuple(replace(row, key=None) for row in SCHEDULES)
    await Schedules(temporal_client, SETTINGS, keyless).sync()
    schedules = Schedules(temporal_client, SETTINGS)

    outcomes, second = await schedules.sync(), await schedules.sync()

    keyed = {row.id for row in SCHEDULES if row.key is not None}
    assert dict.fromkeys(keyed, "updated: its runs take the key of the job") == {
        name: outcome for name, outcome in outcomes.items() if outcome != "unchanged"
    }
    assert dict.fromkeys(NAMES, "unchanged") == second


async def test_an_input_of_an_earlier_release_is_marked(temporal_client: Client) -> None:
    """Its unknown fields are left out from then on; what somebody has written by hand stays as it is."""
    await Schedules(temporal_client, SETTINGS).sync()
    schedules = Schedules(temporal_client, SETTINGS)

    async def write(name: str, given: RawValue) -> None:
        def changed(update: ScheduleUpdateInput) -> ScheduleUpdate:
            action = update.description.schedule.action
            assert isinstance(action, ScheduleActionStartWorkflow)
            action.args = [given.payload]
            return ScheduleUpdate(update.description.schedule)

        await temporal_client.get_schedule_handle(name).update(changed)

    await write("relay-tasks", plain(RelayTasks()))
    await write("reconcile-tasks", plain({"since": "2026-01-01T00:00:00Z"}))
    outcomes, second = await schedules.sync(), await schedules.sync()

    expected = dict.fromkeys(NAMES, "unchanged")
    assert expected | {"relay-tasks": "updated: its input says that it is ours"} == outcomes
    assert expected == second
    action = (await described(temporal_client, "relay-tasks")).schedule.action
    assert isinstance(action, ScheduleActionStartWorkflow)
    assert [OURS] == [each.metadata[WRITTEN_BY] for each in action.args]


async def test_an_unknown_schedule_lists_the_known_ones(temporal_client: Client) -> None:
    """Whoever mistypes a name sees the right one."""
    with pytest.raises(ScheduleUnknown, match="relay-tasks, process-overdue-reminders, reconcile-tasks"):
        await Schedules(temporal_client, SETTINGS).trigger("relay")
