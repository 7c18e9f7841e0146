"""The task queues of a service: one for most of its work, and one for each kind that would hold it up."""

from enum import StrEnum


class Role(StrEnum):
    """Work whose activities last so long, and come so many at once, that they get slots of their own."""

    TRANSFERS = "transfers"
    """Downloads and uploads of videos: minutes each, of waiting for a network."""
    ENCODING = "encoding"
    """ffmpeg: hours each, with every core. A worker takes only what it can begin at once."""


def queue_of(task_queue: str, role: Role) -> str:
    """Return the name of a role's queue, beside the service's own."""
    return f"{task_queue}-{role}"
