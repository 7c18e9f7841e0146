"""What can go wrong with a download, on demand."""

from enum import StrEnum


class VideoFault(StrEnum):
    """One way in which a download goes wrong."""

    AWAY = "away"  # 503
    BROKEN = "broken"  # the connection breaks after half of what was asked for
    WRONG_RANGE = "wrong_range"  # a range is answered with another one
