"""`mainspring tasks`: looking at the ledger, following, cancelling and retrying."""

import signal
from dataclasses import dataclass
from uuid import UUID

import pytest

from mainspring.contracts.tasks import TaskState
from tests.acceptance.running_service import RunningService

PRICES = "update-inventory-prices"
WAITS_FOR = "waiting for the daily quota of JustTCG until"


@dataclass(frozen=True)
class Ledger:
    """A task of each kind: one that has succeeded, and one that waits for tomorrow's quota."""

    done: str
    waiting: str


@pytest.fixture(scope="module")
def ledger(running: RunningService) -> Ledger:
    """Put the tasks there."""
    running.add_account("Finished", plan="Starter")
    done = running.command_line.json("run", PRICES, "--account", "Finished")
    return Ledger(done["id"], str(running.start_one_that_waits("Waiting").id))


def test_the_list_shows_why_a_task_waits(running: RunningService, ledger: Ledger) -> None:
    """What is it waiting for, and until when: the question that a queue never answered."""
    shown = running.command_line.succeed("tasks", "list")
    (row,) = [line for line in shown.splitlines() if line.startswith(f"{ledger.waiting[:8]}  {PRICES}")]
    assert "WAITING 50 %" in row
    assert f"{ledger.waiting[:8]}  {WAITS_FOR}" in shown


def test_the_list_is_filtered(running: RunningService, ledger: Ledger) -> None:
    """By state, by job, and by how many; the newest first."""
    listed = ("tasks", "list", "--state", "SUCCESS", "--state", "WAITING", "--job", PRICES)
    found = running.command_line.json(*listed)
    ids = [task["id"] for task in found]
    assert ids.index(ledger.waiting) < ids.index(ledger.done)
    assert {"SUCCESS", "WAITING"} == {task["state"] for task in found}
    assert [] == running.command_line.json("tasks", "list", "--job", "sync-tracked-sets")
    assert ids[:1] == [task["id"] for task in running.command_line.json(*listed, "--limit", "1")]
    below = running.command_line.json("tasks", "list", "--state", "success", "--before", ledger.waiting)
    assert ledger.done in [task["id"] for task in below]
    assert ledger.waiting not in [task["id"] for task in below]


def test_a_task_is_shown_by_the_beginning_of_its_id(running: RunningService, ledger: Ledger) -> None:
    """With its input, its progress and its reason; nobody types 36 characters."""
    shown = running.command_line.succeed("tasks", "show", ledger.waiting[:8].upper())
    assert ["task", ledger.waiting] in [line.split() for line in shown.splitlines()]
    assert "50 % (20 of 40)" in shown
    assert WAITS_FOR in shown
    done = running.command_line.json("tasks", "show", ledger.done[:13])
    assert (ledger.done, "SUCCESS", 100, 40) == (
        done["id"],
        done["state"],
        done["progress"],
        done["processed"],
    )


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("show", "0" * 8), "no task has an id that is or begins with '00000000'"),
        (("watch", "tomorrow"), "no task has an id that is or begins with 'tomorrow'"),
        (("show", "0" * 33), f"no task has an id that is or begins with '{'0' * 33}'"),
        (("cancel", "abc"), "'abc': at least 4 characters of its id are needed"),
        (("list", "--job", "sync-sets"), "did you mean 'sync-tracked-sets'?"),
        (("list", "--state", "DONE"), "'DONE' is not one of"),
    ],
)
def test_what_is_unknown_exits_with_2(
    arguments: tuple[str, ...], complaint: str, running: RunningService
) -> None:
    """The message repeats what was asked for."""
    done = running.command_line.run("tasks", *arguments)
    assert (2, "") == (done.code, done.out)
    assert complaint in done.err


def test_only_a_failed_or_cancelled_task_is_retried(running: RunningService, ledger: Ledger) -> None:
    """A success has nothing to retry."""
    done = running.command_line.run("tasks", "retry", ledger.done)
    assert 2 == done.code
    assert f"task {ledger.done} is SUCCESS: only a FAILED or CANCELLED one can be retried" in done.err


def test_a_finished_task_has_nothing_to_cancel(running: RunningService, ledger: Ledger) -> None:
    """The answer says why nothing was done; it is not what was asked for."""
    done = running.command_line.run("tasks", "cancel", ledger.done)
    assert (1, f"{PRICES} SUCCESS already: there is nothing to cancel\n") == (done.code, done.out)


def test_whoever_stops_watching_leaves_the_task_alone(running: RunningService, ledger: Ledger) -> None:
    """Ctrl-C ends the looking, not the work, and says so."""
    with running.command_line.started("tasks", "watch", ledger.waiting) as watching:
        assert watching.stdout is not None
        assert f"{PRICES} WAITING daily quota of JustTCG\n" == watching.stdout.readline()
        watching.send_signal(signal.SIGINT)
        out, err = watching.communicate(timeout=20)
    assert (130, "") == (watching.returncode, err)
    assert "the task goes on" in out
    assert TaskState.WAITING is running.task(UUID(ledger.waiting)).state


def test_a_task_is_cancelled_and_retried(running: RunningService) -> None:
    """Cancelled, it ends as CANCELLED for whoever watches; retried, it is a new task that does the rest."""
    task = running.start_one_that_waits("Changeable")
    with running.command_line.started("tasks", "watch", str(task.id)) as watching:
        assert watching.stdout is not None
        watching.stdout.readline()
        cancelled = running.command_line.run("tasks", "cancel", str(task.id)[:8])
        out, _ = watching.communicate(timeout=20)
    assert (0, True) == (cancelled.code, f"{PRICES} CANCELLED" in cancelled.out)
    assert (1, True) == (watching.returncode, f"{PRICES} CANCELLED" in out)
    assert (TaskState.CANCELLED, 20) == (running.task(task.id).state, running.task(task.id).processed)

    running.order("keys", {"key": "Changeable", "plan": "Starter"})
    running.command_line.succeed("cards", "set-plan", "Changeable", "Starter")
    retried = running.command_line.run("tasks", "retry", str(task.id))
    new = running.newest(PRICES)
    assert (0, TaskState.SUCCESS, task.id) == (retried.code, new.state, new.retry_of)
    assert new.result is not None
    assert 20 == new.result["updated"]
