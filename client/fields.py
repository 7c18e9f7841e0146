"""The fields of results as people read them: sizes and durations with their unit."""

from datetime import timedelta

from mainspring.client.times import duration
from mainspring.contracts.tasks import JsonObject

SIZE_UNITS = ("kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")
STEP = 1000


def cells(result: JsonObject) -> list[tuple[str, str]]:
    """Return a result's fields as names and texts; a unit is said once, with the value."""
    return [_cell(name, value) for name, value in result.items()]


def _cell(name: str, value: object) -> tuple[str, str]:
    if isinstance(value, int) and name.endswith("_bytes"):
        return _spaced(name.removesuffix("_bytes")), _size(value)
    if isinstance(value, int | float) and name.endswith("_seconds"):
        return _spaced(name.removesuffix("_seconds")), duration(timedelta(seconds=value))
    return _spaced(name), _text(value)


def _size(count: int) -> str:
    """Return a number of bytes as people read it: "847.8 kB"."""
    if count < STEP:
        return f"{count:,} byte" + ("" if count == 1 else "s")
    power = min((len(str(count)) - 1) // 3, len(SIZE_UNITS))
    return f"{count / STEP**power:,.1f} {SIZE_UNITS[power - 1]}"


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "none"
    if isinstance(value, dict):  # counts by reason
        return ", ".join(f"{_text(count)} {_spaced(reason)}" for reason, count in value.items()) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
