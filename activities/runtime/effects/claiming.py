"""Claiming effects: what is sent is judged once more. Nothing is SENDING before it has a connection."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic
from uuid import UUID

from mainspring.activities.runtime.effects.kind import (
    Claimed,
    ClaimResult,
    Content,
    EffectKind,
    In,
    Nothing,
    Outgoing,
    Send,
)
from mainspring.contracts.effects import IN_DOUBT, OVER, Effect, EffectState, OnUnknown
from mainspring.storage.database import Session
from mainspring.storage.effects import EffectQueries, EffectResult, EffectStore
from mainspring.storage.errors import EffectHeld, EffectUnknown


async def claim(
    session: Session,
    kind: EffectKind[In, Content],
    tasks: Mapping[UUID, In],
    workspaces: Mapping[UUID, str],
    *,
    now: datetime,
) -> dict[UUID, ClaimResult[Content]]:
    """Prepare the effects of these tasks; return what became of each task.

    `workspaces` are those of the tasks. An effect of another workspace is unknown to a task.
    """
    store, ids = EffectStore(session), {request.effect_id for request in tasks.values()}
    # Another claim for the same owners waits, and then sees what is being sent.
    await kind.hold_owners(session, await EffectQueries(session).owners(ids))
    effects = await store.hold(ids)
    foreign: dict[UUID, ClaimResult[Content]] = {
        task_id: EffectUnknown(request.effect_id)
        for task_id, request in tasks.items()
        if request.effect_id in effects and effects[request.effect_id].workspace != workspaces[task_id]
    }
    own = {task_id: request for task_id, request in tasks.items() if task_id not in foreign}
    return foreign | await _claim(session, kind, own, effects, now)


async def _claim(
    session: Session,
    kind: EffectKind[In, Content],
    tasks: Mapping[UUID, In],
    effects: Mapping[UUID, Effect],
    now: datetime,
) -> dict[UUID, ClaimResult[Content]]:
    store = EffectStore(session)
    found: _Found[In, Content] = _sorted(effects, tasks)
    await store.acknowledge(found.in_doubt, now=now)
    prepared = await kind.prepare(session, found.open, now) if found.open else {}
    # Few or none: effects whose first task has failed, and was retried.
    await store.hand_to(
        {
            request.effect_id: task_id
            for task_id, request in tasks.items()
            if request.effect_id in effects and effects[request.effect_id].task_id != task_id
        }
    )
    outcomes: dict[UUID, ClaimResult[Content]] = {
        each: outcome for each, outcome in prepared.items() if isinstance(outcome, Nothing | Exception)
    }
    await _withdraw(session, kind, effects, outcomes, now)
    to_send = {each: outcome for each, outcome in prepared.items() if isinstance(outcome, Send)}
    outcomes |= await _readdress(store, effects, to_send)
    return {
        task_id: found.decided.get(task_id) or outcomes[request.effect_id]
        for task_id, request in tasks.items()
    }


async def _withdraw(
    session: Session,
    kind: EffectKind[In, Content],
    effects: Mapping[UUID, Effect],
    outcomes: Mapping[UUID, ClaimResult[Content]],
    now: datetime,
) -> None:
    withdrawn = [
        (effects[each], outcome.content)
        for each, outcome in outcomes.items()
        if isinstance(outcome, Nothing) and outcome.content is not None
    ]
    await EffectStore(session).acknowledge([_not_sent(effect) for effect, _ in withdrawn], now=now)
    await kind.withdraw(session, withdrawn, now)


def _not_sent(effect: Effect) -> EffectResult:
    """Return what becomes of an effect of which nothing holds."""
    if effect.state in IN_DOUBT:
        error = "it may have arrived; not sent again, for nothing of it holds"
        return EffectResult(effect.id, EffectState.UNKNOWN, error)
    return EffectResult(effect.id, EffectState.WITHDRAWN)


async def _readdress(
    store: EffectStore, effects: Mapping[UUID, Effect], to_send: Mapping[UUID, Send[Content]]
) -> dict[UUID, Outgoing[Content]]:
    elsewhere: dict[UUID, str] = {
        each: send.recipient
        for each, send in to_send.items()
        if send.recipient is not None
        and effects[each].state not in IN_DOUBT
        and send.recipient != effects[each].recipient
    }
    await store.readdress(elsewhere)
    return {
        each: Outgoing(
            effects[each].model_copy(update={"recipient": elsewhere.get(each, effects[each].recipient)}),
            send.content,
        )
        for each, send in to_send.items()
    }


@dataclass
class _Found(Generic[In, Content]):
    """Claimed effects: those that a kind is asked about, and the tasks about which the ledger decides."""

    open: list[Claimed[In]] = field(default_factory=list)
    decided: dict[UUID, ClaimResult[Content]] = field(default_factory=dict)
    in_doubt: list[EffectResult] = field(default_factory=list)


def _sorted(effects: Mapping[UUID, Effect], tasks: Mapping[UUID, In]) -> _Found[In, Content]:
    found: _Found[In, Content] = _Found()
    for task_id, request in tasks.items():
        effect = effects.get(request.effect_id)
        if effect is None:
            found.decided[task_id] = EffectUnknown(request.effect_id)
        elif effect.state in OVER:
            found.decided[task_id] = Nothing()
        elif effect.state in IN_DOUBT and effect.on_unknown is OnUnknown.HOLD:
            found.decided[task_id] = error = EffectHeld(effect.id)
            found.in_doubt.append(EffectResult(effect.id, EffectState.UNKNOWN, str(error)))
        else:
            found.open.append(Claimed(effect, request))
    return found
