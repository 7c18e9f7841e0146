"""The effects ledger: what goes outside is written before, and what became of it after."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.effects import Effect, EffectState, OnUnknown
from contracts.tasks import TaskState
from storage.errors import EffectUnknown
from storage.tables import EffectRow, TaskRow
from storage.upsert import chunks, insert_into

# After these nothing more is sent.
OVER = frozenset({EffectState.SENT, EffectState.WITHDRAWN})
# An attempt may have got through when one of these is found by the next attempt.
DOUBTFUL = frozenset({EffectState.SENDING, EffectState.UNKNOWN})


@dataclass(frozen=True)
class NewEffect:
    """An effect that is wanted; see EffectRow."""

    id: UUID
    kind: str
    dedupe_key: str
    owner: str
    reference: str
    recipient: str
    task_id: UUID
    on_unknown: OnUnknown


@dataclass(frozen=True)
class Settlement:
    """What became of an effect that was being sent. INTENDED: it surely did not get through."""

    id: UUID
    state: EffectState
    error: str | None = None


class EffectRepository:
    """The effects, inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def intend(self, effects: Sequence[NewEffect], *, now: datetime) -> set[UUID]:
        """Write those whose dedupe key is new as INTENDED; return their ids."""
        for chunk in chunks(effects):
            rows = [
                {**vars(each), "state": EffectState.INTENDED, "attempts": 0, "resends": 0, "created_at": now}
                for each in chunk
            ]
            await self._session.execute(insert_into(self._session, EffectRow).on_conflict_do_nothing(), rows)
        ids = [each.id for each in effects]
        there: set[UUID] = set()
        for some in chunks(ids):
            there |= set(await self._session.scalars(select(EffectRow.id).where(EffectRow.id.in_(some))))
        return there

    async def joinable(self, owners: Collection[str], kind: str) -> dict[str, UUID]:
        """Return the INTENDED effect of each owner who has one whose task waits for its first turn.

        They are held until the transaction ends: no claim comes between.
        """
        query = (
            select(EffectRow.owner, EffectRow.id)
            .join(TaskRow, TaskRow.id == EffectRow.task_id)
            .where(
                EffectRow.owner.in_(owners),
                EffectRow.kind == kind,
                EffectRow.state == EffectState.INTENDED,
                TaskRow.state == TaskState.QUEUED,
            )
            .order_by(EffectRow.id)
            .with_for_update(of=EffectRow)
        )
        return {row.owner: row.id for row in await self._session.execute(query)}

    async def give_up_cancelled(self, kind: str, *, now: datetime) -> list[UUID]:
        """Set FAILED what waits to be sent by a task that was cancelled; return the ids."""
        query = (
            select(EffectRow.id)
            .join(TaskRow, TaskRow.id == EffectRow.task_id)
            .where(
                EffectRow.state == EffectState.INTENDED,
                EffectRow.kind == kind,
                TaskRow.state == TaskState.CANCELLED,
            )
        )
        ids = list(await self._session.scalars(query))
        given_up = [Settlement(each, EffectState.FAILED, "its task was cancelled") for each in ids]
        await self.settle(given_up, now=now)
        return ids

    async def hold(self, effect_ids: Collection[UUID]) -> dict[UUID, Effect]:
        """Return these as they are; nobody else changes them until the transaction ends."""
        query = select(EffectRow).where(EffectRow.id.in_(effect_ids)).order_by(EffectRow.id)
        rows = await self._session.scalars(query.with_for_update().execution_options(populate_existing=True))
        return {row.id: _effect(row) for row in rows}

    async def begin(self, effects: Collection[Effect], *, now: datetime) -> None:
        """Set SENDING. An attempt after a doubtful one is counted as a resend."""
        for doubtful in (False, True):
            some = [each.id for each in effects if (each.state in DOUBTFUL) is doubtful]
            if some:
                await self._session.execute(
                    update(EffectRow)
                    .where(EffectRow.id.in_(some))
                    .values(
                        state=EffectState.SENDING,
                        sending_at=now,
                        attempts=EffectRow.attempts + 1,
                        resends=EffectRow.resends + int(doubtful),
                    )
                )

    async def hand_to(self, tasks: Mapping[UUID, UUID]) -> None:
        """Note which task works an effect now: a retry of the one that it was made with."""
        for effect_id, task_id in tasks.items():
            await self._session.execute(
                update(EffectRow).where(EffectRow.id == effect_id).values(task_id=task_id)
            )

    async def settle(self, settlements: Sequence[Settlement], *, now: datetime) -> None:
        """Write what became of effects that were being sent; one that is over stays as it is."""
        # In the order in which planning holds them, or the two could wait for each other.
        held = await self.hold([each.id for each in settlements])
        rows = [
            {
                "effect": each.id,
                "state": each.state,
                "error": each.error,
                "settled_at": now if each.state in OVER or each.state is EffectState.FAILED else None,
            }
            for each in settlements
            if each.id in held and held[each.id].state not in OVER
        ]
        if rows:
            await (await self._session.connection()).execute(_SETTLE, rows)

    async def resolve(self, effect_id: UUID, state: EffectState, *, now: datetime) -> Effect:
        """Set an UNKNOWN one to SENT, or FAILED to be sent again, as a person says; return it as it was.

        Another one stays as it is. EffectUnknown. To send it again counts as a resend.
        """
        effect = (await self.hold([effect_id])).get(effect_id)
        if effect is None:
            raise EffectUnknown(effect_id)
        if effect.state is EffectState.UNKNOWN:
            again = int(state is EffectState.FAILED)
            await self._session.execute(
                update(EffectRow)
                .where(EffectRow.id == effect_id)
                .values(state=state, settled_at=now, resends=EffectRow.resends + again)
            )
        return effect

    async def id_starting_with(self, prefix: str) -> list[UUID]:
        """Return up to two ids that begin with `prefix` (hexadecimal, without dashes)."""
        low, high = UUID(prefix.ljust(32, "0")), UUID(prefix.ljust(32, "f"))
        query = select(EffectRow.id).where(EffectRow.id.between(low, high)).limit(2)
        return list(await self._session.scalars(query))

    async def get(self, effect_id: UUID) -> Effect:
        """Return one; EffectUnknown."""
        row = await self._session.get(EffectRow, effect_id, populate_existing=True)
        if row is None:
            raise EffectUnknown(effect_id)
        return _effect(row)

    async def find(
        self, states: Collection[EffectState] = (), *, kind: str | None = None, limit: int
    ) -> list[Effect]:
        """Return effects, the newest first."""
        query = select(EffectRow).order_by(EffectRow.created_at.desc(), EffectRow.id).limit(limit)
        if states:
            query = query.where(EffectRow.state.in_(states))
        if kind is not None:
            query = query.where(EffectRow.kind == kind)
        return [_effect(row) for row in await self._session.scalars(query)]

    async def counts(self) -> Mapping[EffectState, int]:
        """Return how many effects are in each state."""
        query = select(EffectRow.state, func.count()).group_by(EffectRow.state)
        return {EffectState(state): count for state, count in await self._session.execute(query)}

    async def resends(self) -> int:
        """Return how many attempts were made though an earlier one may have got through."""
        return await self._session.scalar(select(func.sum(EffectRow.resends))) or 0


# One statement for any number of effects: the driver runs it many times, without parsing it again.
_SETTLE = (
    update(EffectRow)
    .where(EffectRow.id == bindparam("effect"))
    .values(state=bindparam("state"), error=bindparam("error"), settled_at=bindparam("settled_at"))
)


def _effect(row: EffectRow) -> Effect:
    return Effect.model_validate({name: getattr(row, name) for name in Effect.model_fields})
