"""The keys that seal secrets, and those that sign links in mails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mainspring.cli.console import FAILED, SUCCESS, with_service
from mainspring.cli.output import AsJson, echo, show_json, tell

if TYPE_CHECKING:
    from mainspring.client.service import Service
    from mainspring.storage.sealed_rows import SealedCount

commands = typer.Typer(no_args_is_help=True, help=__doc__)

Links = Annotated[bool, typer.Option("--links", help="The keys for links in mails, not those for secrets.")]


@commands.command("show")
def show(*, as_json: AsJson = False) -> None:
    """Count the former keys, and what each kind of key has sealed. No key is shown."""

    async def work(service: Service) -> int:
        count, (former, former_links) = await service.encryption.count(), service.encryption.former
        if as_json:
            show_json({**vars(count), "former_keys": former, "former_link_keys": former_links})
        else:
            echo(f"former keys for secrets {former}, for links {former_links}")
            _tell(count, as_json)
        return FAILED if count.unreadable else SUCCESS

    with_service(work)


@commands.command("rotate")
def rotate(*, links: Links = False, as_json: AsJson = False) -> None:
    """Make a new key, and seal all secrets with it. Former keys still open, and their links still hold.

    Processes that run find a new key for secrets when they need it. They sign links with the former key until
    they are started again. Keys of the settings are rotated there: see docs/operating.md.
    """

    async def work(service: Service) -> None:
        if links:
            service.encryption.rotate_links()
            line = "links are signed with the new key by what is started from now on; older links still hold"
            tell(line, as_json, rotated="links")
        else:
            _tell(await service.encryption.rotate(), as_json)

    with_service(work)


@commands.command("reseal")
def reseal(*, as_json: AsJson = False) -> None:
    """Seal with the newest key what a former key has sealed, or no key. Safe to repeat.

    After an upgrade from 0.1, run it once no process of 0.1 is left: those open nothing that is sealed.
    """

    async def work(service: Service) -> int:
        count = await service.encryption.reseal()
        _tell(count, as_json)
        return FAILED if count.unreadable else SUCCESS

    with_service(work)


@commands.command("forget")
def forget(*, links: Links = False, as_json: AsJson = False) -> None:
    """Drop the former keys. Of keys for links: links in mails that they signed hold no longer.

    Former keys for secrets are dropped only when nothing is sealed with them. Links in mails that a release
    before 0.2 sent were signed with the key for secrets of that time, and end with that key.
    """

    async def work(service: Service) -> None:
        count = service.encryption.forget_links() if links else await service.encryption.forget()
        tell(f"{count} former keys are gone", as_json, forgotten=count)

    with_service(work)


def _tell(count: SealedCount, as_json: bool) -> None:
    if as_json:
        show_json(vars(count))
        return
    echo(f"secrets sealed with the newest key {count.newest}, with former keys {count.former}")
    if count.unreadable:
        echo(f"[red]secrets that no key opens {count.unreadable}[/]")
