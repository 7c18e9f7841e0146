"""Noting what became of effects: by their tasks' attempts, by their tasks' ends, and by a person."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from mainspring.activities.runtime.effects.kind import AnyEffectKind, Outgoing
from mainspring.activities.runtime.queue import Snooze, TaskDone
from mainspring.contracts.effects import IN_DOUBT, Effect, EffectState, Owner
from mainspring.contracts.retry import Retry, retry_of
from mainspring.contracts.tasks import TaskState
from mainspring.gateways.errors import is_outcome_certain
from mainspring.storage.database import Session
from mainspring.storage.effects import EffectQueries, EffectResult, EffectStore

# What becomes of an effect in these states that no task sends any more, and what is said of it.
GIVEN_UP = {
    EffectState.INTENDED: (EffectState.FAILED, "its task has ended without sending it"),
    EffectState.SENDING: (EffectState.UNKNOWN, "its task has ended while it was sent: it may have arrived"),
}


async def acknowledge(
    session: Session, kind: AnyEffectKind, done: Sequence[TaskDone[Any]], *, now: datetime
) -> None:
    """Write what became of effects that were sent, in the transaction that acknowledges their tasks."""
    sent = [(each, each.task.prepared) for each in done if isinstance(each.task.prepared, Outgoing)]
    results = [result for each, outgoing in sent for result in _results_of(each, outgoing)]
    if not results:
        return
    effects = {outgoing.effect.id: outgoing.begun or outgoing.effect for _, outgoing in sent}
    await kind.hold_owners(session, {each.qualified_owner for each in effects.values()})
    written = await EffectStore(session).acknowledge(results, now=now)
    by_state: dict[EffectState, list[Effect]] = {}
    for each in results:
        # What has arrived has arrived, whatever the ledger was told meanwhile.
        if each.id in written or each.state is EffectState.SENT:
            by_state.setdefault(each.state, []).append(effects[each.id])
    await kind.settle(session, by_state, now)
    given_up = {outgoing.effect.id for each, outgoing in sent if _is_given_up(each.result)}
    undelivered = [each for each in by_state.get(EffectState.FAILED, ()) if each.id in given_up]
    if undelivered:
        await kind.give_up(session, undelivered, now)


def _is_given_up(result: object) -> bool:
    """Whether a task that has failed with this was refused by nobody."""
    return isinstance(result, Exception) and retry_of(result) is Retry.TRANSIENT


def _results_of(done: TaskDone[Any], outgoing: Outgoing[Any]) -> list[EffectResult]:
    """Return what is to be written of an effect; nothing of one that was snoozed before it had begun."""
    if outgoing.begun is not None:
        return [_result_of(done, outgoing.begun, before=EffectState.INTENDED)]
    if isinstance(done.result, Snooze):
        return []
    # Whether an attempt before has got through is as much in doubt as it was.
    is_in_doubt = outgoing.effect.state in IN_DOUBT
    before = EffectState.UNKNOWN if is_in_doubt else EffectState.INTENDED
    return [_result_of(done, outgoing.effect, before=before)]


def _result_of(done: TaskDone[Any], effect: Effect, *, before: EffectState) -> EffectResult:
    outcome = done.result
    if not isinstance(outcome, Exception):
        return EffectResult(effect.id, EffectState.SENT)
    error = f"{type(outcome).__name__}: {outcome}"
    if not is_outcome_certain(outcome):
        return EffectResult(effect.id, EffectState.UNKNOWN, error)
    # It certainly did not get through; by this attempt, not by a later attempt that has begun meanwhile.
    is_over = done.state is not None and done.state is not TaskState.RUNNING
    is_failed = is_over and before is EffectState.INTENDED
    state = EffectState.FAILED if is_failed else before
    return EffectResult(effect.id, state, error, attempt=effect.attempts)


async def give_up_abandoned(
    session: Session, kind: AnyEffectKind, *, limit: int, now: datetime, owners: Collection[Owner] = ()
) -> int:
    """Give up effects that no task sends any more; return how many there were, `limit` at most.

    What waited is FAILED. What was going out when its worker died is UNKNOWN, and a person decides. `owners`
    are held as well: a transaction that writes for others too holds all of them at once, or two such
    transactions could wait for each other.
    """
    abandoned = await EffectQueries(session).abandoned(kind.name, limit=limit)
    await kind.hold_owners(session, {*abandoned.values(), *owners})
    store = EffectStore(session)
    effects = [each for each in (await store.hold(abandoned)).values() if each.state in GIVEN_UP]
    await store.acknowledge([EffectResult(each.id, *GIVEN_UP[each.state]) for each in effects], now=now)
    by_state: dict[EffectState, list[Effect]] = {}
    for each in effects:
        by_state.setdefault(GIVEN_UP[each.state][0], []).append(each)
    await kind.settle(session, by_state, now)
    return len(effects)


async def resolve(
    session: Session, kind: AnyEffectKind, effect_id: UUID, state: EffectState, *, now: datetime
) -> Effect:
    """Write what a person says of an UNKNOWN effect: SENT, or FAILED before a resend. Return it as it was.

    An effect in another state stays as it is.
    Raises EffectUnknown: when there is none of this id.
    """
    effect = await EffectQueries(session).get(effect_id)
    # Before the effect is held, as in an acknowledgement, or the two could wait for each other.
    await kind.hold_owners(session, {effect.qualified_owner})
    before = await EffectStore(session).resolve(effect_id, state, now=now)
    if before.state is EffectState.UNKNOWN and state is EffectState.SENT:
        await kind.settle(session, {state: [before]}, now)
    return before
