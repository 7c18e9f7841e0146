"""`wishlists`: what the platform tells of its shop."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from mainspring.cli.console import BAD_INPUT, SUCCESS, echo, show_json, show_table, with_service
from mainspring.cli.wishlist_imports import Refused, import_file
from mainspring.client.errors import BadInput
from mainspring.client.service import Service
from mainspring.client.times import when
from mainspring.client.wishlist_view import wishlists_view
from mainspring.contracts.shop import Product, RejectedWish, User, WishedItem
from mainspring.domain.unsubscribe import TokenRefused
from mainspring.storage.wishlist import Outcomes

commands = typer.Typer(
    no_args_is_help=True, help="What the platform tells of its shop: products, users, wishes."
)

File = Annotated[
    Path, typer.Argument(help="CSV with a header, or a JSON list of objects; see docs/wishlists.md.")
]


@commands.command("import-products")
def import_products(file: File) -> None:
    """Load products. Good entries are loaded, bad ones reported; the same file again changes nothing.

    Exit code 2 when an entry was bad; so for the others.
    """

    async def store(service: Service, products: Sequence[Product]) -> Refused:
        await service.wishlists.store_products(products)
        return {}

    import_file(file, Product, store, _id)


@commands.command("import-users")
def import_users(file: File) -> None:
    """Load users. Alerts that a user has switched off stay so, unless the file says otherwise."""

    async def store(service: Service, users: Sequence[User]) -> Refused:
        await service.wishlists.store_users(users)
        return {}

    import_file(file, User, store, _id)


def _id(entry: Product | User) -> tuple[str, ...]:
    return (entry.id,)


@commands.command("import-wishes")
def import_wishes(file: File) -> None:
    """Load wishes. Their products and users have to be there."""

    async def store(service: Service, wishes: Sequence[WishedItem]) -> Refused:
        strays = await service.wishlists.store_items(wishes)
        return {_pair(each.wish): _stray_problem(each) for each in strays}

    import_file(file, WishedItem, store, _pair)


def _pair(wish: WishedItem) -> tuple[str, str]:
    return (wish.product_id, wish.user_id)


def _stray_problem(stray: RejectedWish) -> str:
    names = {"product_id": ("product", stray.wish.product_id), "user_id": ("user", stray.wish.user_id)}
    said = [(field, *names[field]) for field in stray.unknown]
    return "; ".join(
        f"{field}: {given!r} is not accepted: a {what} that was imported" for field, what, given in said
    )


@commands.command("remove")
def remove(
    user_id: Annotated[str, typer.Argument(help="The user's id.")],
    product_id: Annotated[str, typer.Argument(help="The product's id.")],
) -> None:
    """Remove a wish; nothing more is sent about it."""

    async def work(service: Service) -> int:
        removed = await service.wishlists.remove_items([(product_id, user_id)])
        echo("removed" if removed else escape(f"{user_id} has no wish for {product_id}"))
        return SUCCESS if removed else BAD_INPUT

    with_service(work)


@commands.command("unsubscribe")
def unsubscribe(
    token: Annotated[str, typer.Argument(help="The link to unsubscribe in a mail, or the end of it.")],
) -> None:
    """Switch off a user's alerts, as the link in a mail does."""

    async def work(service: Service) -> int:
        try:
            user_id = await service.wishlists.unsubscribe(token.strip("<> ").rpartition("/")[2])
        except TokenRefused as error:
            raise BadInput(f"{token!r} is not accepted: {error}") from None
        echo(escape(f"{user_id}: alerts are off" if user_id else "the user is not known any more"))
        return SUCCESS if user_id else BAD_INPUT

    with_service(work)


@commands.command("show")
def show(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
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
