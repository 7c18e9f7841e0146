"""Ids as people give them: whole, or by their beginning."""

import string

from mainspring.client.errors import BadInput

# The shortest beginning of an id that is looked up.
SHORTEST_PREFIX = 4
HEX_DIGITS = 32


def id_prefix(reference: str) -> str | None:
    """Return the hexadecimal digits with which an id begins; None if no id can begin so.

    BadInput: they are too few to look one up.
    """
    plain = reference.replace("-", "").lower()
    if len(plain) > HEX_DIGITS or not all(digit in string.hexdigits for digit in plain):
        return None
    if len(plain) < SHORTEST_PREFIX:
        raise BadInput(f"{reference!r}: at least {SHORTEST_PREFIX} characters of its id are needed")
    return plain
