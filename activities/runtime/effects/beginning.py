"""Beginning effects: the ledger says that an effect goes out before the channel hands it over."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from mainspring.activities.runtime.effects.kind import Outgoing
from mainspring.storage.database import Session
from mainspring.storage.effects import EffectStore


async def begin(session: Session, outgoing: Mapping[UUID, Outgoing[Any]], *, at: datetime) -> set[UUID]:
    """Set effects SENDING, given by their tasks; return the tasks whose effects go out.

    An effect that another attempt has begun since it was claimed is none of them.
    """
    begun = await EffectStore(session).begin([each.effect for each in outgoing.values()], at=at)
    for each in outgoing.values():
        each.begun = begun.get(each.effect.id)
    return {task_id for task_id, each in outgoing.items() if each.begun is not None}
