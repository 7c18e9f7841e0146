"""What gifting keeps: vectors, taste profiles, collections, occasions and their reminders."""

from mainspring.storage.gifting.collections import CollectionRepository, StoredDay
from mainspring.storage.gifting.details import product_detail
from mainspring.storage.gifting.enrichments import EnrichmentRepository
from mainspring.storage.gifting.gifts import Gift, GiftRepository, workspaces_with_gifts
from mainspring.storage.gifting.occasions import OccasionRepository
from mainspring.storage.gifting.planning import ReminderPlanner
from mainspring.storage.gifting.profiles import ProfileRepository
from mainspring.storage.gifting.vectors import NewVector, StoredVector, VectorRepository

__all__ = [
    "CollectionRepository",
    "EnrichmentRepository",
    "Gift",
    "GiftRepository",
    "NewVector",
    "OccasionRepository",
    "ProfileRepository",
    "ReminderPlanner",
    "StoredDay",
    "StoredVector",
    "VectorRepository",
    "product_detail",
    "workspaces_with_gifts",
]
