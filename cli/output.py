"""What commands print: lines, tables, the facts of one thing, and JSON for other programs."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from mainspring.contracts.tasks import TaskState
from mainspring.contracts.text import printable

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

# What goes to a file or another program has no edge to be folded at.
UNFOLDED_WIDTH = 200


class Terminal(Console):
    """Shows the control characters in what others have written, instead of obeying them."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a string, of a line or of a cell, as the terminal shows it."""
        return super().render_str(printable(text), **options)


# Without Rich's own colours for numbers and paths: here a colour means a state.
out = Terminal(width=None if sys.stdout.isatty() else UNFOLDED_WIDTH, highlight=False)
err = Terminal(stderr=True, highlight=False)

# As much of an id as a list shows.
SHORT = 8

COLOURS = {
    TaskState.QUEUED: "cyan",
    TaskState.RUNNING: "blue",
    TaskState.WAITING: "yellow",
    TaskState.SUCCESS: "green",
    TaskState.FAILED: "red",
    TaskState.CANCELLED: "magenta",
}


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None) -> None:
    """Print a table; cells may carry markup."""
    out.print(table_of(columns, rows, title))


def table_of(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None) -> Table:
    """Return a table as all commands show theirs; cells may carry markup."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, no_wrap=number == 0, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def show_facts(noun: str, identifier: object, facts: Sequence[tuple[str, str]]) -> None:
    """Print what there is to say of one thing, a fact a line; a fact without text is left out."""
    show_table((noun, str(identifier)), [fact for fact in facts if fact[1]])


def short(identifier: UUID | str) -> str:
    """Return as much of an id as names it in a list."""
    return str(identifier)[:SHORT]


def show_json(value: Any) -> None:
    """Print JSON for other programs: no colours, no wrapping."""
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def state_text(state: TaskState) -> str:
    """Return a state with its colour."""
    return f"[{COLOURS[state]}]{state}[/]"


def tell(message: str, as_json: bool, **data: Any) -> None:
    """Print a line that may carry markup; or, as JSON, the data that the line says."""
    if as_json:
        show_json(data)
    else:
        echo(message)


def echo(message: str) -> None:
    """Print a line that may carry markup."""
    out.print(message, soft_wrap=True)


def warn(message: str | None) -> None:
    """Print a line, if there is any, beside the output, where it is in no program's way."""
    if message is not None:
        err.print(f"[yellow]{escape(message)}[/]", soft_wrap=True)
