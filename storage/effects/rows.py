"""Rows of effects as messages, and what is written of them."""

from dataclasses import dataclass
from uuid import UUID

from mainspring.contracts.effects import Effect, EffectState, OnUnknown, SendEffect
from mainspring.contracts.tasks import NewTask
from mainspring.domain.queues import batched_task
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

    def task(self, job: str, *, triggered_by: str) -> NewTask:
        """Return the task of a batched queue that sends the effect, in the effect's workspace."""
        message = SendEffect(effect_id=self.id)
        return batched_task(job, self.task_id, message, workspace=self.workspace, triggered_by=triggered_by)


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
    return Effect.restore({name: getattr(row, name) for name in Effect.model_fields})
