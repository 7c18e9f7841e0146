"""Failed tasks over HTTP."""

from typing import Any

from mainspring.client.errors import BadInput, GroupUnknown
from mainspring.client.remote.calls import LONGEST_PAGE, Calls, refuse_beside
from mainspring.client.validation import shown
from mainspring.contracts.failures import FailureFilter, FailureGroup, Replayed
from mainspring.contracts.tasks import Task
from mainspring.domain.failures import REPLAYS_A_SECOND

# As many as a call replays.
MOST_REPLAYS = 1_000

DIGITS = set("0123456789abcdef")
SHORTEST_NAME, LONGEST_NAME = 4, 64


class RemoteFailures:
    """As `client.failures.Failures`, over HTTP."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def groups(self, criteria: FailureFilter | None = None, *, limit: int = 100) -> list[FailureGroup]:
        """Return the groups, the one that failed last first; 200 at most.

        Raises BadInput: when they are chosen by ids of tasks.
        """
        criteria = criteria or FailureFilter()
        refuse_beside(criteria, {"group", "job", "error_type", "since", "until"})
        params = criteria.model_dump(mode="json", exclude_defaults=True)
        found = await self._calls.get("/v1/failures", limit=min(limit, LONGEST_PAGE), **params)
        return [FailureGroup.restore(each) for each in found]

    async def group(self, beginning: str) -> FailureGroup:
        """Return the one group whose fingerprint begins so; GroupUnknown when there is none, or several.

        Raises BadInput: when there are fewer than four characters.
        """
        return FailureGroup.restore(await self._calls.get(f"/v1/failures/{_name(beginning)}"))

    async def tasks(
        self, criteria: FailureFilter, *, before: Task | None = None, limit: int = 50
    ) -> list[Task]:
        """Return failed tasks of a group without their error logs, the latest failure first.

        `before` is the last task of the page above.

        Raises BadInput: when no group is chosen, or more than a group.
        """
        refuse_beside(criteria, {"group"})
        path = f"/v1/failures/{_name(criteria.group or '')}/tasks"
        after = None if before is None else str(before.id)
        return [Task.restore(each) for each in await self._calls.page(path, limit=limit, after=after)]

    async def count(self, criteria: FailureFilter) -> int:
        """Return how many failed tasks meet the criteria. It takes an operator's key."""
        try:
            answer = await self._calls.post(
                "/v1/failures/replay", _chosen(criteria) | {"dry_run": True}, is_repeatable=True
            )
        except GroupUnknown:
            return 0
        return int(answer["remaining"])

    async def dismiss(self, criteria: FailureFilter) -> int:
        """Take failed tasks off the list without retrying them; return how many."""
        try:
            answer = await self._calls.post("/v1/failures/dismiss", _chosen(criteria))
        except GroupUnknown:
            return 0
        return int(answer["dismissed"])

    async def replay(
        self,
        criteria: FailureFilter,
        *,
        limit: int | None = None,
        rate: float = REPLAYS_A_SECOND,
        stop_when_it_returns: bool = True,
    ) -> Replayed:
        """Retry the oldest failures first, at most `limit`, at `rate` tasks a second.

        The service replays for twenty seconds a call: this calls until nothing is left that can be replayed.
        """
        options = {"rate": rate, "stop_when_it_returns": stop_when_it_returns}
        done = Replayed()
        while limit is None or len(done.started) < limit:
            left = MOST_REPLAYS if limit is None else min(limit - len(done.started), MOST_REPLAYS)
            body = _chosen(criteria) | options | {"limit": left}
            part = Replayed.restore(await self._calls.post("/v1/failures/replay", body))
            done = Replayed(
                started=done.started + part.started,
                passed_over=done.passed_over | part.passed_over,
                stopped_because=part.stopped_because,
                remaining=part.remaining,
            )
            if not part.started or not part.remaining or part.stopped_because:
                break
        return done


def _name(beginning: str) -> str:
    if not SHORTEST_NAME <= len(beginning) <= LONGEST_NAME or not set(beginning) <= DIGITS:
        raise BadInput(
            f"group: {shown(beginning)} is not accepted: {SHORTEST_NAME} to {LONGEST_NAME} characters of a "
            "fingerprint"
        )
    return beginning


def _chosen(criteria: FailureFilter) -> dict[str, Any]:
    fields = criteria.model_dump(mode="json", exclude_defaults=True)
    if "task_ids" in fields:
        fields["ids"] = fields.pop("task_ids")
    return fields | {"everything": True}
