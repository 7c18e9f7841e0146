"""Loading a file of the shop: page by page, the good entries stored, the bad ones reported."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn, TypeVar

from rich.markup import escape

from mainspring.cli.console import BAD_INPUT, SUCCESS, echo, err, with_service
from mainspring.client.errors import BadInput
from mainspring.client.imports.files import BadEntry, Entry, read_entries
from mainspring.client.service import Service
from mainspring.contracts.message import Message
from mainspring.storage.dialect import chunks

M = TypeVar("M", bound=Message)

# What was not stored, by its key: the problem.
Refused = Mapping[tuple[str, ...], str]


def import_file(
    file: Path,
    kind: type[M],
    store: Callable[[Service, Sequence[M]], Awaitable[Refused]],
    key: Callable[[M], tuple[str, ...]],
) -> NoReturn:
    """Load a file a page at a time, say what was bad, and end the command: with exit code 2 if anything was.

    `store` stores a page; what it refuses is found again by `key`.
    """

    async def work(service: Service) -> int:
        loaded = bad = 0
        try:
            for page in chunks(read_entries(file, kind)):
                good = [each for each in page if isinstance(each, Entry)]
                refused = await store(service, [each.value for each in good])
                problems = _problems(page, refused, key)
                for each in problems:
                    said = f"{each.name}: {each.problem}" if each.name else each.problem
                    err.print(f"[red]{escape(f'{file}:{each.line}:')}[/] {escape(said)}", soft_wrap=True)
                bad += len(problems)
                loaded += len(page) - len(problems)
        except BadInput:
            if loaded or bad:
                echo(f"{loaded:,} loaded, {bad:,} bad before the file broke off")
            raise
        echo(f"{loaded:,} loaded, {bad:,} bad")
        return BAD_INPUT if bad else SUCCESS

    with_service(work)


def _problems(
    page: Sequence[Entry[M] | BadEntry], refused: Refused, key: Callable[[M], tuple[str, ...]]
) -> list[BadEntry]:
    """Return what is wrong with a page, in the order of its lines."""
    problems = []
    for each in page:
        if isinstance(each, BadEntry):
            problems.append(each)
        elif problem := refused.get(key(each.value)):
            problems.append(BadEntry(each.line, problem, each.name))
    return problems
