"""The effects ledger from outside: looking at what was sent, and deciding about what nobody knows of."""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from mainspring.activities.runtime.effects import AnyEffectKind, effect_kinds, resolve
from mainspring.client.errors import BadInput
from mainspring.client.jobs import Jobs
from mainspring.client.references import resolved_id
from mainspring.contracts.effects import Effect, EffectState
from mainspring.contracts.tasks import TaskState
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database, Session
from mainspring.storage.effects import WorkspaceEffects
from mainspring.storage.errors import AlreadyRetried, EffectUnknown
from mainspring.storage.ledger import WorkspaceTasks


@dataclass(frozen=True)
class EffectCounts:
    """How many effects are in each state; `resends` were sent though an earlier attempt may have arrived."""

    states: dict[EffectState, int]
    resends: int


class Effects:
    """Everything that was sent in a workspace, or is to be. `kinds` are looked up when a person decides."""

    def __init__(
        self,
        database: Database,
        jobs: Jobs,
        clock: Clock,
        kinds: Callable[[], Mapping[str, AnyEffectKind]] = effect_kinds,
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._clock = clock
        self._kinds = kinds

    async def find(
        self,
        states: Collection[EffectState] = (),
        *,
        kind: str | None = None,
        before: Effect | None = None,
        limit: int = 50,
    ) -> list[Effect]:
        """Return effects of a kind or of all, the newest first; `before` is the last of the page above."""
        above = None if before is None else (before.created_at, before.id)
        return await self._database.read(
            lambda session: WorkspaceEffects(session, self._jobs.workspace).find(
                states, kind=kind, before=above, limit=limit
            )
        )

    async def get(self, reference: str) -> Effect:
        """Return one by its id or the beginning of it; EffectUnknown, BadInput: several begin so."""
        effect_id = await self._resolve(reference)
        return await self._database.read(
            lambda session: WorkspaceEffects(session, self._jobs.workspace).get(effect_id)
        )

    async def _resolve(self, reference: str) -> UUID:
        return await resolved_id(
            reference,
            lambda prefix: self._database.read(
                lambda session: WorkspaceEffects(session, self._jobs.workspace).id_starting_with(prefix)
            ),
            unknown=EffectUnknown,
            ambiguous=lambda prefix: BadInput(
                f"several effects have ids that begin with {prefix!r}: give more of it"
            ),
        )

    async def counts(self) -> EffectCounts:
        """Return how many there are."""

        async def look(session: Session) -> EffectCounts:
            effects = WorkspaceEffects(session, self._jobs.workspace)
            return EffectCounts(dict(await effects.counts()), await effects.resends())

        return await self._database.read(look)

    async def counts_up_to(self, most: int) -> EffectCounts:
        """Return how many there are; of a state with more than `most` no more are counted."""

        async def look(session: Session) -> EffectCounts:
            effects = WorkspaceEffects(session, self._jobs.workspace)
            return EffectCounts(dict(await effects.counts_up_to(most)), await effects.resends())

        return await self._database.read(look)

    async def mark_sent(self, reference: str) -> Effect:
        """Say of an unknown one that it got through; return it. BadInput: it is not unknown."""
        return await self._decide(reference, EffectState.SENT)

    async def send_again(self, reference: str) -> Effect:
        """Send an unknown one again, under the same reference; return it.

        BadInput: it is not unknown, or nothing of what it tells holds any more.
        Its task is retried. It counts as a resend.
        """
        effect = await self._decide(reference, EffectState.FAILED)
        with suppress(AlreadyRetried):  # that retry waits for its turn, and sends it
            await self._jobs.retry(effect.task_id)
        return effect

    def _kind_of(self, effect: Effect) -> AnyEffectKind:
        kind = self._kinds().get(effect.kind)
        if kind is None:
            raise BadInput(f"effect {effect.id} is a {effect.kind}, and no activity here says what that is")
        return kind

    async def _decide(self, reference: str, state: EffectState) -> Effect:
        effect_id, now = await self._resolve(reference), self._clock.now()

        async def write(session: Session) -> Effect:
            effects = WorkspaceEffects(session, self._jobs.workspace)
            kind = self._kind_of(await effects.get(effect_id))
            before = await resolve(session, kind, effect_id, state, now=now)
            if before.state is not EffectState.UNKNOWN:
                raise BadInput(
                    f"effect {effect_id} is {before.state}: only an unknown one waits for a decision"
                )
            task = await WorkspaceTasks(session, self._jobs.workspace).get(before.task_id)
            if task is not None and not task.state.is_final:
                raise BadInput(f"effect {effect_id}: task {task.id} has not come to its end; try again then")
            is_again = state is EffectState.FAILED
            if is_again and task is not None and task.state is TaskState.SUCCESS:
                raise BadInput(
                    f"effect {effect_id} is not sent again: nothing of what it tells holds any more"
                )
            return await effects.get(effect_id)

        return await self._database.transact(write)
