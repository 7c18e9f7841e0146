"""Accounts and the keys they use."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, select, update

from mainspring.domain.cards import Account
from mainspring.storage.errors import AccountExists, AccountUnknown
from mainspring.storage.repository import Repository
from mainspring.storage.secrets import SecretBox
from mainspring.storage.tables import AccountRow


class AccountRepository(Repository):
    """The accounts, inside the caller's transaction."""

    async def add(
        self,
        name: str,
        *,
        workspace: str,
        plan: str,
        anchor_day: int,
        api_key: str | None,
        box: SecretBox,
        now: datetime,
    ) -> Account:
        """Add an account; AccountExists when the name is taken in its workspace."""
        if await self._session.scalar(_named(workspace, name)) is not None:
            raise AccountExists(name)
        row = AccountRow(
            id=uuid4(),
            workspace=workspace,
            name=name,
            plan=plan,
            anchor_day=anchor_day,
            is_active=True,
            created_at=now,
        )
        row.api_key_encrypted = _seal(row.id, api_key, box)
        self._session.add(row)
        await self._session.flush()
        return _account(row)

    async def change(self, account_id: UUID, changes: Mapping[str, Any]) -> None:
        """Set some of `plan`, `anchor_day` and `is_active`."""
        await self._session.execute(
            update(AccountRow).where(AccountRow.id == account_id).values(dict(changes))
        )

    async def set_api_key(self, account_id: UUID, api_key: str | None, box: SecretBox) -> None:
        """Give an account a key of its own, or take it away."""
        await self.change(account_id, {"api_key_encrypted": _seal(account_id, api_key, box)})

    async def api_key(self, account_id: UUID, box: SecretBox) -> str | None:
        """Return the account's own key; SecretUnreadable when it was sealed under another key."""
        sealed = await self._session.scalar(
            select(AccountRow.api_key_encrypted).where(AccountRow.id == account_id)
        )
        return None if sealed is None else box.open(sealed, owner=str(account_id))

    async def get(self, account_id: UUID) -> Account:
        """Return one account; AccountUnknown when there is none."""
        row = await self._session.get(AccountRow, account_id)
        if row is None:
            raise AccountUnknown(str(account_id))
        return _account(row)

    async def get_of(self, workspace: str, account_id: UUID) -> Account:
        """Return one account of a workspace; AccountUnknown when there is none."""
        account = await self.get(account_id)
        if account.workspace != workspace:
            raise AccountUnknown(str(account_id))
        return account

    async def named(self, workspace: str, name: str) -> Account:
        """Return the account of this name in a workspace; AccountUnknown when there is none."""
        row = await self._session.scalar(_named(workspace, name))
        if row is None:
            raise AccountUnknown(name)
        return _account(row)

    async def by_name(self, workspace: str, *, after: str = "", limit: int) -> list[Account]:
        """Return accounts of a workspace in the order of their names, those that come after `after`."""
        query = select(AccountRow).where(AccountRow.workspace == workspace, AccountRow.name > after)
        page = query.order_by(AccountRow.name).limit(limit)
        return [_account(row) for row in await self._session.scalars(page)]

    async def page(
        self, *, workspace: str | None = None, after: UUID | None = None, limit: int = 100
    ) -> list[Account]:
        """Return accounts in the order of their ids; of every workspace with None."""
        query = select(AccountRow).order_by(AccountRow.id).limit(limit)
        if workspace is not None:
            query = query.where(AccountRow.workspace == workspace)
        if after is not None:
            query = query.where(AccountRow.id > after)
        return [_account(row) for row in await self._session.scalars(query)]


def _named(workspace: str, name: str) -> Select[AccountRow]:
    return select(AccountRow).where(AccountRow.workspace == workspace, AccountRow.name == name)


def _seal(account_id: UUID, api_key: str | None, box: SecretBox) -> bytes | None:
    return None if api_key is None else box.seal(api_key, owner=str(account_id))


def _account(row: AccountRow) -> Account:
    return Account(
        id=row.id,
        workspace=row.workspace,
        name=row.name,
        plan=row.plan,
        anchor_day=row.anchor_day,
        has_own_key=row.api_key_encrypted is not None,
        is_active=row.is_active,
    )
