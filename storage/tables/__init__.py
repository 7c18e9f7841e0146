"""The tables, one file a domain. Importing this package registers them all with `Base.metadata`."""

import importlib
import pkgutil

from mainspring.storage.tables.api import ApiKeyRow, AuditRow, IdempotentAnswerRow
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
from mainspring.storage.tables.data_passes import DataPassRow
from mainspring.storage.tables.effects import EffectRow
from mainspring.storage.tables.people import WishlistUserRow
from mainspring.storage.tables.quota import QuotaRow
from mainspring.storage.tables.shop import BrandRow, CatalogueProductRow, ProductVariantRow, WishedProductRow
from mainspring.storage.tables.tasks import TaskErrorRow, TaskRow, TaskStepRow
from mainspring.storage.tables.webhooks import SubscriptionRow
from mainspring.storage.tables.wishlist import NotificationRow, WishlistItemRow
from mainspring.storage.tables.workers import WorkerRow

__all__ = [
    "AccountRow",
    "ApiKeyRow",
    "AuditRow",
    "Base",
    "BrandRow",
    "CardRow",
    "CardSetRow",
    "CatalogueProductRow",
    "DataPassRow",
    "EffectRow",
    "GameRow",
    "IdempotentAnswerRow",
    "InventoryItemRow",
    "InventoryVariantRow",
    "NotificationRow",
    "PriceRow",
    "ProductVariantRow",
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
    "WorkerRow",
]

# A domain's tables are declared by its file being here, whether or not anything of it is named above.
for _found in pkgutil.iter_modules(__path__, f"{__name__}."):
    importlib.import_module(_found.name)
