"""Loading rows of any message: page by page, good rows stored, bad ones reported."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from mainspring.contracts.message import Message
from mainspring.gateways.files import FileUnreadable, RejectedRow, Row, Source, read_rows
from mainspring.storage.dialect import chunks

M = TypeVar("M", bound=Message)

# What says which row it is: its id, or a pair of ids.
Key = tuple[str, ...]

# What a store has refused: the problem of each row, by the row's key.
Refused = Mapping[Key, str]

OnRejected = Callable[[RejectedRow], None]

# As many rejected rows as a person works through; the others are counted.
MOST_KEPT = 1_000


@dataclass
class Imported:
    """What became of a file: how many rows were loaded, how many were bad, and the first thousand bad ones.

    `broken_off` says why the file could not be read to its end, or at all; the pages of a thousand rows
    before that place are loaded.
    """

    loaded: int = 0
    bad: int = 0
    rejected: list[RejectedRow] = field(default_factory=list)
    broken_off: str | None = None


def ignore(_row: RejectedRow) -> None:
    """Leave a bad row to the result."""


async def import_file(
    source: Source,
    kind: type[M],
    store: Callable[[Sequence[M]], Awaitable[Refused]],
    key: Callable[[M], Key],
    *,
    on_rejected: OnRejected = ignore,
) -> Imported:
    """Load the messages of a `.csv`, `.json` or `.jsonl` file, and return what became of the rows.

    Instead of a file it may be CSV text, or a list of objects: then a row's line is its index.

    `store` stores a page of at most a thousand messages as a whole, in one transaction, and returns what it
    refuses, by `key`. Storing the same again must change nothing: a file whose load was interrupted is loaded
    anew. `on_rejected` is called with each bad row, in the order of the file, once its page is stored.
    """
    imported = Imported()
    try:
        for page in chunks(read_rows(source, kind)):
            good = [each for each in page if isinstance(each, Row)]
            refused = await store([each.value for each in good]) if good else {}
            rejected = _rejected(page, refused, key)
            for each in rejected:
                on_rejected(each)
            imported.bad += len(rejected)
            imported.loaded += len(page) - len(rejected)
            imported.rejected += rejected[: MOST_KEPT - len(imported.rejected)]
    except FileUnreadable as error:
        imported.broken_off = str(error)
    return imported


def _rejected(
    page: Sequence[Row[M] | RejectedRow], refused: Refused, key: Callable[[M], Key]
) -> list[RejectedRow]:
    """Return the bad rows of a page, in the order of their lines."""
    rejected = []
    for each in page:
        if isinstance(each, RejectedRow):
            rejected.append(each)
        elif problem := refused.get(key(each.value)):
            rejected.append(RejectedRow(each.line, problem, each.name))
    return rejected
