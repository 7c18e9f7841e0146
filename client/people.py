"""People from outside: the users that a platform has, and their links to unsubscribe."""

from collections.abc import Awaitable, Callable, Collection, Sequence

from mainspring.client.entries import Entries
from mainspring.client.workspaces import checked_workspace
from mainspring.contracts.people import User
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.domain.unsubscribe import (
    ShortenedUnsubscribing,
    TokenRefused,
    UnsubscribeScope,
    Unsubscribing,
    read_token,
)
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database, Session
from mainspring.storage.dialect import chunks
from mainspring.storage.people import UserRepository, user_with_long_id

# What follows, within the transaction, when these users have changed their zones.
ZonesChanged = Callable[[Session, Collection[str]], Awaitable[None]]

# What each link switches off.
SWITCHED_OFF = {
    UnsubscribeScope.ALL: ("sale_alerts", "stock_alerts"),
    UnsubscribeScope.SALE: ("sale_alerts",),
    UnsubscribeScope.STOCK: ("stock_alerts",),
    UnsubscribeScope.REMINDERS: ("reminders",),
}


class People:
    """The users of a workspace. Storing the same again changes nothing, other rows are overwritten.

    Of two users with the same id the last one wins. `token_keys` gives the keys of links as they are now.
    `zones_changed` is called in the transaction that has stored users who are in another zone now.
    """

    def __init__(
        self,
        database: Database,
        token_keys: Callable[[], Sequence[bytes]],
        clock: Clock,
        *,
        workspace: str = DEFAULT_WORKSPACE,
        zones_changed: ZonesChanged | None = None,
    ) -> None:
        self._database = database
        self._zones_changed = zones_changed
        self._token_keys = token_keys
        self._clock = clock
        self._workspace = workspace = checked_workspace(workspace)
        self._entries = Entries(database, "user", lambda session: UserRepository(session, workspace))

    async def store_users(self, users: Sequence[User]) -> None:
        """Store users, a thousand in each transaction. Alerts that are not said stay as they are."""
        for chunk in chunks(users):
            await self._store(chunk)

    async def _store(self, users: Sequence[User]) -> None:
        async def store(session: Session) -> None:
            now = self._clock.now()
            changed = await UserRepository(session, self._workspace).store(users, now=now)
            if changed and self._zones_changed is not None:
                await self._zones_changed(session, changed)

        await self._database.transact(store)

    async def users(self, *, after: str = "", limit: int = 50) -> list[User]:
        """Return users in the order of their ids, those that come after `after`."""
        return await self._entries.page(after=after, limit=limit)

    async def user(self, user_id: str) -> User:
        """Return a user.

        Raises EntryUnknown: when there is none of this id.
        """
        return await self._entries.get(user_id)

    async def remove_user(self, user_id: str) -> None:
        """Remove a user and the user's wishes; nothing more is sent to the user.

        Raises EntryUnknown: when there is none of this id.
        """
        await self._entries.remove(user_id)

    async def asked_by(self, token: str) -> Unsubscribing | None:
        """Return what a link's token asks for; None when it was not made here, or the user is gone."""
        try:
            wish = await self._named(read_token(token, *self._token_keys()))
        except TokenRefused:
            return None
        if wish is None:
            return None
        known = await self._database.read(
            lambda session: UserRepository(session, wish.workspace).known([wish.user_id])
        )
        return wish if known else None

    async def unsubscribe(self, token: str) -> str | None:
        """Switch off what a link's token says; return the user's id, None if there is no such user.

        The token says itself in which workspace the user is: a link is followed without any other word.
        TokenRefused: the link is damaged, or was not made here.
        """
        wish = await self._named(read_token(token, *self._token_keys()))
        if wish is None:
            return None
        known = await self._database.transact(
            lambda session: UserRepository(session, wish.workspace).switch_off(
                wish.user_id, SWITCHED_OFF[wish.scope], now=self._clock.now()
            )
        )
        return wish.user_id if known else None

    async def _named(self, wish: Unsubscribing | ShortenedUnsubscribing) -> Unsubscribing | None:
        """Return a wish with its user's id; None if there is no such user."""
        if isinstance(wish, Unsubscribing):
            return wish
        found = await self._database.read(lambda session: user_with_long_id(session, wish.is_of))
        return None if found is None else Unsubscribing(found[1], wish.scope, found[0])
