"""`mainspring demo`: from nothing to a finished run in one command."""

import re

import pytest

from mainspring.workflows.cards import ACCOUNT_JOBS
from tests.acceptance.command_line import CommandLine, TaskDone, processes_about

JOBS = [job.name for job in ACCOUNT_JOBS]

# job, state, what was done, API calls, Temporal events
ROW = re.compile(rf"^({'|'.join(JOBS)}) +SUCCESS +(.+?) +(\d+) +(\d+) *$", re.MULTILINE)

# job, state, wishes checked, notified, mails, Temporal events
CHECK = re.compile(r"^(wishlist-[a-z-]+) +SUCCESS +(\d+) +(\d+) +(\d+) +(\d+) *$", re.MULTILINE)
MAILS = re.compile(r"^(\d+) mails arrived, (\d+) are noted as sent$", re.MULTILINE)


@pytest.fixture(scope="module")
def command_lines(tmp_path_factory: pytest.TempPathFactory) -> list[CommandLine]:
    """Give two state directories."""
    return [CommandLine(tmp_path_factory.mktemp("demo") / "var") for _ in range(2)]


@pytest.fixture(scope="module")
def first_runs(command_lines: list[CommandLine]) -> list[TaskDone]:
    """Run the demonstration in both directories at the same time."""
    one, other = command_lines
    with one.started("demo") as here, other.started("demo") as there:
        said = [process.communicate(timeout=100) for process in (here, there)]
    return [TaskDone(process.returncode, *each) for process, each in zip((here, there), said, strict=True)]


def test_two_beside_each_other_both_succeed(first_runs: list[TaskDone]) -> None:
    """Ports and files are each one's own."""
    assert [0, 0] == [done.code for done in first_runs], first_runs


def test_it_shows_what_each_job_did_and_cost(first_runs: list[TaskDone]) -> None:
    """A line for each job: its end, what was done, how many API calls and Temporal events it took."""
    rows = ROW.findall(first_runs[0].out)
    assert JOBS == [job for job, *_ in rows]
    assert ["1", "6"] == [rows[0][2], rows[2][2]]  # one page of sets; 600 variants by the hundred
    assert all(0 < int(events) < 60 for *_, events in rows)


def test_it_shows_where_to_look(first_runs: list[TaskDone], command_lines: list[CommandLine]) -> None:
    """The Web UI's address and the database's are printed, also after the end."""
    assert 2 == len(re.findall(r"Web UI (?:was at )?http://127\.0\.0\.1:\d+", first_runs[0].out))
    assert str(command_lines[0].state_dir / "demo" / "mainspring.db") in first_runs[0].out


def test_it_keeps_to_the_plan(first_runs: list[TaskDone]) -> None:
    """As many calls as the emulator counted in its busiest minute, and no more than the plan allows."""
    (most,) = re.findall(r"at most 50 calls a minute allowed, (\d+) were made", first_runs[0].out)
    assert 0 < int(most) <= 50


def test_it_shows_the_mails_of_the_wishlist_checks(
    first_runs: list[TaskDone], command_lines: list[CommandLine]
) -> None:
    """As many arrived as the checks planned and the ledger says; one of each kind is kept to be looked at."""
    checks = CHECK.findall(first_runs[0].out)
    ((arrived, sent),) = MAILS.findall(first_runs[0].out)
    assert ["wishlist-sale-check", "wishlist-stock-check"] == [job for job, *_ in checks]
    assert int(arrived) == int(sent) >= 200
    assert all(0 < int(mails) <= int(notified) <= int(checked) for _, checked, notified, mails, _ in checks)
    assert all(int(events) < 60 for *_, events in checks)
    folder = command_lines[0].state_dir / "demo" / "mails"
    pages = list(folder.glob("*.html"))
    assert {"back-in-stock.html", "digest.html", "sale.html"} == {each.name for each in pages}
    assert all("Unsubscribe" in each.read_text() for each in pages)
    assert int(arrived) == len(list(folder.glob("*.eml")))


@pytest.mark.usefixtures("first_runs")
def test_a_second_run_says_that_nothing_was_due(command_lines: list[CommandLine]) -> None:
    """What was fetched a moment ago is not fetched again; and nothing is left running."""
    done = command_lines[0].run("demo")
    assert 0 == done.code
    assert [(job, "nothing was due", "0") for job in JOBS] == [row[:3] for row in ROW.findall(done.out)]
    assert [("0", "0"), ("0", "0")] == [
        (notified, mails) for _, _, notified, mails, _ in CHECK.findall(done.out)
    ]
    ((arrived, sent),) = MAILS.findall(done.out)
    assert "0" == arrived
    assert f"nobody is told twice: all {sent} were told before" in done.out
    assert [[], []] == [processes_about(each.state_dir) for each in command_lines]
