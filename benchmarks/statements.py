"""What is sent to a database while something is measured."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event

from mainspring.storage.database import Database


@dataclass
class Sent:
    """Statements with their values, and how many transactions they were in."""

    statements: list[tuple[str, Any]] = field(default_factory=list)
    transactions: int = 0


@contextmanager
def statements_of(database: Database) -> Iterator[Sent]:
    """Collect what is sent to a database until the block ends."""
    sent = Sent()

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            sent.statements.append((statement, values))

    def count(_connection: Any) -> None:
        sent.transactions += 1

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "begin", count)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)
        event.remove(engine, "begin", count)
