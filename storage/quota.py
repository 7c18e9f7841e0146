"""What is used of each holder's budget, changed one transaction at a time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, select, update

from mainspring.domain.quota import Budget, Exhausted, Granted
from mainspring.storage.database import Session
from mainspring.storage.dialect import insert_into
from mainspring.storage.repository import Repository
from mainspring.storage.tables import QuotaRow

State = TypeVar("State")

_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


class QuotaRepository(Repository, Generic[State]):
    """A workspace's budgets, inside the caller's transaction, which holds a row from the first call on.

    `holder` names what is counted, such as a vendor's key; whoever shares a key shares the holder.
    """

    def __init__(self, session: Session, budget: Budget[State], workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace
        self._budget = budget
        self._states = _adapter(budget.state_type)

    async def reserve(
        self, holder: str, cost: int, now: Callable[[], datetime]
    ) -> Granted[State] | Exhausted[State]:
        """Count a call of this cost, or say which window is full and until when.

        The time is read when the row is held: what waited for its turn would be counted too early.
        """
        state = await self._locked(holder)
        if state is None:
            state = await self._begin(holder, self._budget.fresh(now()))
        answer = self._budget.reserve(state, cost, now())
        if answer.state != state:
            await self._save(holder, answer.state)
        return answer

    async def release(self, holder: str, cost: int, reserved_at: datetime) -> None:
        """Give back a call that certainly never left."""
        await self.change(holder, lambda state: self._budget.release(state, cost, reserved_at))

    async def observe(self, holder: str, cost: int, usage: Any, reserved_at: datetime, now: datetime) -> None:
        """Learn from the answer to a call of `reserved_at`; writes only what changes."""
        await self.change(holder, lambda state: self._budget.observe(state, cost, usage, reserved_at, now))

    async def exceeded(
        self, holder: str, window: str, retry_after: timedelta | None, reserved_at: datetime, now: datetime
    ) -> None:
        """Learn that a call of `reserved_at` was refused because `window` is full."""
        await self.change(
            holder, lambda state: self._budget.exceeded(state, window, retry_after, reserved_at, now)
        )

    async def state(self, holder: str) -> State | None:
        """Return what is known of a holder, without holding its row; None before its first call."""
        stored = await self._session.scalar(select(QuotaRow.state).where(*self._is(holder)))
        return None if stored is None else self._states.validate_python(stored, extra="ignore")

    async def all(self, *, after: str = "", limit: int) -> list[tuple[str, State]]:
        """Return a page of holders with what is known of each, in the order of their names."""
        query = select(QuotaRow.holder, QuotaRow.state).where(
            QuotaRow.workspace == self._workspace, QuotaRow.holder > after
        )
        rows = await self._session.execute(query.order_by(QuotaRow.holder).limit(limit))
        return [(holder, self._states.validate_python(stored, extra="ignore")) for holder, stored in rows]

    async def change(self, holder: str, change: Callable[[State], State]) -> None:
        """Change what is known of a holder; there is nothing to change before its first call."""
        state = await self._locked(holder)
        if state is not None and (changed := change(state)) != state:
            await self._save(holder, changed)

    async def _locked(self, holder: str) -> State | None:
        # SQLite leaves out FOR UPDATE: there the transaction has held the one write lock from its beginning.
        query = select(QuotaRow.state).where(*self._is(holder)).with_for_update()
        stored = await self._session.scalar(query)
        return None if stored is None else self._states.validate_python(stored, extra="ignore")

    async def _begin(self, holder: str, state: State) -> State:
        insert = insert_into(self._session, QuotaRow).values(
            workspace=self._workspace, holder=holder, state=self._stored(state)
        )
        await self._session.execute(insert.on_conflict_do_nothing(index_elements=["workspace", "holder"]))
        # Another transaction may have been first: what holds is what is there.
        return await self._locked(holder) or state

    async def _save(self, holder: str, state: State) -> None:
        change = update(QuotaRow).where(*self._is(holder)).values(state=self._stored(state))
        await self._session.execute(change)

    def _is(self, holder: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return QuotaRow.workspace == self._workspace, QuotaRow.holder == holder

    def _stored(self, state: State) -> dict[str, Any]:
        stored: dict[str, Any] = self._states.dump_python(state, mode="json")
        return stored


def _adapter(kind: type[State]) -> TypeAdapter[State]:
    """Return what reads and writes a state; making it costs milliseconds."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]
