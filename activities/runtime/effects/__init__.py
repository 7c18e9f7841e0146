"""Effects: what goes outside, written down before, for any domain and any channel. No domain is known here.

A domain declares what its effects are, and its activity sends them from a batched queue:

        async def prepare(session, claimed, now):
            '''Say of each claimed effect whether it is sent, or not, or later.'''
            return {each.effect.id: Send(content="Your parcel has come") for each in claimed}
        async def settle(session, effects, now):
            '''Write the domain's rows: effects[EffectState.SENT] are those that got through.'''
        async def withdraw(session, effects, now):
            '''Write the domain's rows for effects of which nothing holds.'''
        PARCEL_PUSH = EffectKind("parcel-push", SendEffect, prepare, settle, withdraw)
        class ParcelActivities:
            def __init__(self, effects: EffectQueue, push: PushSender) -> None: ...
            @activity.defn(name="parcels.push")
            async def push(self, request: WorkQueue) -> QueueWorked:
                return await self._effects.send_each(request, PARCEL_PUSH, self._push, write)

`write(effect, content, now)` makes the message of the channel. An effect is wanted by a row
(`EffectStore.intend`) and a QUEUED task of the job, in one transaction with the domain's own rows.
docs/effects.md has the states.
"""

from mainspring.activities.runtime.effects.acknowledging import acknowledge, give_up_abandoned, resolve
from mainspring.activities.runtime.effects.beginning import begin
from mainspring.activities.runtime.effects.claiming import claim
from mainspring.activities.runtime.effects.kind import (
    AnyEffectKind,
    Claimed,
    ClaimResult,
    EffectKind,
    Nothing,
    Outgoing,
    Prepared,
    Send,
    effect_kinds,
)
from mainspring.activities.runtime.effects.queue import EffectQueue
from mainspring.activities.runtime.effects.sender_settings import SenderSettings
from mainspring.activities.runtime.effects.senders import MailSender, PushSender, Sender

__all__ = [
    "AnyEffectKind",
    "ClaimResult",
    "Claimed",
    "EffectKind",
    "EffectQueue",
    "MailSender",
    "Nothing",
    "Outgoing",
    "Prepared",
    "PushSender",
    "Send",
    "Sender",
    "SenderSettings",
    "acknowledge",
    "begin",
    "claim",
    "effect_kinds",
    "give_up_abandoned",
    "resolve",
]
