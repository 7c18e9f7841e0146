"""What the platform tells of its shop: products, users, wishes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.markup import escape

from mainspring.cli.console import BAD_INPUT, SUCCESS, with_service
from mainspring.cli.output import AsJson, echo, show_json, show_table, tell
from mainspring.client.errors import BadInput
from mainspring.client.times import when
from mainspring.client.wishlist_view import wishlists_view
from mainspring.domain.unsubscribe import TokenRefused

if TYPE_CHECKING:
    from mainspring.client.imports import Imported, OnRejected
    from mainspring.client.service import Service
    from mainspring.storage.wishlist import Outcomes

commands = typer.Typer(no_args_is_help=True, help=__doc__)

File = Annotated[
    Path,
    typer.Argument(help="CSV with a header, a JSON list of objects, JSON lines: see docs/wishlists.md."),
]


@commands.command("import-products")
def products(file: File, *, as_json: AsJson = False) -> None:
    """Load products. Good entries are loaded, bad ones reported; the same file again changes nothing.

    Exit code 2 when an entry was bad; so for the others.
    """
    from mainspring.client.shop_imports import import_products

    _import(file, lambda service: partial(import_products, service.shop), as_json)


@commands.command("import-users")
def users(file: File, *, as_json: AsJson = False) -> None:
    """Load users. Alerts that a user has switched off stay so, unless the file says otherwise."""
    from mainspring.client.shop_imports import import_users

    _import(file, lambda service: partial(import_users, service.people), as_json)


@commands.command("import-wishes")
def wishes(file: File, *, as_json: AsJson = False) -> None:
    """Load wishes. Their products and users have to be there."""
    from mainspring.client.shop_imports import import_wishes

    _import(file, lambda service: partial(import_wishes, service.wishlists), as_json)


def _import(
    file: Path,
    load: Callable[[Service], Callable[[Path, OnRejected], Awaitable[Imported]]],
    as_json: bool,
) -> NoReturn:
    from mainspring.cli.imports import show_import

    async def work(service: Service) -> int:
        return await show_import(file, load(service), as_json=as_json)

    with_service(work)


@commands.command("remove")
def remove(
    user_id: Annotated[str, typer.Argument(help="The user's id.")],
    product_id: Annotated[str, typer.Argument(help="The product's id.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Remove a wish; nothing more is sent about it."""

    async def work(service: Service) -> int:
        removed = await service.wishlists.remove_items([(product_id, user_id)])
        line = "removed" if removed else escape(f"{user_id} has no wish for {product_id}")
        tell(line, as_json, user_id=user_id, product_id=product_id, removed=bool(removed))
        return SUCCESS if removed else BAD_INPUT

    with_service(work)


@commands.command("unsubscribe")
def unsubscribe(
    token: Annotated[str, typer.Argument(help="The link to unsubscribe in a mail, or the end of it.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Switch off a user's alerts, as the link in a mail does."""

    async def work(service: Service) -> int:
        try:
            user_id = await service.people.unsubscribe(token.strip("<> ").rpartition("/")[2])
        except TokenRefused as error:
            raise BadInput(f"{token!r} is not accepted: {error}") from None
        line = escape(f"{user_id}: alerts are off" if user_id else "the user is not known any more")
        tell(line, as_json, user_id=user_id, alerts_are_off=user_id is not None)
        return SUCCESS if user_id else BAD_INPUT

    with_service(work)


@commands.command("show")
def show(*, as_json: AsJson = False) -> None:
    """Show how many products, users and wishes there are, and what became of the notifications."""

    async def work(service: Service) -> None:
        counts, outcomes = await service.wishlists.counts(), await service.wishlists.outcomes()
        if as_json:
            show_json(wishlists_view(counts, outcomes))
            return
        show_table(("what", "how many"), [(name, f"{count:,}") for name, count in counts.items()])
        echo("")
        show_table(("notifications", "how many"), _state_rows(outcomes))
        echo(_waiting(outcomes))

    with_service(work)


def _state_rows(outcomes: Outcomes) -> list[tuple[str, str]]:
    rows = [(state, f"{count:,}") for state, count in outcomes.states.items()]
    return rows + [(f"  {reason}", f"{count:,}") for reason, count in outcomes.skipped.items()]


def _waiting(outcomes: Outcomes) -> str:
    if outcomes.next_at is None:
        return "no mail waits"
    is_due = outcomes.next_at <= datetime.now(UTC)
    return (
        f"mails that wait: {outcomes.waiting:,}, the next one {'now' if is_due else when(outcomes.next_at)}"
    )
