"""The tables of gifting, one file for each thing that is kept."""

from mainspring.storage.tables.gifting.collections import CollectionRow
from mainspring.storage.tables.gifting.enrichments import EnrichmentRow
from mainspring.storage.tables.gifting.occasions import OccasionRow, ReminderDeliveryRow, ReminderRow
from mainspring.storage.tables.gifting.profiles import TasteProfileRow
from mainspring.storage.tables.gifting.vectors import VectorRow, VectorStampRow

__all__ = [
    "CollectionRow",
    "EnrichmentRow",
    "OccasionRow",
    "ReminderDeliveryRow",
    "ReminderRow",
    "TasteProfileRow",
    "VectorRow",
    "VectorStampRow",
]
