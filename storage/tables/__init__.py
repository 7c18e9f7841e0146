"""The tables, one file a domain. Importing this package registers them all with `Base.metadata`."""

from mainspring.storage.tables.base import Base
from mainspring.storage.tables.cards import (
    AccountRow,
    CardRow,
    CardSetRow,
    GameRow,
    InventoryItemRow,
    InventoryVariantRow,
    PriceRow,
    TrackedGameRow,
    TrackedSetRow,
    VariantRow,
)
from mainspring.storage.tables.effects import EffectRow
from mainspring.storage.tables.quota import QuotaRow
from mainspring.storage.tables.tasks import TaskErrorRow, TaskRow, TaskStepRow
from mainspring.storage.tables.webhooks import SubscriptionRow
from mainspring.storage.tables.wishlist import (
    NotificationRow,
    WishedProductRow,
    WishlistItemRow,
    WishlistUserRow,
)

__all__ = [
    "AccountRow",
    "Base",
    "CardRow",
    "CardSetRow",
    "EffectRow",
    "GameRow",
    "InventoryItemRow",
    "InventoryVariantRow",
    "NotificationRow",
    "PriceRow",
    "QuotaRow",
    "SubscriptionRow",
    "TaskErrorRow",
    "TaskRow",
    "TaskStepRow",
    "TrackedGameRow",
    "TrackedSetRow",
    "VariantRow",
    "WishedProductRow",
    "WishlistItemRow",
    "WishlistUserRow",
]
