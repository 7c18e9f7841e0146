"""Embedding taste profiles: a page of them is one request."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from temporalio import activity

from mainspring.activities.runtime.queue import BatchedQueues, QueueTask, Result, TaskDone
from mainspring.contracts.gifting.profiles import EmbedTasteProfile, TasteProfile, TasteProfileEmbedded
from mainspring.contracts.gifting.vectors import VectorKind
from mainspring.contracts.queues import QueueWorked, WorkQueue
from mainspring.domain.gifting.facets import profile_text
from mainspring.gateways.clock import Clock
from mainspring.gateways.embeddings import Embeddings
from mainspring.storage.database import Database, Session
from mainspring.storage.gifting import NewVector, ProfileRepository, VectorRepository

Task = QueueTask[EmbedTasteProfile]


class ProfileActivities:
    """Embeds taste profiles."""

    def __init__(
        self, database: Database, queues: BatchedQueues, embeddings: Embeddings, clock: Clock
    ) -> None:
        self._database = database
        self._queues = queues
        self._embeddings = embeddings
        self._clock = clock

    @activity.defn(name="gifting.embed_taste_profiles")
    async def embed(self, request: WorkQueue) -> QueueWorked:
        """Embed a batch of the queue."""
        vectors: dict[UUID, NewVector] = {}

        async def work(tasks: Sequence[Task]) -> Mapping[UUID, Result]:
            vectors.update(await self._vectors([task for task in tasks if self._is_wanting(task)]))
            return {task.id: self._result(task, vectors.get(task.id)) for task in tasks}

        async def store(session: Session, done: Sequence[TaskDone[EmbedTasteProfile]]) -> None:
            await self._store(session, done, vectors)

        return await self._queues.work_batches(
            request, EmbedTasteProfile, work, prepare=self._read, store=store
        )

    async def _read(self, session: Session, tasks: Sequence[Task]) -> Mapping[UUID, object]:
        """Return, for each task, the profile and what its vector is of."""
        read: dict[UUID, object] = {}
        for task in tasks:
            subject = task.input.profile_id
            profile = await ProfileRepository(session, task.workspace).get(subject)
            hashes = await VectorRepository(session, task.workspace).hashes(VectorKind.PROFILE, [subject])
            read[task.id] = (profile, hashes.get(subject))
        return read

    def _is_wanting(self, task: Task) -> bool:
        """Whether there is a profile, and no vector of its text by this model."""
        profile, embedded = _prepared(task)
        return profile is not None and embedded != (self._embeddings.model, profile.text_hash)

    async def _vectors(self, tasks: Sequence[Task]) -> dict[UUID, NewVector]:
        profiles = {task.id: profile for task in tasks if (profile := _prepared(task)[0]) is not None}
        if not profiles:
            return {}
        embedded = await self._embeddings.embed([profile_text(each.facets) for each in profiles.values()])
        return {
            task_id: NewVector(profile.id, self._embeddings.model, profile.text_hash, vector)
            for (task_id, profile), vector in zip(profiles.items(), embedded.vectors, strict=True)
        }

    def _result(self, task: Task, vector: NewVector | None) -> TasteProfileEmbedded:
        if vector is not None:
            return TasteProfileEmbedded(model=vector.model, text_hash=vector.text_hash)
        profile, _ = _prepared(task)
        return TasteProfileEmbedded(skipped="profile-not-found" if profile is None else "unchanged-hash")

    async def _store(
        self,
        session: Session,
        done: Sequence[TaskDone[EmbedTasteProfile]],
        vectors: Mapping[UUID, NewVector],
    ) -> None:
        """Store the vectors of profiles that are still there."""
        by_workspace: defaultdict[str, list[NewVector]] = defaultdict(list)
        for each in done:
            if each.task.id in vectors:
                by_workspace[each.task.workspace].append(vectors[each.task.id])
        for workspace, new in sorted(by_workspace.items()):
            held = await ProfileRepository(session, workspace).held(each.subject for each in new)
            there = [each for each in new if each.subject in held]
            await VectorRepository(session, workspace).store(VectorKind.PROFILE, there, now=self._clock.now())


def _prepared(task: Task) -> tuple[TasteProfile | None, tuple[str, str] | None]:
    prepared: tuple[TasteProfile | None, tuple[str, str] | None] = task.prepared or (None, None)
    return prepared
