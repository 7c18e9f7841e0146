"""What language models were asked, and what that has cost."""

import datetime as dt
from uuid import UUID

from mainspring.client.errors import EntryUnknown
from mainspring.contracts.models import DaySpend, ModelRun, RunOutcome
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database
from mainspring.storage.models import ModelRunRepository


class Models:
    """The model runs of a workspace. Costs are in micro-dollars."""

    def __init__(self, database: Database, clock: Clock, *, workspace: str = DEFAULT_WORKSPACE) -> None:
        self._database = database
        self._clock = clock
        self.workspace = workspace

    async def run(self, run_id: UUID) -> ModelRun:
        """Return a run.

        Raises EntryUnknown: when there is none of this id.
        """
        found = await self._database.read(
            lambda session: ModelRunRepository(session, self.workspace).get(run_id)
        )
        if found is None:
            raise EntryUnknown("model run", str(run_id))
        return found

    async def runs(
        self,
        *,
        subject: str | None = None,
        purpose: str | None = None,
        outcome: RunOutcome | None = None,
        before: ModelRun | None = None,
        limit: int = 50,
    ) -> list[ModelRun]:
        """Return a page of runs, the newest first; `before` is the last run of the page above.

        `subject` is what a run was about, as a product's id; `purpose` what for, as a job's name.
        """
        place = None if before is None else (before.at, before.id)
        return await self._database.read(
            lambda session: ModelRunRepository(session, self.workspace).find(
                subject=subject, purpose=purpose, outcome=outcome, before=place, limit=limit
            )
        )

    async def spend(self, day: dt.date | None = None) -> DaySpend:
        """Return what was spent in a day of UTC, today if none is given."""
        chosen = day or self._clock.now().astimezone(dt.UTC).date()
        return await self._database.read(
            lambda session: ModelRunRepository(session, self.workspace).spend(chosen)
        )
