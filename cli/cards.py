"""`cards`: accounts, what they track, and their inventories."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from mainspring.cli.console import BAD_INPUT, SUCCESS, echo, err, show_table, with_service
from mainspring.client.inventory_csv import BadRow, read_inventory
from mainspring.client.service import Service

commands = typer.Typer(no_args_is_help=True, help="Accounts, tracked games and sets, inventories.")

AccountName = Annotated[str, typer.Argument(help="An account's name or id.")]
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
    name: str, *, plan: Plan = "Free Tier", anchor_day: AnchorDay = 1, key_from_input: KeyFromInput = False
) -> None:
    """Add an account. Without a key of its own it uses MAINSPRING_JUSTTCG_API_KEY, and that key's plan."""
    key = sys.stdin.readline().strip() or None if key_from_input else None

    async def work(service: Service) -> None:
        account = await service.accounts.add(name, plan=plan, anchor_day=anchor_day, api_key=key)
        echo(str(account.id))

    with_service(work)


@commands.command("accounts")
def accounts() -> None:
    """List the accounts."""

    async def work(service: Service) -> None:
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
                for account in await service.accounts.list()
            ],
        )

    with_service(work)


@commands.command("set-plan")
def set_plan(account: AccountName, plan: str, anchor_day: NewAnchorDay = None) -> None:
    """Note an account's new plan, and wake its tasks that wait for the old plan's quota."""

    async def work(service: Service) -> None:
        told = await service.accounts.change_plan(account, plan, anchor_day)
        echo(f"{escape(account)}: {plan}, {told} active tasks told")

    with_service(work)


@commands.command("set-key")
def set_key(account: AccountName) -> None:
    """Give an account the API key on standard input; an empty one makes it use the default key."""
    key = sys.stdin.readline().strip() or None

    async def work(service: Service) -> None:
        told = await service.accounts.set_api_key(account, key)
        echo(f"{escape(account)}: {'own' if key else 'default'} key, {told} active tasks told")

    with_service(work)


@commands.command("track")
def track(account: AccountName, *, games: Games = None, sets: Sets = None) -> None:
    """Follow games (for their sets) and sets (for their cards)."""

    async def work(service: Service) -> None:
        await service.accounts.follow(account, games=games or (), sets=sets or ())
        tracked = ", ".join([*(games or ()), *(sets or ())]) or "nothing new"
        echo(escape(f"{account}: tracks {tracked}"))

    with_service(work)


@commands.command("untrack")
def untrack(account: AccountName, *, games: Games = None, sets: Sets = None) -> None:
    """Stop following games and sets; what was stored stays."""

    async def work(service: Service) -> None:
        await service.accounts.unfollow(account, games=games or (), sets=sets or ())

    with_service(work)


@commands.command("import")
def import_inventory(
    file: Annotated[Path, typer.Argument(help="CSV: reference, variant_id, quantity and, if wanted, name.")],
    account: Annotated[str, typer.Option(help="The account's name or id.")],
) -> None:
    """Load an inventory. Good rows are loaded, bad ones reported; the same file again changes nothing.

    Exit code 2 when a row was bad.
    """

    async def work(service: Service) -> int:
        rows = list(read_inventory(file))
        bad = [row for row in rows if isinstance(row, BadRow)]
        good = [row for row in rows if not isinstance(row, BadRow)]
        await service.accounts.load_inventory(account, good)
        for row in bad:
            err.print(f"[red]{escape(str(file))}:{row.line}:[/] {escape(row.problem)}", soft_wrap=True)
        echo(f"{len(good)} rows loaded, {len(bad)} bad")
        return BAD_INPUT if bad else SUCCESS

    with_service(work)
