"""`mainspring demo`: from nothing to a finished run in one command."""

import re
from pathlib import Path

import pytest

from mainspring.workflows.cards import ACCOUNT_JOBS
from tests.acceptance.command_line import CommandLine, TaskDone, processes_about

JOBS = [job.name for job in ACCOUNT_JOBS]

# job, state, what was done, API calls, Temporal events
ROW = re.compile(rf"^({'|'.join(JOBS)}) +SUCCESS +(.+?) +(\d+) +(\d+) *$", re.MULTILINE)

# job, state, wishes checked, notified, mails, Temporal events
CHECK = re.compile(r"^(wishlist-[a-z-]+) +SUCCESS +(\d+) +(\d+) +(\d+) +(\d+) *$", re.MULTILINE)
MAILS = re.compile(r"^(\d+) mails arrived, (\d+) are noted as sent$", re.MULTILINE)


def test_a_first_run_shows_what_was_done_and_a_second_that_nothing_was_due(
    bare_command_line: CommandLine,
) -> None:
    """One start in a fresh directory, and one more in the same."""
    command_line = bare_command_line
    first = command_line.run("demo")
    assert 0 == first.code, first
    check_jobs(first)
    check_where_to_look(first, command_line)
    check_plan(first)
    check_mails(first, command_line)

    check_second_run(command_line.run("demo"))
    assert [] == processes_about(command_line.state_dir)


@pytest.mark.drill
def test_two_beside_each_other_both_succeed(tmp_path: Path) -> None:
    """Ports and files are each one's own, from the first moment of a fresh directory on."""
    one, other = (CommandLine(tmp_path / name / "var") for name in ("one", "other"))
    for each in (one, other):
        each.state_dir.parent.mkdir()
    with one.started("demo") as here, other.started("demo") as there:
        said = [process.communicate(timeout=100) for process in (here, there)]
    assert [0, 0] == [process.returncode for process in (here, there)], said
    assert [[], []] == [processes_about(each.state_dir) for each in (one, other)]


def check_jobs(first: TaskDone) -> None:
    """See a line for each job: its end, what was done, how many API calls and Temporal events it took."""
    rows = ROW.findall(first.out)
    assert JOBS == [job for job, *_ in rows]
    assert ["1", "6"] == [rows[0][2], rows[2][2]]  # one page of sets; 600 variants by the hundred
    assert all(0 < int(events) < 60 for *_, events in rows)


def check_where_to_look(first: TaskDone, command_line: CommandLine) -> None:
    """See that the Web UI's address and the database's are printed, also after the end."""
    assert 2 == len(re.findall(r"Web UI (?:was at )?http://127\.0\.0\.1:\d+", first.out))
    assert str(command_line.state_dir / "demo" / "mainspring.db") in first.out


def check_plan(first: TaskDone) -> None:
    """See as many calls as the emulator counted in its busiest minute, no more than the plan allows."""
    (most,) = re.findall(r"at most 50 calls a minute allowed, (\d+) were made", first.out)
    assert 0 < int(most) <= 50


def check_mails(first: TaskDone, command_line: CommandLine) -> None:
    """See that as many arrived as were planned and are noted; one of each kind is kept to be looked at."""
    checks = CHECK.findall(first.out)
    ((arrived, sent),) = MAILS.findall(first.out)
    assert ["wishlist-sale-check", "wishlist-stock-check"] == [job for job, *_ in checks]
    assert int(arrived) == int(sent) >= 200
    assert all(0 < int(mails) <= int(notified) <= int(checked) for _, checked, notified, mails, _ in checks)
    assert all(int(events) < 60 for *_, events in checks)
    folder = command_line.state_dir / "demo" / "mails"
    pages = list(folder.glob("*.html"))
    assert {"back-in-stock.html", "digest.html", "sale.html"} == {each.name for each in pages}
    assert all("Unsubscribe" in each.read_text() for each in pages)
    assert int(arrived) == len(list(folder.glob("*.eml")))


def check_second_run(done: TaskDone) -> None:
    """See that what was fetched a moment ago is not fetched again, and nobody is told twice."""
    assert 0 == done.code
    assert [(job, "nothing was due", "0") for job in JOBS] == [row[:3] for row in ROW.findall(done.out)]
    assert [("0", "0"), ("0", "0")] == [
        (notified, mails) for _, _, notified, mails, _ in CHECK.findall(done.out)
    ]
    ((arrived, sent),) = MAILS.findall(done.out)
    assert "0" == arrived
    assert f"nobody is told twice: all {sent} were told before" in done.out
