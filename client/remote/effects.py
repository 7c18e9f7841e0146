"""The effects ledger over HTTP."""

from collections.abc import Collection

from mainspring.client.effects import EffectCounts
from mainspring.client.errors import BadInput
from mainspring.client.remote.calls import Calls, whole_id
from mainspring.contracts.effects import Effect, EffectState


class RemoteEffects:
    """As `client.effects.Effects`, over HTTP; ids are whole."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def find(
        self,
        states: Collection[EffectState] = (),
        *,
        kind: str | None = None,
        before: Effect | None = None,
        limit: int = 50,
    ) -> list[Effect]:
        """Return effects of a kind or of all, the newest first; `before` is the last of the page above."""
        found = await self._calls.page(
            "/v1/effects",
            limit=limit,
            after=None if before is None else str(before.id),
            state=[str(each) for each in states],
            kind=kind,
        )
        return [Effect.restore(each) for each in found]

    async def get(self, reference: str) -> Effect:
        """Return one by its id; EffectUnknown, BadInput."""
        return Effect.restore(await self._calls.get(f"/v1/effects/{whole_id(reference)}"))

    async def counts_up_to(self, most: int) -> EffectCounts:
        """Return how many there are; of a state with more than `most` no more are counted.

        Raises BadInput: when `most` is more than the service counts.
        """
        answer = await self._calls.get("/v1/effects/counts")
        if most > answer["most"]:
            raise BadInput(f"most: {most} is not accepted: {answer['most']} or less")
        states = {EffectState(state): min(count, most) for state, count in answer["states"].items()}
        return EffectCounts(states, answer["resends"])

    async def mark_sent(self, reference: str) -> Effect:
        """Say of an unknown one that it got through; return it. BadInput: it is not unknown."""
        return await self._decide(reference, "sent")

    async def send_again(self, reference: str) -> Effect:
        """Send an unknown one again, under the same reference; return it.

        BadInput: it is not unknown, or nothing of what it tells holds any more.
        """
        return await self._decide(reference, "again")

    async def _decide(self, reference: str, decision: str) -> Effect:
        path = f"/v1/effects/{whole_id(reference)}/resolve"
        return Effect.restore(await self._calls.post(path, {"decision": decision}))
