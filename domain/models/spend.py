"""The money that a workspace may spend on models in a day of UTC."""

from typing import Final

from mainspring.contracts.models import TokenUsage
from mainspring.domain.models.prices import Price
from mainspring.domain.quota import Calendar, WindowBudget

# The name of the window.
DAY: Final = "day"

# No tokenizer makes more tokens than that of a text: one for each two bytes of UTF-8. English has four.
BYTES_OF_A_TOKEN = 2

# What the schema of an answer and the frame of a message add.
FRAME_TOKENS = 1_000


def daily_budget(micros: int) -> WindowBudget:
    """Return the budget of a day, in micro-dollars."""
    return WindowBudget("language models", "micro-dollars", (Calendar(DAY, micros, DAY),))


def highest_cost(price: Price, text: str, *, max_tokens: int) -> int:
    """Return what a call costs at most: what is reserved before it is sent."""
    read = len(text.encode(errors="replace")) // BYTES_OF_A_TOKEN + FRAME_TOKENS
    return price.cost(TokenUsage(input_tokens=read, output_tokens=max_tokens))
