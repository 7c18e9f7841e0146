"""What follows from what became of a pooled task."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from mainspring.activities.runtime.queue import NotYet
from mainspring.activities.runtime.queue.results import verdict_of
from mainspring.activities.runtime.retry import USUAL, Patience
from mainspring.contracts.tasks import TaskState
from mainspring.gateways.errors import Refused, Unreachable
from mainspring.storage.ledger.pool import ClaimedTask
from mainspring.storage.ledger.settling import Verdict

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
AWAY, NO = Unreachable(service="shop"), Refused(service="shop")


def judged(
    *outcomes: tuple[Exception, timedelta], patience: Patience = USUAL, begun: Verdict | None = None
) -> list[Verdict]:
    """Return the verdicts on a row that fares so, each at a time after noon."""
    last = begun or Verdict(UUID(int=1), TaskState.RUNNING)
    verdicts = []
    for attempt, (outcome, after) in enumerate(outcomes, 1):
        row = ClaimedTask(last.id, {}, attempt, last.failures, last.own_failures, last.failing_since)
        last = verdict_of(row, outcome, patience=patience, step="test", now=NOON + after)
        verdicts.append(last)
    return verdicts


def test_the_worlds_hour_begins_with_its_first_failure() -> None:
    """A row that was claimed before a long outage is tried for an hour, too; one of its own says nothing."""
    verdicts = judged((NO, 0 * HOUR), (AWAY, 5 * HOUR), (AWAY, 6 * HOUR))

    assert [TaskState.RUNNING, TaskState.RUNNING, TaskState.FAILED] == [each.state for each in verdicts]
    assert [None, NOON + 5 * HOUR, NOON + 5 * HOUR] == [each.failing_since for each in verdicts]


def test_where_all_failures_are_tried_for_a_time_it_begins_with_the_first_of_any_kind() -> None:
    """A refusal counts like an outage."""
    patience = Patience(own_attempts=None, world=24 * HOUR)

    verdicts = judged((NO, 3 * HOUR), (AWAY, 26 * HOUR), (NO, 27 * HOUR), patience=patience)

    assert [TaskState.RUNNING, TaskState.RUNNING, TaskState.FAILED] == [each.state for each in verdicts]


def test_a_task_that_is_put_off_has_not_failed() -> None:
    """It keeps what it has behind it, and nothing is written to its log."""
    (failed,) = judged((AWAY, 0 * HOUR))

    (put_off,) = judged((NotYet(NOON + 2 * HOUR), HOUR), begun=failed)

    assert (
        Verdict(failed.id, TaskState.RUNNING, next_attempt_at=NOON + 2 * HOUR, failures=1, failing_since=NOON)
        == put_off
    )
