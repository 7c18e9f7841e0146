"""What follows from what became of a pooled task."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from mainspring.activities.runtime.queue import Snooze
from mainspring.activities.runtime.queue.results import acknowledgement_of
from mainspring.activities.runtime.retry import DEFAULT_RETRY, RetryPolicy
from mainspring.activities.webhooks import DELIVERY
from mainspring.contracts.tasks import TaskState
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.gateways.errors import Refused, Unreachable
from mainspring.storage.ledger import Acknowledgement, ClaimedRow

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
AWAY, NO = Unreachable(service="shop"), Refused(service="shop")


def acknowledged(
    *results: tuple[Exception, timedelta],
    retry: RetryPolicy = DEFAULT_RETRY,
    begun: Acknowledgement | None = None,
) -> list[Acknowledgement]:
    """Return the acknowledgements on a row that fares so, each at a time after noon."""
    last = begun or Acknowledgement(UUID(int=1), TaskState.RUNNING)
    acknowledgements = []
    for attempt, (result, after) in enumerate(results, 1):
        row = ClaimedRow(
            last.id,
            DEFAULT_WORKSPACE,
            {},
            attempt,
            last.failures,
            last.application_failures,
            last.failing_since,
        )
        last = acknowledgement_of(row, result, retry=retry, step="test", now=NOON + after)
        acknowledgements.append(last)
    return acknowledgements


def test_the_hour_begins_with_the_first_transient_failure() -> None:
    """A row that was claimed before a long outage is tried for an hour; other failures begin none."""
    acknowledgements = acknowledged((NO, 0 * HOUR), (AWAY, 5 * HOUR), (AWAY, 6 * HOUR))

    assert [TaskState.RUNNING, TaskState.RUNNING, TaskState.FAILED] == [
        each.state for each in acknowledgements
    ]
    assert [None, NOON + 5 * HOUR, NOON + 5 * HOUR] == [each.failing_since for each in acknowledgements]


def test_where_all_failures_are_tried_for_a_time_it_begins_with_the_first_of_any_kind() -> None:
    """A refusal counts like an outage."""
    retry = RetryPolicy(application_attempts=None, transient_for=24 * HOUR)

    acknowledgements = acknowledged((NO, 3 * HOUR), (AWAY, 26 * HOUR), (NO, 27 * HOUR), retry=retry)

    assert [TaskState.RUNNING, TaskState.RUNNING, TaskState.FAILED] == [
        each.state for each in acknowledgements
    ]


def test_a_webhook_s_delivery_is_tried_about_twenty_times_within_a_day() -> None:
    """Each attempt at the moment that the one before it was told."""
    results: list[tuple[Exception, timedelta]] = [(AWAY, 0 * HOUR)]
    while (last := acknowledged(*results, retry=DELIVERY)[-1]).state is TaskState.RUNNING:
        assert last.next_attempt_at is not None
        results.append((AWAY, last.next_attempt_at - NOON))

    assert 15 <= len(results) <= 25
    assert 24 * HOUR <= results[-1][1] <= 26 * HOUR


def test_a_snoozed_task_has_not_failed() -> None:
    """It keeps what it has behind it, and nothing is written to its log."""
    (failed,) = acknowledged((AWAY, 0 * HOUR))

    (snoozed,) = acknowledged((Snooze(NOON + 2 * HOUR), HOUR), begun=failed)

    assert (
        Acknowledgement(
            failed.id, TaskState.RUNNING, next_attempt_at=NOON + 2 * HOUR, failures=1, failing_since=NOON
        )
        == snoozed
    )
