"""Reading a file that is a JSON list, entry by entry: what was read is not kept."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# What JSON calls white space.
SPACE = re.compile(r"[ \t\n\r]*")


KINDS = {dict: "an object", str: "a text", bool: "true or false", type(None): "null"}


class NotJsonList(ValueError):
    """The file is not a list in JSON from `line` on; or it is JSON as a whole, but `instead` of a list."""

    def __init__(self, line: int, problem: str, *, instead: str | None = None) -> None:
        fault = "is not JSON" if instead is None else f"is not accepted: it is {instead}"
        super().__init__(f"line {line} {fault}: {problem}")


def read_json_list(path: Path) -> Iterator[tuple[int, Any]]:
    """Give each entry with the line where it begins. NotJsonList; OSError."""
    text = _text(path)
    decoder = json.JSONDecoder()
    line, counted = 1, 0
    at = _begin(text)
    is_first = True
    while not text.startswith("]", at):
        if not is_first:
            at = _expect(text, ",", at, "a comma or ] is missing")
        is_first = False
        line, counted = line + text.count("\n", counted, at), at
        try:
            entry, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise NotJsonList(error.lineno, error.msg) from None
        except (ValueError, RecursionError) as error:  # a number of thousands of digits; lists in lists
            raise NotJsonList(line, str(error)) from None
        yield line, entry
        at = _after_space(text, end)
    rest = _after_space(text, at + 1)
    if rest < len(text):
        raise NotJsonList(_line(text, rest), "something comes after the list")


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise NotJsonList(line, "it is not UTF-8: save the file as UTF-8") from None


def _begin(text: str) -> int:
    """Return where the first entry begins."""
    here = _after_space(text, 0)
    if text.startswith("[", here):
        return _after_space(text, here + 1)
    accepted = "a list of objects, in [ and ], is accepted"
    raise NotJsonList(_line(text, here), accepted, instead=_kind(text))


def _kind(text: str) -> str | None:
    """Return what a text is in JSON; None when it is not JSON."""
    try:
        return KINDS.get(type(json.loads(text)), "a number")
    except (ValueError, RecursionError):
        return None


def _expect(text: str, mark: str, at: int, problem: str) -> int:
    """Return where the next thing after a mark begins."""
    here = _after_space(text, at)
    if not text.startswith(mark, here):
        raise NotJsonList(_line(text, here), problem)
    return _after_space(text, here + 1)


def _after_space(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return at if found is None else found.end()


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
