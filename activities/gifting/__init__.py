"""What gifting does beside its decisions: embeds taste profiles, makes collections, reminds of occasions."""

from mainspring.activities.gifting.collections import CollectionActivities
from mainspring.activities.gifting.embedding import EmbeddingActivities
from mainspring.activities.gifting.enriching import EnrichmentActivities
from mainspring.activities.gifting.profiles import ProfileActivities
from mainspring.activities.gifting.reminders import GIFTING_REMINDER, ReminderActivities

__all__ = [
    "GIFTING_REMINDER",
    "CollectionActivities",
    "EmbeddingActivities",
    "EnrichmentActivities",
    "ProfileActivities",
    "ReminderActivities",
]
