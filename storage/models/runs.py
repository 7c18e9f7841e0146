"""Model runs: appended by whoever calls a model, read by whoever wants to know what that has cost."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.models import DaySpend, ModelRun, RunOutcome, TokenUsage
from mainspring.storage.dialect import insert_new
from mainspring.storage.repository import Repository
from mainspring.storage.tables.models import ModelRunRow

TOKENS = tuple(TokenUsage.model_fields)

# A place in a list, the newest first: the moment and the id of the last run of the page above.
Place = tuple[datetime, Any]


class ModelRunRepository(Repository):
    """The model runs of a workspace, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace

    async def append(self, run: ModelRun) -> None:
        """Write a run. Writing the same run again, after a commit whose answer was lost, changes nothing."""
        row = run.model_dump(exclude={"usage", "outcome"}) | run.usage.model_dump()
        row |= {"workspace": self._workspace, "outcome": run.outcome.value}
        await self._session.execute(insert_new(self._session, ModelRunRow), [row])

    async def get(self, run_id: UUID) -> ModelRun | None:
        """Return a run; None when there is none of this id."""
        query = select(ModelRunRow).where(ModelRunRow.workspace == self._workspace, ModelRunRow.id == run_id)
        row = await self._session.scalar(query)
        return None if row is None else _run(row)

    async def find(
        self,
        *,
        subject: str | None = None,
        purpose: str | None = None,
        outcome: RunOutcome | None = None,
        before: Place | None = None,
        limit: int,
    ) -> list[ModelRun]:
        """Return a page of runs, the newest first."""
        query = select(ModelRunRow).where(ModelRunRow.workspace == self._workspace)
        if subject is not None:
            query = query.where(ModelRunRow.subject == subject)
        if purpose is not None:
            query = query.where(ModelRunRow.purpose == purpose)
        if outcome is not None:
            query = query.where(ModelRunRow.outcome == outcome.value)
        if before is not None:
            at, run_id = before
            is_older = (ModelRunRow.at < at) | ((ModelRunRow.at == at) & (ModelRunRow.id < run_id))
            query = query.where(is_older)
        rows = await self._session.scalars(
            query.order_by(ModelRunRow.at.desc(), ModelRunRow.id.desc()).limit(limit)
        )
        return [_run(row) for row in rows]

    async def spend(self, day: date) -> DaySpend:
        """Return what was spent in a day of UTC."""
        begin = datetime.combine(day, time(), UTC)
        sums = [func.coalesce(func.sum(getattr(ModelRunRow, name)), 0) for name in ("cost_micros", *TOKENS)]
        query = select(func.count(), *sums).where(
            ModelRunRow.workspace == self._workspace,
            ModelRunRow.at >= begin,
            ModelRunRow.at < begin + timedelta(days=1),
        )
        runs, cost, *tokens = (await self._session.execute(query)).one()
        usage = TokenUsage(**{name: int(count) for name, count in zip(TOKENS, tokens, strict=True)})
        return DaySpend(day=day, runs=runs, cost_micros=int(cost), usage=usage)


def _run(row: ModelRunRow) -> ModelRun:
    return ModelRun(
        id=row.id,
        purpose=row.purpose,
        subject=row.subject,
        model=row.model,
        prompt_version=row.prompt_version,
        usage=TokenUsage(**{name: getattr(row, name) for name in TOKENS}),
        latency_ms=row.latency_ms,
        cost_micros=row.cost_micros,
        is_batch=row.is_batch,
        outcome=RunOutcome(row.outcome),
        error=row.error,
        at=row.at,
    )
