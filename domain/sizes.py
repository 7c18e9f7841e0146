"""How much results and inputs may carry: a message of Temporal's has 2 MB, a task's answer 4 MB."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from mainspring.contracts.message import Message
from mainspring.contracts.retry import Retry

KILOBYTE = 1024

# What a step may give back, in bytes: names and numbers. A history has 50 MB: that of 200 steps, at the most.
MOST_DATA = 256 * KILOBYTE

# What an activity, or a job, may give back: with its surroundings it must fit a message.
MOST_RESULT = KILOBYTE * KILOBYTE

# What a step may be given: all that a few steps before it gave back.
MOST_INPUT = KILOBYTE * KILOBYTE

# What may be in a message that carries much: the rest of it, and of the answer that it is in, needs room too.
MOST_AT_ONCE = KILOBYTE * KILOBYTE


class TooMuch(ValueError):
    """Something carries more than fits."""

    retry: ClassVar[Retry] = Retry.NEVER


def size_of(value: Message | Mapping[str, Any]) -> int:
    """Return the bytes of a message, or of a JSON object, as Temporal carries it."""
    data = value.model_dump(mode="json") if isinstance(value, Message) else value
    return len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode())


def check_data(who: str, size: int, most: int) -> None:
    """Raise TooMuch for what `who` gave back if that is above the bound."""
    if size > most:
        raise TooMuch(
            f"{who} gave back {_kilobytes(size)}, and at most {_kilobytes(most)} can be: "
            "let it store its contents elsewhere, and give back where"
        )


def check_input(step: str, size: int) -> None:
    """Raise TooMuch for what a step is to be given if that is above the bound."""
    if size > MOST_INPUT:
        raise TooMuch(
            f"step {step!r} is to be given {_kilobytes(size)}, and at most {_kilobytes(MOST_INPUT)} can be: "
            "let it be told where its contents are stored"
        )


def _kilobytes(size: int) -> str:
    return f"{-(-size // KILOBYTE):,} kB"
