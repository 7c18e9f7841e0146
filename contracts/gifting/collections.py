"""Collections: some products under a title, new each day for each place where they are shown."""

import datetime as dt
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, Field

from mainspring.contracts.gifting.products import Trigger
from mainspring.contracts.gifting.recommendations import GiftFilter, GiftProduct
from mainspring.contracts.message import Message

# Its name is wire format, as the other's.
GENERATE_COLLECTIONS = "generate-collections"
GENERATE_DAILY_COLLECTIONS = "generate-daily-collections"

MOST_COLLECTIONS = 20
MOST_PRODUCTS = 50


class Surface(StrEnum):
    """Where collections are shown."""

    HOME = "home"
    DISCOVERY = "discovery"
    OCCASION = "occasion"


class ThemeKind(StrEnum):
    """What the products of a collection have in common."""

    INTEREST = "interest"
    STYLE = "style"
    OCCASION = "occasion"


class GenerateCollections(Message):
    """Make the collections of a surface for a day, in the place of those that are there.

    Without a date it is the day in UTC on which the task begins. No product is twice in them.
    """

    surface: Surface
    date: dt.date | None = None
    collections_count: int = Field(default=6, ge=1, le=MOST_COLLECTIONS)
    products_per_collection: int = Field(default=8, ge=1, le=MOST_PRODUCTS)
    filters: GiftFilter = GiftFilter()
    triggered_by: Trigger | None = None


class CollectionsGenerated(Message):
    """What was made. With `collections` 0 nothing could be, and what was there stays.

    `titled_by` is the model that has written the titles; None: they say the theme.
    """

    surface: Surface
    date: dt.date
    collections: int
    products: int
    titled_by: str | None = None


class DraftCollection(Message):
    """A collection in the making: its theme, and a title that says the theme."""

    kind: ThemeKind
    theme: str
    title: str
    product_ids: tuple[str, ...]


class CurateCollections(Message):
    """Choose the products of a task's collections, among those of the task's workspace."""

    task_id: UUID
    request: GenerateCollections
    date: dt.date


class Draft(Message):
    """The collections of a surface and a day, in their order."""

    collections: tuple[DraftCollection, ...]
    titled_by: str | None = None


class PublishCollections(Message):
    """Put collections in the place of those of their surface and day."""

    request: CurateCollections
    draft: Draft


class GenerateDailyCollections(Message):
    """Have the collections of all surfaces made, in each workspace that has products."""


class DailyCollectionsStarted(Message):
    """How many tasks were started, and how many were active already."""

    started: int
    already_active: int


class WorkspacesWithGifts(Message):
    """Name the workspaces that show products."""


class WorkspaceNames(Message):
    """Workspaces."""

    names: tuple[str, ...]


class Collection(Message):
    """A collection as it is shown: products that have been hidden since are left out."""

    position: int
    kind: ThemeKind
    theme: str
    title: str
    items: tuple[GiftProduct, ...]


class CollectionsOfDay(Message):
    """The collections of a surface: those of the day that was asked for, or of the last day before that."""

    surface: Surface
    date: dt.date | None
    generated_at: AwareDatetime | None
    items: tuple[Collection, ...]
