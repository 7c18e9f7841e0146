"""Reading a vendor's JSON: what no JSON of a database has never sinks the rest."""

import json
from math import isfinite
from typing import Any

# More digits no number of a vendor's has; Python reads 4,300.
MOST_DIGITS = 1_000


def read_json(content: bytes) -> Any:
    """Return what a body says; NaN, 1e400 and numbers of thousands of digits are read as null.

    Raises ValueError: when the body is not JSON. Raises RecursionError: when it is nested too deeply.
    """
    return json.loads(content, parse_constant=lambda _: None, parse_int=_whole, parse_float=_finite)


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= MOST_DIGITS else None


def _finite(number: str) -> float | None:
    read = float(number)
    return read if isfinite(read) else None
