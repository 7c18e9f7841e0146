"""Time zones by their IANA names."""

from zoneinfo import ZoneInfo


class UnknownZone(ValueError):
    """No time zone has this name; or the machine has no list of them, which the package tzdata brings."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} is not an IANA time zone such as America/New_York or UTC")
        self.name = name


def zone_named(name: str) -> ZoneInfo:
    """Return a time zone; UnknownZone when there is none of this name."""
    try:
        return ZoneInfo(name)
    except (
        ValueError,
        OSError,
        LookupError,
    ):  # what it raises for a path, a folder, a name that is not there
        raise UnknownZone(name) from None
