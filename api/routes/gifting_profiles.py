"""Taste profiles, and what is recommended for them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from mainspring.api.callers import Operator, Viewer
from mainspring.api.models import Body, Limit, Page
from mainspring.api.rows import page_of
from mainspring.contracts.fields import Cents, Id
from mainspring.contracts.gifting.profiles import Answers, TasteProfile
from mainspring.contracts.gifting.recommendations import MOST_RECOMMENDED, GiftFilter, Recommendations
from mainspring.contracts.shop.catalogue import Tag

routes = APIRouter(prefix="/gifting/profiles", tags=["gifting"])

ProfileId = Annotated[Id, Path(description="The platform's id of a taste profile.", examples=["anna-1"])]


class ProfileBody(Body):
    """A user's answers, about the user or about the recipient of the user's gifts."""

    user_id: Id
    recipient_id: Id | None = None
    answers: Answers


class CompletedAnswer(BaseModel):
    """A saved profile, the task that embeds it, and a word for the user."""

    profile: TasteProfile
    task_id: UUID | None
    message: str


@routes.get("", operation_id="list_taste_profiles")
async def list_taste_profiles(
    who: Viewer,
    *,
    user_id: Annotated[Id | None, Query(description="Only those of this user.")] = None,
    after: Annotated[Id | None, Query(description="The `next` of the page above.")] = None,
    limit: Limit = 50,
) -> Page[TasteProfile]:
    """List taste profiles in the order of their ids."""
    found = await who.service.taste_profiles.profiles(user_id=user_id, after=after or "", limit=limit + 1)
    return page_of(found, limit, lambda each: each.id)


@routes.get("/{profile_id:path}/recommendations", operation_id="recommend")
async def recommend(
    who: Viewer,
    profile_id: ProfileId,
    *,
    n: Annotated[int, Query(ge=1, le=MOST_RECOMMENDED, description="So many at most.")] = 10,
    min_price_cents: Cents | None = None,
    max_price_cents: Cents | None = None,
    brand_ids: Annotated[list[Id] | None, Query(max_length=100)] = None,
    exclude_product_ids: Annotated[list[Id] | None, Query(max_length=1_000)] = None,
    is_featured: bool | None = None,
    occasions: Annotated[list[Tag] | None, Query(max_length=20)] = None,
) -> Recommendations:
    """Recommend products for a taste profile, each with the reason in words.

    404: there is no such profile. 409: it is being processed, by the task that `facts.task_id` names.
    """
    wanted = GiftFilter(
        min_price_cents=min_price_cents,
        max_price_cents=max_price_cents,
        brand_ids=tuple(brand_ids or ()),
        exclude_product_ids=tuple(exclude_product_ids or ()),
        is_featured=is_featured,
        occasions=tuple(occasions or ()),
    )
    return await who.service.recommender.recommend(profile_id, wanted, n)


@routes.get("/{profile_id:path}", operation_id="get_taste_profile")
async def get_taste_profile(who: Viewer, profile_id: ProfileId) -> TasteProfile:
    """Return a taste profile with its answers and facets."""
    return await who.service.taste_profiles.profile(profile_id)


@routes.post("/{profile_id:path}", operation_id="complete_taste_profile")
async def complete_taste_profile(
    who: Operator, profile_id: ProfileId, body: ProfileBody, response: Response
) -> CompletedAnswer:
    """Save a user's answers, and start what turns them into recommendations, in one transaction."""
    done = await who.service.taste_profiles.complete_taste_profile(
        profile_id, body.user_id, body.answers, body.recipient_id
    )
    await who.audit(f"taste profile {profile_id}", after={"user_id": body.user_id})
    if done.task_id is not None:
        response.headers["Location"] = f"/v1/tasks/{done.task_id}"
    return CompletedAnswer(profile=done.profile, task_id=done.task_id, message=done.message)


@routes.delete("/{profile_id:path}", status_code=204, operation_id="remove_taste_profile")
async def remove_taste_profile(who: Operator, profile_id: ProfileId) -> None:
    """Remove a taste profile with its vector."""
    await who.service.taste_profiles.remove_profile(profile_id)
    await who.audit(f"taste profile {profile_id}")
