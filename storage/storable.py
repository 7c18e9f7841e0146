"""What the database may not hold: PostgreSQL refuses NUL, NaN and Infinity, UTF-8 lone surrogates.

They reach us in the inputs, results and errors of others. They are replaced on every write, on SQLite too.
"""

import json
import math
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from mainspring.contracts.text import storable


def storable_json(value: Any) -> str:
    """Write a value as JSON that the database takes: such characters replaced, such numbers as texts."""
    try:
        written = json.dumps(value, allow_nan=False)
    except ValueError:  # a number that JSON does not have
        return json.dumps(_replaced(value), allow_nan=False)
    # Almost none has any; a pair of surrogates is a character outside of the basic plane, and stays.
    return json.dumps(_replaced(value)) if "\\u0000" in written or "\\ud" in written else written


def keep_storable(engine: Engine) -> None:
    """Make every text that `engine` sends storable."""
    event.listen(engine, "before_cursor_execute", _before_execute, retval=True)


def _replaced(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case float() if not math.isfinite(value):
            return str(value)
        case dict():
            return {_replaced(key): _replaced(each) for key, each in value.items()}
        case list() | tuple():
            return [_replaced(each) for each in value]
        case _:
            return value


def _before_execute(
    _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
) -> tuple[str, Any]:
    return statement, [_row(row) for row in parameters] if many else _row(parameters)


def _row(row: Any) -> Any:
    if isinstance(row, dict):
        return {name: _parameter(value) for name, value in row.items()}
    return tuple([_parameter(value) for value in row])


def _parameter(value: Any) -> Any:
    if isinstance(value, str):
        # Thousands of rows have ten texts each, and almost all are plain: looked at without a pattern.
        return value if value.isascii() and "\0" not in value else storable(value)
    return [_parameter(each) for each in value] if isinstance(value, list) else value
