"""Rows of effects as messages, and what is written of them."""

from dataclasses import dataclass
from uuid import UUID

from mainspring.contracts.effects import Effect, EffectState, OnUnknown
from mainspring.storage.tables import EffectRow


@dataclass(frozen=True)
class NewEffect:
    """An effect that is wanted; see EffectRow."""

    id: UUID
    workspace: str
    kind: str
    dedupe_key: str
    owner: str
    reference: str
    recipient: str
    task_id: UUID
    on_unknown: OnUnknown


@dataclass(frozen=True)
class EffectResult:
    """What became of an effect that was being sent. INTENDED: it surely did not get through.

    A result with an `attempt` is about this attempt only: it is void once a later attempt has begun.
    """

    id: UUID
    state: EffectState
    error: str | None = None
    attempt: int | None = None


def effect_of(row: EffectRow) -> Effect:
    """Return a row as a message."""
    return Effect.model_validate({name: getattr(row, name) for name in Effect.model_fields})
