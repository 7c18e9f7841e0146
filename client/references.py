"""Ids as people give them: whole, or by their beginning."""

import string
from collections.abc import Awaitable, Callable
from uuid import UUID

from mainspring.client.errors import BadInput

# The shortest beginning of an id that is looked up.
SHORTEST_PREFIX = 4
HEX_DIGITS = 32


async def resolved_id(
    reference: str,
    look_up: Callable[[str], Awaitable[list[UUID]]],
    *,
    unknown: Callable[[str], Exception],
    ambiguous: Callable[[str], Exception],
    shortest: int = SHORTEST_PREFIX,
) -> UUID:
    """Return the one id that begins so; `look_up` returns up to two ids that begin with these digits.

    Raises BadInput: when there are too few digits to look an id up.
    Raises what `unknown` makes: when no id begins so, or can begin so.
    Raises what `ambiguous` makes: when several ids begin so.
    """
    plain = reference.replace("-", "").lower()
    if len(plain) > HEX_DIGITS or not all(digit in string.hexdigits for digit in plain):
        raise unknown(reference)
    if len(plain) < shortest:
        raise BadInput(f"{reference!r}: at least {shortest} characters of its id are needed")
    found = await look_up(plain)
    if not found:
        raise unknown(reference)
    if len(found) > 1:
        raise ambiguous(reference)
    return found[0]
