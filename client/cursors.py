"""Cursors of lists whose rows are named by two texts: opaque, and only a place in the caller's own list."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter

from mainspring.client.errors import BadInput
from mainspring.client.validation import shown

LONGEST_CURSOR = 4_000

# What no database takes is in no cursor of this service.
Part = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
PLACE = TypeAdapter(tuple[Part, Part])


def cursor_of(*parts: str) -> str:
    """Return the cursor of the row that these texts name."""
    return urlsafe_b64encode(json.dumps(parts).encode()).rstrip(b"=").decode()


def place_after(cursor: str | None) -> tuple[str, str]:
    """Return which two texts name the row that a list goes on after; empty ones for its beginning.

    Raises BadInput: when a cursor is not of this service.
    """
    if cursor is None:
        return "", ""
    try:
        return PLACE.validate_json(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        raise BadInput(f"after: {shown(cursor)} is not accepted: the `next` of a page") from None
