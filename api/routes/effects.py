"""Effects: what was sent to somebody outside, and deciding about what nobody knows of."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from mainspring.api.callers import Caller, Observer, Operator
from mainspring.api.models import Body, Limit, Page, Text
from mainspring.api.rows import page_of
from mainspring.contracts.effects import Effect, EffectState

routes = APIRouter(prefix="/effects", tags=["effects"])

# Whoever has more in a state knows enough by that.
MOST_COUNTED = 10_000

EffectId = Annotated[UUID, Path(description="The id of an effect.")]


class Decision(StrEnum):
    """What a person says of an effect whose answer was lost."""

    SENT = "sent"
    AGAIN = "again"


class ResolveBody(Body):
    """Whether the effect got through, or is sent again under the same reference."""

    decision: Decision


class EffectTotals(BaseModel):
    """How many effects are in each state; `most` says that there are so many or more."""

    states: dict[EffectState, int]
    resends: int
    most: int = MOST_COUNTED


@routes.get("", operation_id="list_effects")
async def list_effects(
    who: Observer,
    *,
    state: Annotated[frozenset[EffectState], Query(description="In one of these states.")] = frozenset(),
    kind: Annotated[Text | None, Query(description="Of this kind.", examples=["wishlist-mail"])] = None,
    after: Annotated[UUID | None, Query(description="The `next` of the page above.")] = None,
    limit: Limit = 50,
) -> Page[Effect]:
    """List effects, the newest first."""
    effects = who.service.effects
    last = None if after is None else await effects.get(str(after))
    found = await effects.find(state, kind=kind, before=last, limit=limit + 1)
    return page_of([_shown(who, each) for each in found], limit, lambda effect: str(effect.id))


@routes.get("/counts", operation_id="count_effects")
async def count_effects(who: Observer) -> EffectTotals:
    """Say how many effects there are in each state, and how many were sent though they may have arrived."""
    counts = await who.service.effects.counts_up_to(MOST_COUNTED)
    return EffectTotals(states=counts.states, resends=counts.resends)


@routes.get("/{effect_id}", operation_id="get_effect")
async def get_effect(who: Observer, effect_id: EffectId) -> Effect:
    """Return an effect."""
    return _shown(who, await who.service.effects.get(str(effect_id)))


@routes.post("/{effect_id}/resolve", operation_id="resolve_effect")
async def resolve_effect(who: Operator, effect_id: EffectId, body: ResolveBody) -> Effect:
    """Decide about an effect of which nobody knows whether it got through."""
    effects = who.service.effects
    decide = effects.mark_sent if body.decision is Decision.SENT else effects.send_again
    resolved = await decide(str(effect_id))
    await who.audit(
        f"effect {effect_id}",
        before={"state": EffectState.UNKNOWN},
        after={"state": resolved.state, "decision": body.decision},
    )
    return resolved


def _shown(who: Caller, effect: Effect) -> Effect:
    return effect if who.sees_payloads else effect.model_copy(update={"recipient": "", "error": None})
