"""Holding users: nobody else writes, plans, claims or settles what held users are told."""

from collections.abc import Collection

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.storage.dialect import chunks
from mainspring.storage.tables import WishlistUserRow

# A workspace, and the id of a user in it.
UserKey = tuple[str, str]


async def hold_users(session: AsyncSession, users: Collection[UserKey]) -> None:
    """Keep everybody else from writing, planning, claiming and settling what these users are told.

    A transaction that writes what several users are told calls this first: the users are held in the order
    of their keys, so no two writers wait for each other. New rows that only refer to users go on being
    stored.
    """
    key = WishlistUserRow.workspace, WishlistUserRow.id
    for some in chunks(sorted(users)):
        locked = select(WishlistUserRow.id).where(tuple_(*key).in_(some))
        await session.execute(locked.order_by(*key).with_for_update(key_share=True))
