"""The tables, one file a domain. Importing this package registers them all with `Base.metadata`."""

from storage.tables.base import Base
from storage.tables.cards import (
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
from storage.tables.effects import EffectRow
from storage.tables.quota import QuotaRow
from storage.tables.tasks import TaskErrorRow, TaskRow, TaskStepRow
from storage.tables.webhooks import SubscriptionRow
from storage.tables.wishlist import NotificationRow, WishedProductRow, WishlistItemRow, WishlistUserRow

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
