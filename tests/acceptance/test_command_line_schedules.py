"""`mainspring schedules`, `doctor`, `db`, and settings that cannot be used."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mainspring.client.schedules import SCHEDULES
from mainspring.contracts.tasks import TaskFilter, TaskState
from tests.acceptance.command_line import CommandLine
from tests.acceptance.running_service import RunningService, running_service


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """Run a service for the doctor's tests alone: it finds the failed tasks of every other test, too."""
    with running_service(CommandLine(tmp_path_factory.mktemp("undisturbed") / "var")) as service:
        yield service


def test_a_running_service_has_its_schedules(running: RunningService) -> None:
    """The worker brings them; bringing them once more changes nothing."""
    shown = running.command_line.succeed("schedules", "list")
    assert all(f"\n{row.id} " in shown and row.when.words() in shown for row in SCHEDULES)
    listed = {each["id"]: each for each in running.command_line.json("schedules", "list")}
    assert [row.id for row in SCHEDULES] == list(listed)
    assert all(listed[row.id]["summary"] == row.summary for row in SCHEDULES)
    synced = running.command_line.succeed("schedules", "sync")
    assert [f"{row.id}: unchanged" for row in SCHEDULES] == synced.splitlines()


def test_a_schedule_is_paused_with_a_reason_triggered_and_resumed(running: RunningService) -> None:
    """A pause is the operator's: a sync leaves it, and a trigger runs the job all the same."""
    began = datetime.now(UTC) - timedelta(seconds=1)
    schedule = "refresh-due-accounts"

    def status() -> dict[str, Any]:
        listed: list[dict[str, Any]] = running.command_line.json("schedules", "list")
        return next(each for each in listed if each["id"] == schedule)

    running.command_line.succeed("schedules", "pause", schedule, "--reason", "stocktaking", "--by", "alice")
    running.command_line.succeed("schedules", "sync")
    assert {"by": "alice", "reason": "stocktaking", "switched_off_by": None} == status()["paused"]
    assert "alice: stocktaking" in running.command_line.succeed("schedules", "list")
    running.command_line.succeed("schedules", "trigger", schedule)
    started = running.until(
        lambda: running.ask(lambda service: service.tasks.find(TaskFilter(job=schedule), limit=1)),
        is_so=bool,
    )[0]
    assert ("schedule refresh-due-accounts", True) == (started.triggered_by, started.created_at > began)
    running.until(lambda: running.task(started.id), lambda task: task.state is TaskState.SUCCESS)
    last = running.until(status, lambda found: found["last_run"] is not None)["last_run"]
    assert (str(started.id), "SUCCESS") == (last["task_id"], last["outcome"])
    assert f"{schedule}: resumed" == running.command_line.succeed("schedules", "resume", schedule)
    assert status()["paused"] is None
    again = running.command_line.succeed("schedules", "resume", schedule)
    assert f"{schedule}: is not paused: it runs" == again


@pytest.mark.parametrize("reason", [(), ("--reason", " "), ("--reason", "x" * 201)])
def test_a_pause_needs_a_reason_of_a_line(reason: tuple[str, ...], running: RunningService) -> None:
    """Who finds a paused schedule in a month wants to know why."""
    done = running.command_line.run("schedules", "pause", "sweep-scratch", *reason)
    assert (2, "") == (done.code, done.out)
    assert "--reason" in done.err


def test_a_backfill_says_what_it_would_run_and_runs_it(running: RunningService) -> None:
    """A dry run starts nothing; times without a zone are in the schedule's own."""
    times = ("--from", "2026-01-01T00:30", "--to", "2026-01-01T02:00Z")
    command = ("schedules", "backfill", "refresh-due-accounts", *times)

    dry = running.command_line.succeed(*command, "--dry-run").splitlines()
    assert ["2026-01-01 01:00 UTC", "2026-01-01 02:00 UTC"] == [line.partition(",")[0] for line in dry[:2]]
    assert ["refresh-due-accounts: 2 runs would start"] == dry[2:]
    done = running.command_line.succeed(*command)
    assert "refresh-due-accounts: 2 runs will start, one after another" == done

    def ids() -> set[str]:
        tasks = running.ask(lambda service: service.tasks.find(TaskFilter(job="refresh-due-accounts")))
        return {task.workflow_id for task in tasks}

    expected = {f"schedule/refresh-due-accounts-2026-01-01T0{hour}:00:00Z" for hour in (1, 2)}
    running.until(ids, lambda found: expected <= found)


def test_a_preview_lists_what_is_going_to_run(running: RunningService) -> None:
    """The frequent ones are counted by the day; one that is asked for alone is not."""
    command = ("schedules", "preview", "--from", "2027-03-01T00:30Z", "--days", "1")
    entries = running.command_line.json(*command)
    counts = {(each["schedule"], each["firings"]) for each in entries if each["at"].startswith("2027-03-01")}
    assert {("relay-tasks", 1_410), ("refresh-due-accounts", 1)} <= counts
    assert len(running.command_line.json(*command, "relay-tasks")) == 1_441
    assert "relay-tasks" in running.command_line.succeed(*command)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--from", "yesterday", "--to", "2026-01-02"), "--from: 'yesterday' is not accepted"),
        (("--from", "2026-01-02", "--to", "2026-01-01"), "--from is after --to"),
        (("--from", "2026-01-02", "--to", "2999-01-01"), "only what is past can be made up for"),
    ],
)
def test_a_backfill_that_makes_no_sense_exits_with_2(
    arguments: tuple[str, ...], complaint: str, running: RunningService
) -> None:
    """What was given, and what would be right."""
    done = running.command_line.run("schedules", "backfill", "sweep-scratch", *arguments)
    assert (2, "") == (done.code, done.out)
    assert complaint in done.err


def test_an_unknown_schedule_lists_the_known_ones(running: RunningService) -> None:
    """As everywhere: what was given, and what would be right."""
    done = running.command_line.run("schedules", "trigger", "reconcile")
    assert 2 == done.code
    assert "no schedule is called 'reconcile'; known schedules: relay-tasks, process-overdue" in done.err


def test_schedules_need_the_engine_and_say_so(command_line: CommandLine) -> None:
    """Without a Temporal server: exit code 3, what was tried, and what to do; no traceback."""
    done = command_line.run("schedules", "list")
    assert (3, "") == (done.code, done.out)
    assert "mainspring up" in done.err
    assert "Traceback" not in done.err


def test_the_doctor_finds_a_running_service_well(undisturbed: RunningService) -> None:
    """Every part is found where the running process has it, the emulator among them."""
    done = undisturbed.command_line.run("doctor")
    parts = [
        *("settings", "encryption key", "disk", "database", "Temporal", "worker", "schedules", "JustTCG"),
        *("mail server", "Claude", "embeddings", "object store", "effects in doubt", "failed tasks"),
    ]
    assert (0, "") == (done.code, done.err)
    lines = [line for line in done.out.splitlines() if line.startswith(("✓", "✗"))]
    assert len(parts) == len(lines)
    assert all(line.startswith(f"✓  {part} ") for part, line in zip(parts, lines, strict=True)), done.out
    assert f"{undisturbed.justtcg_url} answers; a default key is set (emulator)" in done.out
    told = undisturbed.command_line.json("doctor", "--json")
    assert parts == [each["part"] for each in told if each["level"] == "well"]


def test_the_doctor_has_a_remedy_for_everything_that_is_missing(bare_command_line: CommandLine) -> None:
    """Nothing runs: each fault is named with what to do about it, and the exit code is 1."""
    # A port where nobody listens, as neither Temporal nor the vendor is there.
    nowhere = "http://127.0.0.1:9/v1"
    done = bare_command_line.setting(
        MAINSPRING_ENGINE_PORT="9",
        MAINSPRING_JUSTTCG_URL=nowhere,
        MAINSPRING_MEDIA_SOURCE_DIR="/no/such/folder",
    ).run("doctor")
    assert 1 == done.code
    remedies = {
        "video sources": "there is no such directory: correct MAINSPRING_MEDIA_SOURCE_DIR",
        "database": "run `mainspring db upgrade`",
        "Temporal": "run `mainspring up`, or correct TEMPORAL_ADDRESS",
        "JustTCG": "correct MAINSPRING_JUSTTCG_URL, or wait until it is back",
    }
    for part, remedy in remedies.items():
        (line,) = [line for line in done.out.splitlines() if line.startswith(f"✗  {part} ")]
        assert line.rstrip().endswith(remedy)
    assert "Temporal does not answer at 127.0.0.1:9 (Connection refused)" in done.out


@pytest.mark.parametrize(
    "url", ["sqlite+aiosqlite:////no/such/folder/mainspring.db", "postgresql+asyncpg://nobody@127.0.0.1:9/x"]
)
def test_the_doctor_examines_the_rest_when_the_database_is_out_of_reach(
    url: str, command_line: CommandLine
) -> None:
    """A file that cannot be opened, a server that is not there: a remedy, no traceback."""
    done = command_line.setting(MAINSPRING_DATABASE_URL=url, MAINSPRING_ENGINE_PORT="9").run("doctor")
    assert (1, "") == (done.code, done.err)
    assert "start it, or correct MAINSPRING_DATABASE_URL" in done.out
    assert "JustTCG" in done.out


def test_the_doctor_costs_no_request_of_the_quota(undisturbed: RunningService) -> None:
    """Who runs it every minute has all of the day's requests left."""
    before = len(undisturbed.calls())
    undisturbed.command_line.succeed("doctor")
    assert [("MISSING_API_KEY", False)] == [
        (c["code"], c["is_counted"]) for c in undisturbed.calls()[before:]
    ]


def test_the_database_is_upgraded_once(bare_command_line: CommandLine) -> None:
    """A second upgrade finds nothing to do, and says so."""
    assert "the database was upgraded" == bare_command_line.succeed("db", "upgrade")
    assert "the database is up to date" == bare_command_line.succeed("db", "upgrade")


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        (
            "MAINSPRING_ENGIN_PORT",
            "7233",
            "MAINSPRING_ENGIN_PORT: there is no such setting; did you mean MAINSPRING_ENGINE_PORT?",
        ),
        ("MAINSPRING_LOG_LEVEL", "loud", "MAINSPRING_LOG_LEVEL=loud: "),
        ("MAINSPRING_STATE_DIR", "/dev/null", "MAINSPRING_STATE_DIR=/dev/null: Input should be a directory"),
        (
            "WISHLIST_TIMEZONE",
            "Mars/Base",
            "WISHLIST_TIMEZONE=Mars/Base: 'Mars/Base' is not an IANA time zone",
        ),
    ],
)
def test_settings_that_cannot_be_used_exit_with_2(
    variable: str, value: str, complaint: str, command_line: CommandLine
) -> None:
    """A mistyped name does not silently mean the default."""
    done = command_line.setting(**{variable: value}).run("tasks", "list")
    assert (2, "") == (done.code, done.out)
    assert complaint in done.err
