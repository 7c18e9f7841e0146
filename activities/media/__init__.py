"""The media job's side effects."""

from activities.media.steps import MediaActivities

__all__ = ["MediaActivities"]
