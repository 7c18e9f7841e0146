"""The trading-card jobs' messages. Counts are of different things of one kind unless said otherwise."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from mainspring.contracts.fields import LARGEST_INTEGER, LONGEST_AGE, in_words, is_whole
from mainspring.contracts.message import Message
from mainspring.contracts.progress import BatchProgress, TaskProgress
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE

# What tasks of accounts without a key wait for while there is no default key either.
KEY_MISSING = "key of JustTCG (set MAINSPRING_JUSTTCG_API_KEY, or give the account a key: `cards set-key`)"


class DiscoverSets(Message):
    """Fetch the sets of an account's tracked games that were not fetched within `older_than`."""

    account_id: UUID
    older_than: timedelta = Field(default=timedelta(days=7), ge=timedelta(0), le=LONGEST_AGE)


class SetsDiscovered(Message):
    """What `discover-sets` did. `failed` names the games that the vendor did not give."""

    games: int = 0
    sets: int = 0
    malformed: int = 0
    requests: int = 0
    failed: tuple[str, ...] = ()


class SyncTrackedSets(Message):
    """Fetch the cards of an account's tracked sets that were not fetched within `older_than`."""

    account_id: UUID
    older_than: timedelta = Field(default=timedelta(days=7), ge=timedelta(0), le=LONGEST_AGE)


class TrackedSetsSynced(Message):
    """What `sync-tracked-sets` did. `failed` names the sets that the vendor did not give."""

    sets: int = 0
    cards: int = 0
    prices_changed: int = 0
    malformed: int = 0
    requests: int = 0
    failed: tuple[str, ...] = ()


class UpdateInventoryPrices(Message):
    """Look up the prices of an account's inventory that were not looked up within `older_than`."""

    account_id: UUID
    older_than: timedelta = Field(default=timedelta(hours=24), ge=timedelta(0), le=LONGEST_AGE)


class PricesUpdated(Message):
    """What `update-inventory-prices` did: variants priced, and those that the vendor does not know."""

    updated: int = 0
    missing: int = 0
    prices_changed: int = 0
    malformed: int = 0
    requests: int = 0


class RefreshDueAccounts(Message):
    """Start the card jobs that are due for each active account."""


class AccountsRefreshed(Message):
    """How many accounts were looked at, and how many jobs were started or were active already."""

    accounts: int = 0
    started: int = 0
    already_active: int = 0


class RefreshProgress(AccountsRefreshed, BatchProgress):
    """How far `refresh-due-accounts` has come: all accounts whose id is up to `after`."""

    after: UUID | None = None


class CardProgress(TaskProgress):
    """How far a card job has come.

    `total` is absent until the first batch has counted what is due since `cutoff`. `requests` counts
    the answers that were stored or noted.
    """

    account_id: UUID
    cutoff: datetime
    processed: int = 0
    total: int | None = None
    prices_changed: int = 0
    malformed: int = 0
    requests: int = 0

    @property
    def revision(self) -> int:
        """The requests: each ends with a write of the checkpoint."""
        return self.requests


class ListingProgress(CardProgress):
    """How far a fetching of listings has come: listings `processed`, `items` stored, listings `failed`.

    `faulty` names a listing once for each time that the vendor failed at it.
    """

    items: int = 0
    failed: tuple[str, ...] = ()
    faulty: tuple[str, ...] = ()


class PricesProgress(CardProgress):
    """How far a price update has come: all variants whose id is up to `after`."""

    after: str = ""
    updated: int = 0
    missing: int = 0


class AccountsPage(Message):
    """A page of accounts to look at, in the order of their ids."""

    after: UUID | None = None


class DueJob(Message):
    """One of the card jobs has something to do for an account."""

    job: str
    account_id: UUID
    workspace: str = DEFAULT_WORKSPACE


class AccountsPageDone(Message):
    """What is due on a page; `after` is absent when it was the last one."""

    after: UUID | None
    accounts: int
    due: tuple[DueJob, ...]


def _check_no_nul(text: str) -> str:
    if "\0" in text:  # which PostgreSQL refuses
        raise ValueError("it has a NUL")
    return text


class InventoryRow(Message):
    """How many of one variant an account holds under one reference of its own, as a row of a file says it.

    Further fields are the owner's own affair.
    """

    model_config = ConfigDict(extra="ignore")

    reference: Annotated[
        str,
        StringConstraints(min_length=1, max_length=200),
        AfterValidator(_check_no_nul),
        in_words("a text of 1 to 200 characters, none of them NUL"),
    ]
    variant_id: Annotated[
        str,
        StringConstraints(min_length=1, max_length=500),
        AfterValidator(_check_no_nul),
        in_words("a text of 1 to 500 characters, none of them NUL"),
    ]
    quantity: Annotated[
        int,
        Field(ge=0, le=LARGEST_INTEGER),
        in_words(f"a whole number from 0 to {LARGEST_INTEGER}", is_whole),
    ]
    name: (
        Annotated[
            str,
            StringConstraints(max_length=500),
            AfterValidator(_check_no_nul),
            in_words("a text of at most 500 characters, none of them NUL"),
        ]
        | None
    ) = None


class PricedRow(InventoryRow):
    """A line of an inventory with the variant's price in US cents, which holds since `priced_at`.

    The price was last looked up at `last_price_update_at`; at `missing_at` the vendor did not know the
    variant.
    """

    price_cents: int | None = None
    priced_at: datetime | None = None
    last_price_update_at: datetime | None = None
    missing_at: datetime | None = None


class Tracked(StrEnum):
    """What accounts follow."""

    GAMES = "games"
    """Their sets are discovered."""
    SETS = "sets"
    """Their cards are fetched."""


class TrackedItem(Message):
    """A game or a set that an account follows.

    Its listing was stored whole at `last_fetched_at`. At `refused_at` the vendor refused it.
    """

    id: str
    last_fetched_at: datetime | None = None
    refused_at: datetime | None = None
