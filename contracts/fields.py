"""What fields of messages have in common: refusals in words, and what columns of the database take."""

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError, ValidatorFunctionWrapHandler, WrapValidator

# What an integer column of the database takes.
LARGEST_INTEGER = 2**31 - 1


def in_words(accepted: str, is_form: Callable[[Any], bool] = lambda _value: True) -> WrapValidator:
    """Refuse a value in words that somebody who has a file to mend understands.

    `is_form` refuses what pydantic would take for something else than its author meant.
    """

    def check(value: Any, parse: ValidatorFunctionWrapHandler) -> Any:
        try:
            if is_form(value):
                return parse(value)
        except ValidationError:
            pass
        raise ValueError(accepted)

    return WrapValidator(check)


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number, and no 100.00, which would be read as a hundred."""
    if isinstance(value, str):
        return value.isascii() and value.isdigit()
    return isinstance(value, int) and not isinstance(value, bool)
