"""What gifting does beside its decisions: embeds taste profiles, and makes collections."""

from mainspring.activities.gifting.profiles import ProfileActivities

__all__ = ["ProfileActivities"]
