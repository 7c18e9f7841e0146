"""What is recommended for a taste profile."""

from dataclasses import dataclass
from typing import Any

from mainspring.client.errors import BadInput
from mainspring.client.gifting.errors import ProfileInProcess, ProfileMissing
from mainspring.client.gifting.profiles import TasteProfiles
from mainspring.contracts.gifting.profiles import Facets, TasteProfile
from mainspring.contracts.gifting.recommendations import (
    MOST_RECOMMENDED,
    GiftFilter,
    Recommendation,
    Recommendations,
)
from mainspring.contracts.gifting.vectors import VectorKind
from mainspring.domain.gifting.matching import is_disliked, reason
from mainspring.domain.gifting.similarity import Candidate, mmr
from mainspring.storage.database import Database, Session
from mainspring.storage.gifting import Gift, GiftRepository, ProfileRepository, StoredVector, VectorRepository
from mainspring.storage.gifting.vector_index import make_index

# How much nearness counts against variety, and among how many candidates for each place is chosen.
NEARNESS = 0.7
CANDIDATES_A_PLACE = 5

# Candidates beside those, for what the profile says to avoid.
MORE_CANDIDATES = 20

EVERYTHING = GiftFilter()


@dataclass(frozen=True)
class _Found:
    """A profile, its vector if it has one that products can be compared with, and the products near to it."""

    profile: TasteProfile
    vector: StoredVector | None
    candidates: list[Candidate]
    gifts: dict[str, Gift]


class Recommender:
    """Recommends the products of a workspace that are published and visible."""

    def __init__(self, database: Database, profiles: TasteProfiles, *, workspace: str) -> None:
        self._database = database
        self._profiles = profiles
        self._workspace = workspace

    async def recommend(
        self, profile_id: str, wanted: GiftFilter = EVERYTHING, n: int = 10
    ) -> Recommendations:
        """Return up to `n` products for a profile, each with its reason.

        Where the filter names no price, the profile's budget holds. A profile that was edited is recommended
        for by its answers of before until the others are embedded.

        Raises ProfileMissing: when there is no such profile.
        Raises ProfileInProcess: when the profile has no vector yet; its embedding is started.
        Raises BadInput: when `n` is not accepted.
        """
        if not 1 <= n <= MOST_RECOMMENDED:
            raise BadInput(f"n: {n} is not accepted: 1 to {MOST_RECOMMENDED}")
        found = await self._database.read(lambda session: self._find(session, profile_id, wanted, n))
        if found is None:
            raise ProfileMissing(profile_id)
        if found.vector is None:
            raise ProfileInProcess(profile_id, await self._profiles.embed_again(profile_id))
        is_old = found.vector.text_hash != found.profile.text_hash
        renewed_by = await self._profiles.embed_again(profile_id) if is_old else None
        items = tuple(_recommendations(found, n))
        return Recommendations(profile_id=profile_id, items=items, renewed_by=renewed_by)

    async def recommend_for(
        self, user_id: str, recipient_id: str | None = None, wanted: GiftFilter = EVERYTHING, n: int = 10
    ) -> Recommendations:
        """As `recommend`, for the profile that a user has for a recipient, or for the user.

        Raises ProfileMissing: when the user has no such profile.
        """
        profile = await self._database.read(
            lambda session: ProfileRepository(session, self._workspace).of_user(user_id, recipient_id)
        )
        if profile is None:
            raise ProfileMissing(user_id if recipient_id is None else f"{user_id} for {recipient_id}")
        return await self.recommend(profile.id, wanted, n)

    async def make_index(self, dimensions: int) -> bool:
        """Make the index for vectors of a size, for all workspaces; return False where it cannot be had."""
        return await make_index(self._database, dimensions)

    async def _find(self, session: Session, profile_id: str, wanted: GiftFilter, n: int) -> _Found | None:
        profile = await ProfileRepository(session, self._workspace).get(profile_id)
        if profile is None:
            return None
        vectors = VectorRepository(session, self._workspace)
        gifts = GiftRepository(session, self._workspace)
        vector = await vectors.get(VectorKind.PROFILE, profile_id)
        if vector is None:
            return _Found(profile, None, [], {})
        within, currency = _within_budget(wanted, profile.facets)
        candidates = await vectors.nearest(
            VectorKind.PRODUCT,
            vector.vector,
            CANDIDATES_A_PLACE * n + MORE_CANDIDATES,
            model=vector.model,
            among=gifts.ids(within, currency=currency),
        )
        if (
            not candidates
            and (models := await vectors.models(VectorKind.PRODUCT))
            and vector.model not in models
        ):
            # Nothing can be compared with what another model has made of the profile.
            return _Found(profile, None, [], {})
        return _Found(profile, vector, candidates, await gifts.of_ids([each.subject for each in candidates]))


def _within_budget(wanted: GiftFilter, facets: Facets) -> tuple[GiftFilter, str | None]:
    """Return the filter with the prices of the profile where it has none, and the currency of these."""
    if wanted.min_price_cents is not None or wanted.max_price_cents is not None:
        return wanted, None
    prices: dict[str, Any] = facets.model_dump(include={"min_price_cents", "max_price_cents"})
    has_budget = any(each is not None for each in prices.values())
    return wanted.model_copy(update=prices), facets.currency if has_budget else None


def _recommendations(found: _Found, n: int) -> list[Recommendation]:
    facets = found.profile.facets
    liked = [
        each
        for each in found.candidates
        if each.subject in found.gifts and not is_disliked(facets, found.gifts[each.subject].words)
    ]
    chosen = mmr(liked[: CANDIDATES_A_PLACE * n], n, NEARNESS)
    return [
        Recommendation(
            product=found.gifts[each.subject].product,
            similarity=each.similarity,
            reason=reason(facets, found.gifts[each.subject].words),
        )
        for each in chosen
    ]
