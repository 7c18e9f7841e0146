"""Loading an account's inventory from a file, CSV text, or what a caller lists."""

from collections.abc import Sequence

from mainspring.client.accounts import Accounts
from mainspring.client.imports import Imported, Key, OnRejected, Refused, Source, ignore, import_file
from mainspring.contracts.cards import InventoryRow
from mainspring.domain.cards import InventoryLine


async def import_inventory(
    accounts: Accounts, account: str, source: Source, on_rejected: OnRejected = ignore
) -> Imported:
    """Load an inventory; a row with the reference and variant of an earlier one overwrites its quantity.

    Raises AccountUnknown: when there is no such account.
    """

    async def store(rows: Sequence[InventoryRow]) -> Refused:
        lines = [InventoryLine(row.reference, row.variant_id, row.quantity, row.name) for row in rows]
        await accounts.load_inventory(account, lines)
        return {}

    imported = await import_file(source, InventoryRow, store, _key, on_rejected=on_rejected)
    if not imported.loaded and imported.broken_off is None:
        await accounts.find(account)  # no row has asked for the account
    return imported


def _key(row: InventoryRow) -> Key:
    return (row.reference, row.variant_id)
