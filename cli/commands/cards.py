"""Accounts, tracked games and sets, inventories."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from mainspring.cli import completion
from mainspring.cli.console import with_service
from mainspring.cli.output import AsJson, show_json, show_table, tell
from mainspring.client.views import account_view

if TYPE_CHECKING:
    from mainspring.client.service import Service

commands = typer.Typer(no_args_is_help=True, help=__doc__)

AccountName = Annotated[
    str, typer.Argument(help="An account's name or id.", autocompletion=completion.accounts)
]
Plan = Annotated[str, typer.Option(help="Free Tier, Starter, Professional or Enterprise.")]
AnchorDay = Annotated[int, typer.Option(help="The day of the month on which the quota renews.")]
NewAnchorDay = Annotated[
    int | None, typer.Option(help="The day of the month on which the quota renews; as before, if left out.")
]
KeyFromInput = Annotated[
    bool, typer.Option("--api-key-stdin", help="Read the account's own API key from standard input.")
]
Games = Annotated[list[str] | None, typer.Option("--game", help="A game's id; may be repeated.")]
Sets = Annotated[list[str] | None, typer.Option("--set", help="A set's id; may be repeated.")]


@commands.command("add-account")
def add_account(
    name: str,
    *,
    plan: Plan = "Free Tier",
    anchor_day: AnchorDay = 1,
    key_from_input: KeyFromInput = False,
    as_json: AsJson = False,
) -> None:
    """Add an account. Without a key of its own it uses MAINSPRING_JUSTTCG_API_KEY, and that key's plan."""
    key = sys.stdin.readline().strip() or None if key_from_input else None

    async def work(service: Service) -> None:
        account = await service.accounts.add(name, plan=plan, anchor_day=anchor_day, api_key=key)
        tell(str(account.id), as_json, **account_view(account))

    with_service(work)


@commands.command("accounts")
def accounts(*, as_json: AsJson = False) -> None:
    """List the accounts."""

    async def work(service: Service) -> None:
        found = await service.accounts.list()
        if as_json:
            show_json([account_view(each) for each in found])
            return
        show_table(
            ("account", "id", "plan", "renews on day", "key"),
            [
                (
                    escape(account.name),
                    str(account.id),
                    account.plan,
                    str(account.anchor_day),
                    "own" if account.has_own_key else "default",
                )
                for account in found
            ],
        )

    with_service(work)


@commands.command("set-plan")
def set_plan(
    account: AccountName, plan: str, anchor_day: NewAnchorDay = None, *, as_json: AsJson = False
) -> None:
    """Note an account's new plan, and wake its tasks that wait for the old plan's quota."""

    async def work(service: Service) -> None:
        notified = await service.accounts.change_plan(account, plan, anchor_day)
        line = f"{escape(account)}: {plan}, {notified} active tasks told"
        tell(line, as_json, account=account, plan=plan, tasks_told=notified)

    with_service(work)


@commands.command("lift-block")
def lift_block(account: AccountName, *, as_json: AsJson = False) -> None:
    """Let the requests of an account's key leave again, and wake the tasks that wait for the key's quota.

    For when the vendor's refusals were wrong: its next answer says what is used of the key.
    """

    async def work(service: Service) -> None:
        notified = await service.accounts.lift_block(account)
        line = f"{escape(account)}: the key's requests leave again, {notified} active tasks told"
        tell(line, as_json, account=account, tasks_told=notified)

    with_service(work)


@commands.command("set-key")
def set_key(account: AccountName, *, as_json: AsJson = False) -> None:
    """Give an account the API key on standard input; an empty one makes it use the default key."""
    key = sys.stdin.readline().strip() or None

    async def work(service: Service) -> None:
        notified = await service.accounts.set_api_key(account, key)
        which = "own" if key else "default"
        line = f"{escape(account)}: {which} key, {notified} active tasks told"
        tell(line, as_json, account=account, key=which, tasks_told=notified)

    with_service(work)


@commands.command("track")
def track(account: AccountName, *, games: Games = None, sets: Sets = None, as_json: AsJson = False) -> None:
    """Follow games (for their sets) and sets (for their cards)."""

    async def work(service: Service) -> None:
        await service.accounts.follow(account, games=games or (), sets=sets or ())
        tracked = ", ".join([*(games or ()), *(sets or ())]) or "nothing new"
        line = escape(f"{account}: tracks {tracked}")
        tell(line, as_json, account=account, games=games or [], sets=sets or [])

    with_service(work)


@commands.command("untrack")
def untrack(account: AccountName, *, games: Games = None, sets: Sets = None, as_json: AsJson = False) -> None:
    """Stop following games and sets; what was stored stays."""

    async def work(service: Service) -> None:
        await service.accounts.unfollow(account, games=games or (), sets=sets or ())
        if as_json:
            show_json({"account": account, "games": games or [], "sets": sets or []})

    with_service(work)


@commands.command("import")
def inventory(
    file: Annotated[
        Path, typer.Argument(help="CSV or JSON: reference, variant_id, quantity; if wanted, name.")
    ],
    account: Annotated[str, typer.Option(help="The account's name or id.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Load an inventory. Good rows are loaded, bad ones reported; the same file again changes nothing.

    Exit code 2 when a row was bad.
    """
    from mainspring.cli.imports import show_import
    from mainspring.client.inventory_imports import import_inventory

    async def work(service: Service) -> int:
        load = partial(import_inventory, service.accounts, account)
        return await show_import(file, load, rows=" rows", as_json=as_json)

    with_service(work)
