"""Writing the effects ledger: what goes outside is written before, and what became of it after."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, bindparam, case, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.effects import IN_DOUBT, OVER, Effect, EffectState
from mainspring.contracts.tasks import TaskState
from mainspring.contracts.text import readable
from mainspring.storage.dialect import chunks, insert_new
from mainspring.storage.effects.rows import EffectResult, NewEffect, effect_of
from mainspring.storage.errors import EffectUnknown
from mainspring.storage.tables import EffectRow, TaskRow


class EffectStore:
    """Holds and writes effects, inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def intend(self, effects: Sequence[NewEffect], *, now: datetime) -> set[UUID]:
        """Write those whose dedupe key is new as INTENDED; return their ids."""
        for chunk in chunks(effects):
            rows = [
                {**vars(each), "state": EffectState.INTENDED, "attempts": 0, "resends": 0, "created_at": now}
                for each in chunk
            ]
            await self._session.execute(insert_new(self._session, EffectRow), rows)
        ids = [each.id for each in effects]
        with_row: set[UUID] = set()
        for some in chunks(ids):
            with_row |= set(await self._session.scalars(select(EffectRow.id).where(EffectRow.id.in_(some))))
        return with_row

    async def joinable(self, workspace: str, owners: Collection[str], kind: str) -> dict[str, UUID]:
        """Return the INTENDED effect of each owner who has one whose task waits, for whatever turn.

        Of several it is the one that was wanted first. They are held until the transaction ends: no claim
        comes between.
        """
        waits_again = and_(TaskRow.state == TaskState.RUNNING, TaskRow.claimed_by.is_(None))
        query = (
            select(EffectRow.owner, EffectRow.id, EffectRow.created_at)
            .join(TaskRow, TaskRow.id == EffectRow.task_id)
            .where(
                EffectRow.workspace == workspace,
                EffectRow.owner.in_(owners),
                EffectRow.kind == kind,
                EffectRow.state == EffectState.INTENDED,
                or_(TaskRow.state == TaskState.QUEUED, waits_again),
            )
            .order_by(EffectRow.id)
            .with_for_update(of=EffectRow)
        )
        rows = sorted(await self._session.execute(query), key=lambda row: row.created_at, reverse=True)
        return {row.owner: row.id for row in rows}

    async def hold(self, effect_ids: Collection[UUID]) -> dict[UUID, Effect]:
        """Return these as they are; nobody else changes them until the transaction ends."""
        locked: dict[UUID, Effect] = {}
        for some in chunks(sorted(effect_ids)):
            query = select(EffectRow).where(EffectRow.id.in_(some)).order_by(EffectRow.id).with_for_update()
            rows = await self._session.scalars(query.execution_options(populate_existing=True))
            locked |= {row.id: effect_of(row) for row in rows}
        return locked

    async def begin(self, effects: Sequence[Effect], *, at: datetime) -> dict[UUID, Effect]:
        """Set SENDING what is as it was claimed; return these effects as they are then.

        An attempt after one in doubt is a resend. An effect that another attempt has begun meanwhile is left
        out. What was begun `at` the same time is returned again.
        """
        as_claimed = {each.id: each for each in effects}
        written = await self._session.scalars(
            update(EffectRow)
            .where(
                tuple_(EffectRow.id, EffectRow.attempts).in_([(each.id, each.attempts) for each in effects]),
                EffectRow.state.not_in(OVER),
            )
            .values(
                state=EffectState.SENDING,
                sending_at=at,
                attempts=EffectRow.attempts + 1,
                resends=EffectRow.resends + case((EffectRow.state.in_(IN_DOUBT), 1), else_=0),
            )
            .returning(EffectRow.id)
            .execution_options(synchronize_session=False)
        )
        begun = set(written)
        missing = as_claimed.keys() - begun
        if missing:
            query = select(EffectRow.id).where(EffectRow.id.in_(missing), EffectRow.sending_at == at)
            begun |= set(await self._session.scalars(query))
        return {each: _begun(as_claimed[each], at) for each in begun}

    async def hand_to(self, tasks: Mapping[UUID, UUID]) -> None:
        """Note which task works an effect now: a retry of the task that it was made with."""
        for effect_id, task_id in tasks.items():
            await self._session.execute(
                update(EffectRow).where(EffectRow.id == effect_id).values(task_id=task_id)
            )

    async def readdress(self, recipients: Mapping[UUID, str]) -> None:
        """Note where effects go, of those that are sent elsewhere than was meant when they were wanted."""
        for effect_id, recipient in recipients.items():
            await self._session.execute(
                update(EffectRow).where(EffectRow.id == effect_id).values(recipient=recipient)
            )

    async def acknowledge(self, results: Sequence[EffectResult], *, now: datetime) -> set[UUID]:
        """Write what became of effects that were being sent; an effect that is over stays as it is.

        Return the ids of the effects that were written.
        """
        has_arrived = [each == EffectResult(each.id, EffectState.SENT) for each in results]
        arrived = [each.id for each, is_it in zip(results, has_arrived, strict=True) if is_it]
        others = [each for each, is_it in zip(results, has_arrived, strict=True) if not is_it]
        return await self._note_arrived(arrived, now) | await self._write(others, now)

    async def _note_arrived(self, effect_ids: Sequence[UUID], now: datetime) -> set[UUID]:
        """Write the usual result of an effect, with one statement for all."""
        written: set[UUID] = set()
        for some in chunks(effect_ids):
            statement = (
                update(EffectRow)
                .where(EffectRow.id.in_(some), EffectRow.state.not_in(OVER))
                .values(state=EffectState.SENT, error=None, settled_at=now)
                .returning(EffectRow.id)
                .execution_options(synchronize_session=False)
            )
            written |= set(await self._session.scalars(statement))
        return written

    async def _write(self, results: Sequence[EffectResult], now: datetime) -> set[UUID]:
        # In the order in which planning holds them, or the two could wait for each other.
        locked = await self.hold([each.id for each in results])
        some = [each for each in results if each.id in locked and _holds_of(each, locked[each.id])]
        rows = [
            {
                "effect": each.id,
                "state": each.state,
                "error": None if each.error is None else readable(each.error),
                "settled_at": now if each.state in OVER or each.state is EffectState.FAILED else None,
            }
            for each in some
        ]
        if rows:
            await (await self._session.connection()).execute(_ACKNOWLEDGE, rows)
        return {each.id for each in some}

    async def resolve(self, effect_id: UUID, state: EffectState, *, now: datetime) -> Effect:
        """Set an UNKNOWN effect to SENT, or to FAILED before a resend, as a person says; return it as it was.

        An effect in another state stays as it is. FAILED counts as a resend.
        Raises EffectUnknown: when there is none of this id.
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


def _begun(effect: Effect, now: datetime) -> Effect:
    """Return an effect as the statement of `begin` has left it."""
    return effect.model_copy(
        update={
            "state": EffectState.SENDING,
            "sending_at": now,
            "attempts": effect.attempts + 1,
            "resends": effect.resends + int(effect.state in IN_DOUBT),
        }
    )


def _holds_of(result: EffectResult, effect: Effect) -> bool:
    """Whether a result is still about an effect as it is now."""
    return effect.state not in OVER and result.attempt in (None, effect.attempts)


# One statement for any number of effects: the driver runs it many times, without parsing it again.
_ACKNOWLEDGE = (
    update(EffectRow)
    .where(EffectRow.id == bindparam("effect"))
    .values(state=bindparam("state"), error=bindparam("error"), settled_at=bindparam("settled_at"))
)
