"""Users: the platform's people, who wish and are sent mails."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from mainspring.api.callers import Operator, Viewer
from mainspring.api.models import Limit, Page
from mainspring.api.rows import Rows, Stored, page_of, stored
from mainspring.client.shop_imports import import_users
from mainspring.contracts.fields import Id
from mainspring.contracts.people import User

routes = APIRouter(prefix="/users", tags=["people"])

UserId = Annotated[Id, Path(description="The platform's id of a user.", examples=["anna"])]


@routes.get("", operation_id="list_users")
async def list_users(
    who: Viewer,
    *,
    after: Annotated[Id | None, Query(description="The `next` of the page above.")] = None,
    limit: Limit = 50,
) -> Page[User]:
    """List users in the order of their ids."""
    found = await who.service.people.users(after=after or "", limit=limit + 1)
    return page_of(found, limit, lambda each: each.id)


@routes.post("", operation_id="store_users")
async def store_users(who: Operator, body: Rows[User]) -> Stored:
    """Store up to a thousand users; one that is there is overwritten.

    Alerts that are left out stay as they are, also switched off by a link in a mail.
    """
    result = stored(await import_users(who.service.people, body.items))
    await who.audit("users", after=result.counts)
    return result


@routes.get("/{user_id:path}", operation_id="get_user")
async def get_user(who: Viewer, user_id: UserId) -> User:
    """Return a user."""
    return await who.service.people.user(user_id)


@routes.delete("/{user_id:path}", status_code=204, operation_id="remove_user")
async def remove_user(who: Operator, user_id: UserId) -> None:
    """Remove a user and the user's wishes; nothing more is sent to the user."""
    await who.service.people.remove_user(user_id)
    await who.audit(f"user {user_id}")
