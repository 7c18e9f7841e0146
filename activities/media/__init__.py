"""The media job's side effects."""

from mainspring.activities.media.steps import MediaActivities

__all__ = ["MediaActivities"]
