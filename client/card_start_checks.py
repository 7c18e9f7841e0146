"""What callers from outside may ask of the card jobs: an account of their own."""

from mainspring.client.accounts import Accounts
from mainspring.client.start_checks import Origin, StartCheck
from mainspring.client.validation import shown
from mainspring.contracts.cards import DiscoverSets, SyncTrackedSets, UpdateInventoryPrices
from mainspring.contracts.message import InputFault, Message
from mainspring.storage.errors import AccountUnknown


def card_start_checks(accounts: Accounts) -> dict[type[Message], StartCheck]:
    """Return the checks of the card jobs' inputs, against the accounts of the caller's workspace."""

    async def check(message: DiscoverSets | SyncTrackedSets | UpdateInventoryPrices, origin: Origin) -> None:
        if origin.is_step:
            return  # of which a flow may have hundreds: each looks for its account in its own workspace
        try:
            await accounts.find(str(message.account_id))
        except AccountUnknown:
            raise InputFault(
                ("account_id",),
                f"{shown(str(message.account_id))} is not accepted: the id of an account of the workspace",
            ) from None

    return {DiscoverSets: check, SyncTrackedSets: check, UpdateInventoryPrices: check}
