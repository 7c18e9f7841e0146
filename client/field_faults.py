"""What a message says of each field that is not accepted: "PATH: VALUE is not accepted: ACCEPTED"."""

from dataclasses import dataclass

REFUSED = " is not accepted: "


@dataclass(frozen=True)
class FieldFault:
    """A value that is not accepted, and where it stood; no value where one is missing."""

    field: str
    value: str | None
    accepted: str

    def __str__(self) -> str:
        """Return the line that `field_faults` reads."""
        refused = "" if self.value is None else f"{self.value}{REFUSED}"
        return f"{self.field}: {refused}{self.accepted}"


def field_faults(message: str) -> list[FieldFault]:
    """Return what a message says of each field, a line each; other lines are left out."""
    found = []
    for line in message.splitlines():
        path, colon, rest = line.partition(": ")
        value, refused, accepted = rest.partition(REFUSED)
        if colon and " " not in path:
            found.append(FieldFault(path, value, accepted) if refused else FieldFault(path, None, rest))
    return found
