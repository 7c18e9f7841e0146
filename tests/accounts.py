"""An account in a database, its key sealed."""

from datetime import UTC, datetime

from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.domain.cards import Account
from mainspring.storage.cards import AccountRepository
from mainspring.storage.database import Database
from mainspring.storage.secrets import SecretBox

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
BOX = SecretBox(bytes(32))


async def account(
    database: Database, name: str = "shop", api_key: str | None = None, workspace: str = DEFAULT_WORKSPACE
) -> Account:
    """Add an account at noon."""
    return await database.transact(
        lambda session: AccountRepository(session).add(
            name, workspace=workspace, plan="Free Tier", anchor_day=1, api_key=api_key, box=BOX, now=NOON
        )
    )
