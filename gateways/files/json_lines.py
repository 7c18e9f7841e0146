"""Reading JSON lines: an object on each line. A bad line leaves the others to be read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mainspring.gateways.files.rows import BrokenRow


def read_json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Give what each line says, or a BrokenRow, with the line's number; empty lines are left out."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, _value(line)


def _value(line: bytes) -> Any:
    try:
        return json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return BrokenRow("it is not UTF-8: save the file as UTF-8")
    except json.JSONDecodeError as error:
        return BrokenRow(f"it is not JSON: {error.msg}")
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; lists in lists
        return BrokenRow(f"it is not JSON: {error}")
