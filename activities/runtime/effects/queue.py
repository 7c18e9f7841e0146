"""Sending effects from the queue of their job: claimed, written, handed to the channel, acknowledged."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from mainspring.activities.runtime.effects.acknowledging import acknowledge
from mainspring.activities.runtime.effects.beginning import begin
from mainspring.activities.runtime.effects.claiming import claim
from mainspring.activities.runtime.effects.kind import Content, EffectKind, In, Nothing, Outgoing
from mainspring.activities.runtime.effects.senders import Sender
from mainspring.activities.runtime.queue import BatchedQueues, Begins, QueueTask, TaskDone
from mainspring.contracts.effects import Effect
from mainspring.contracts.message import Message
from mainspring.contracts.queues import QueueWorked, WorkQueue
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Session

Outbound = TypeVar("Outbound")


class EffectQueue:
    """The queues of jobs that send effects: a task sends one effect."""

    def __init__(self, queues: BatchedQueues, clock: Clock) -> None:
        self._queues = queues
        self._clock = clock

    async def send_each(
        self,
        request: WorkQueue,
        kind: EffectKind[In, Content],
        sender: Sender[Outbound],
        write: Callable[[Effect, Content, datetime], Outbound],
    ) -> QueueWorked:
        """Send a batch of the queue. `write` makes the message just before the channel sends it.

        What `write` raises became of the task, and nothing was sent.
        """

        async def prepare(session: Session, tasks: Sequence[QueueTask[In]]) -> Mapping[UUID, object]:
            requests = {task.id: task.input for task in tasks}
            workspaces = {task.id: task.workspace for task in tasks}
            return await claim(session, kind, requests, workspaces, now=self._clock.now())

        async def send(task: QueueTask[In]) -> Message:
            match task.prepared:
                case Exception() as error:
                    raise error
                case Nothing(content):
                    return kind.result(content, None)
                case Outgoing(effect=effect, content=content):
                    message = write(effect, content, self._clock.now())
                    return kind.result(content, await sender.send(effect, message, task.begin))
            raise TypeError(f"{task.prepared!r} is no effect")

        async def write_begun(
            session: Session, tasks: Sequence[QueueTask[In]], at: datetime
        ) -> Collection[UUID]:
            return await begin(session, {task.id: task.prepared for task in tasks}, at=at)

        async def store(session: Session, done: Sequence[TaskDone[In]]) -> None:
            await acknowledge(session, kind, done, now=self._clock.now())

        return await self._queues.work_each(
            request,
            kind.request,
            send,
            retry=sender.retry,
            begins=Begins(write_begun, sender.places),
            prepare=prepare,
            store=store,
        )
