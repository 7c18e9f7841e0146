"""What every command that loads a file says: the bad rows, and how many there were of each."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.markup import escape

from mainspring.cli.console import BAD_INPUT, SUCCESS
from mainspring.cli.output import echo, err, tell
from mainspring.client.errors import BadInput
from mainspring.client.imports import Imported, OnRejected, RejectedRow


async def show_import(
    file: Path,
    load: Callable[[Path, OnRejected], Awaitable[Imported]],
    rows: str = "",
    *,
    as_json: bool = False,
) -> int:
    """Load a file, print its bad rows and the counts, and return the exit code: 2 when a row was bad.

    Raises BadInput: when the file could not be read to its end.
    """
    rejected: list[dict[str, object]] = []

    def show(row: RejectedRow) -> None:
        rejected.append({"line": row.line, "problem": str(row)})
        err.print(f"[red]{escape(f'{file}:{row.line}:')}[/] {escape(str(row))}", soft_wrap=True)

    imported = await load(file, show)
    counts = f"{imported.loaded:,}{rows} loaded, {imported.bad:,} bad"
    if imported.broken_off is not None:
        if imported.loaded or imported.bad:
            echo(f"{counts} before the file broke off")
        raise BadInput(imported.broken_off)
    tell(counts, as_json, loaded=imported.loaded, bad=imported.bad, rejected=rejected)
    return BAD_INPUT if imported.bad else SUCCESS
