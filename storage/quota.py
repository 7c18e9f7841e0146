"""What is used of each key's quota, changed one transaction at a time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select, update

from mainspring.domain.cards import quota
from mainspring.domain.cards.quota import Exhausted, Granted, Plan, QuotaState, Usage, Window
from mainspring.storage.dialect import insert_into
from mainspring.storage.repository import Repository
from mainspring.storage.tables import QuotaRow

_STATE = TypeAdapter(QuotaState)


class QuotaRepository(Repository):
    """The quotas, inside the caller's transaction, which holds the key's row from the first call to its end.

    `holder` names the vendor's key that is counted; whoever shares a key shares the holder.
    """

    async def reserve(
        self, holder: str, plan: Plan, anchor_day: int, now: Callable[[], datetime]
    ) -> Granted | Exhausted:
        """Count one request, or say which window is full and until when.

        The time is read when the row is held: what waited for its turn would be counted too early.
        """
        state = await self._locked(holder)
        if state is None:
            state = await self._begin(holder, quota.fresh(plan, anchor_day, now()))
        answer = quota.reserve(state, plan, anchor_day, now())
        if answer.state != state:
            await self._save(holder, answer.state)
        return answer

    async def release(self, holder: str, reserved_at: datetime) -> None:
        """Give back a request that certainly never left."""
        await self._change(holder, lambda state: quota.release(state, reserved_at))

    async def observe(self, holder: str, usage: Usage, reserved_at: datetime, now: datetime) -> None:
        """Learn from the answer to a request of `reserved_at`; writes only what changes."""
        await self._change(holder, lambda state: quota.observe(state, usage, reserved_at, now))

    async def exceeded(
        self, holder: str, window: Window, retry_after: timedelta | None, reserved_at: datetime, now: datetime
    ) -> None:
        """Learn that a request of `reserved_at` was refused because `window` is full."""
        await self._change(holder, lambda state: quota.exceeded(state, window, retry_after, reserved_at, now))

    async def state(self, holder: str) -> QuotaState | None:
        """Return what is known of a key, without holding its row; None before its first request."""
        stored = await self._session.scalar(select(QuotaRow.state).where(QuotaRow.holder == holder))
        return None if stored is None else _STATE.validate_python(stored)

    async def _change(self, holder: str, change: Callable[[QuotaState], QuotaState]) -> None:
        state = await self._locked(holder)
        if state is not None and (changed := change(state)) != state:
            await self._save(holder, changed)

    async def _locked(self, holder: str) -> QuotaState | None:
        # SQLite leaves out FOR UPDATE: there the transaction has held the one write lock from its beginning.
        query = select(QuotaRow.state).where(QuotaRow.holder == holder).with_for_update()
        stored = await self._session.scalar(query)
        return None if stored is None else _STATE.validate_python(stored)

    async def _begin(self, holder: str, state: QuotaState) -> QuotaState:
        insert = insert_into(self._session, QuotaRow).values(holder=holder, state=_stored(state))
        await self._session.execute(insert.on_conflict_do_nothing(index_elements=["holder"]))
        # Another transaction may have been first: what holds is what is there.
        return await self._locked(holder) or state

    async def _save(self, holder: str, state: QuotaState) -> None:
        change = update(QuotaRow).where(QuotaRow.holder == holder).values(state=_stored(state))
        await self._session.execute(change)


def _stored(state: QuotaState) -> dict[str, Any]:
    stored: dict[str, Any] = _STATE.dump_python(state, mode="json")
    return stored
