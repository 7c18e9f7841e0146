"""Taste profiles: completed by users, and embedded by a task at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from mainspring.client.errors import BadInput, OtherLedger
from mainspring.client.gifting.errors import ProfileExists, ProfileMissing
from mainspring.client.jobs import Jobs
from mainspring.client.tasks.availability import availability
from mainspring.client.validation import shown, validated_as
from mainspring.contracts.gifting.profiles import CompleteTasteProfile, EmbedTasteProfile, TasteProfile
from mainspring.contracts.gifting.vectors import VectorKind
from mainspring.domain.gifting.facets import derive_facets, profile_text
from mainspring.domain.gifting.texts import text_hash
from mainspring.gateways.clock import Clock
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.database import Database, Session
from mainspring.storage.gifting import ProfileRepository, VectorRepository
from mainspring.storage.ledger import WorkspaceTasks
from mainspring.workflows.gifting.profiles import EMBED_PROFILE

SAVED = "Profile saved. Generating recommendations…"
SAVED_ONLY = "Profile saved. Recommendations may be delayed."

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class CompletedProfile:
    """A saved profile, the task that embeds it, and a word for the user.

    No task: the workers work for another ledger, so that none could be started.
    """

    profile: TasteProfile
    task_id: UUID | None
    message: str


class TasteProfiles:
    """The taste profiles of a workspace. A profile that is completed again is overwritten."""

    def __init__(self, database: Database, jobs: Jobs, temporal: TemporalGateway, clock: Clock) -> None:
        self._database = database
        self._jobs = jobs
        self._temporal = temporal
        self._clock = clock
        self._workspace = jobs.workspace

    async def complete_taste_profile(
        self,
        profile_id: str,
        user_id: str,
        answers: Mapping[str, Any],
        recipient_id: str | None = None,
        *,
        triggered_by: str = "profile.completed",
    ) -> CompletedProfile:
        """Save a profile with what its answers say, and have it embedded, in one transaction.

        Also while Temporal is away: the profile is embedded when Temporal is back.

        Raises BadInput: when an id or the answers are not accepted, or the profile is that of another user.
        Raises ProfileExists: when the user has another profile for the recipient.
        """
        told = {"profile_id": profile_id, "user_id": user_id, "recipient_id": recipient_id}
        profile = self._profile(validated_as(CompleteTasteProfile, told | {"answers": dict(answers)}))
        saved = await self._database.transact(lambda session: self._save(session, profile, triggered_by))
        is_under_way = saved.embedding_task_id is not None and await availability(self._temporal) is None
        return CompletedProfile(saved, saved.embedding_task_id, SAVED if is_under_way else SAVED_ONLY)

    async def profile(self, profile_id: str) -> TasteProfile:
        """Return a profile.

        Raises ProfileMissing: when there is none of this id.
        """
        found = await self._database.read(
            lambda session: ProfileRepository(session, self._workspace).get(profile_id)
        )
        if found is None:
            raise ProfileMissing(profile_id)
        return found

    async def profiles(
        self, *, user_id: str | None = None, after: str = "", limit: int = 50
    ) -> list[TasteProfile]:
        """Return profiles in the order of their ids, of one user or of all."""
        return await self._database.read(
            lambda session: ProfileRepository(session, self._workspace).find(
                user_id=user_id, after=after, limit=limit
            )
        )

    async def remove_profile(self, profile_id: str) -> None:
        """Remove a profile with its vector.

        Raises ProfileMissing: when there is none of this id.
        """

        async def remove(session: Session) -> bool:
            was_there = await ProfileRepository(session, self._workspace).remove(profile_id)
            await VectorRepository(session, self._workspace).remove(VectorKind.PROFILE, [profile_id])
            return was_there

        if not await self._database.transact(remove):
            raise ProfileMissing(profile_id)

    def _profile(self, told: CompleteTasteProfile) -> TasteProfile:
        facets = derive_facets(told.answers)
        return TasteProfile(
            id=told.profile_id,
            **told.model_dump(include={"user_id", "recipient_id", "answers"}),
            facets=facets,
            text_hash=text_hash(profile_text(facets)),
            updated_at=self._clock.now(),
        )

    async def _save(self, session: Session, profile: TasteProfile, triggered_by: str) -> TasteProfile:
        profiles = ProfileRepository(session, self._workspace)
        # The task before the profile: the worker acknowledges the task, and then looks at the profile.
        task_id = await self._embed(session, profile, triggered_by)
        holder = await profiles.claim(profile)
        if holder.id != profile.id:
            raise ProfileExists(profile.user_id, profile.recipient_id, holder.id)
        if (holder.user_id, holder.recipient_id) != (profile.user_id, profile.recipient_id):
            raise BadInput(
                f"profile_id: {shown(profile.id)} is not accepted: the id of a new profile, or of one that "
                "this user has for this recipient"
            )
        saved = profile.model_copy(update={"embedding_task_id": task_id})
        await profiles.store(saved)
        return saved

    async def embed_again(self, profile_id: str, *, triggered_by: str = "manual") -> UUID | None:
        """Have a profile embedded, unless a task is at it; return the task. None: none can be started.

        Raises ProfileMissing: when there is none of this id.
        """

        async def work(session: Session) -> UUID | None:
            profiles = ProfileRepository(session, self._workspace)
            profile = await profiles.get(profile_id)
            if profile is None:
                raise ProfileMissing(profile_id)
            if await self._is_active(session, profile.embedding_task_id):
                return profile.embedding_task_id
            task_id = await self._embed(session, profile, triggered_by)
            await profiles.note_task(profile_id, task_id)
            return task_id

        return await self._database.transact(work)

    async def _is_active(self, session: Session, task_id: UUID | None) -> bool:
        task = None if task_id is None else await WorkspaceTasks(session, self._workspace).get(task_id)
        return task is not None and not task.state.is_final

    async def _embed(self, session: Session, profile: TasteProfile, triggered_by: str) -> UUID | None:
        message = EmbedTasteProfile(
            profile_id=profile.id, user_id=profile.user_id, recipient_id=profile.recipient_id
        )
        try:
            started = await self._jobs.start(
                EMBED_PROFILE, message, session=session, priority=1, triggered_by=triggered_by
            )
        except OtherLedger as error:  # nothing is wrong with the profile
            log.warning("a taste profile is saved, and not embedded", profile_id=profile.id, error=str(error))
            return None
        return started.id
