"""From the dollars on the wire to the cents inside."""

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")

# What an integer column of every database holds: about 21 million dollars.
MOST_CENTS = 2**31 - 1


def cents(dollars: object) -> int | None:
    """Return an amount of decimal dollars in whole cents, half a cent rounded up; None stays None.

    A float is read as the decimal that it prints as, which is what stood on the wire. An amount that is
    no number, negative or beyond `MOST_CENTS` is a TypeError,
    a ValueError or an ArithmeticError.
    """
    if dollars is None:
        return None
    if isinstance(dollars, bool) or not isinstance(dollars, int | float | str):
        raise TypeError(f"{dollars!r} is no amount of dollars")
    amount = int(Decimal(str(dollars)).quantize(CENT, ROUND_HALF_UP).scaleb(2))
    if not 0 <= amount <= MOST_CENTS:
        raise ValueError(f"{dollars!r} dollars is no price")
    return amount
