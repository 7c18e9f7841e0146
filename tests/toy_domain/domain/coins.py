"""What a collection is worth, in words."""

from collections.abc import Mapping


def worth_in_words(prices_cents: Mapping[str, int]) -> str:
    """Return the text of a mail: a line for each coin, and the sum."""
    lines = [f"{coin}: {price / 100:.2f}" for coin, price in sorted(prices_cents.items())]
    return "\n".join([*lines, f"together: {sum(prices_cents.values()) / 100:.2f}", ""])
