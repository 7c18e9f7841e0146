"""The keys of the HTTP API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mainspring.cli.console import with_service
from mainspring.cli.operator_name import operator_name
from mainspring.cli.output import AsJson, echo, show_json, show_table, tell
from mainspring.contracts.api_keys import Role

if TYPE_CHECKING:
    from datetime import timedelta

    from mainspring.client.api_keys import ApiKeys, MadeKey
    from mainspring.client.service import Service
    from mainspring.contracts.api_keys import ApiKey

commands = typer.Typer(no_args_is_help=True, help=__doc__)

Platform = Annotated[
    bool, typer.Option("--platform", help="The platform's keys, which work in every workspace.")
]
KeyId = Annotated[str, typer.Argument(metavar="KEY", help="The id of a key, or its beginning.")]


@commands.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What the key is for, such as the program that has it.")],
    *,
    role: Annotated[Role, typer.Option(help="What the key may do.")] = Role.OPERATOR,
    expires: Annotated[
        str | None, typer.Option(metavar="DURATION", help="When it ends, such as 90d; not set: never.")
    ] = None,
    platform: Platform = False,
    as_json: AsJson = False,
) -> None:
    """Make a key for the HTTP API, and print it. It is not shown again.

    An observer looks, and sees no payloads; a viewer looks; an operator also starts, cancels and retries; an
    admin also makes keys and webhooks.
    """

    async def work(service: Service) -> None:
        expires_in = None if expires is None else _span(expires, "--expires")
        made = await _keys(service, platform=platform).create(name, role, expires_in=expires_in)
        await _note(service, "create_key", made.key, platform=platform, after=made.key)
        _show_made(made, as_json)

    with_service(work)


@commands.command("list")
def list_keys(*, platform: Platform = False, as_json: AsJson = False) -> None:
    """List the keys of the workspace, or of the platform. No key is shown whole."""

    async def work(service: Service) -> None:
        keys, now = await _keys(service, platform=platform).all(), service.clock.now()
        if as_json:
            show_json([key.model_dump(mode="json") for key in keys])
        else:
            show_table(
                ("ID", "NAME", "ROLE", "BEGINS", "STATE", "LAST USED"),
                [
                    (
                        str(key.id)[:8],
                        key.name,
                        key.role,
                        f"ms_{key.prefix}_",
                        "valid" if key.is_valid(now) else "revoked" if key.revoked_at else "expired",
                        f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never",
                    )
                    for key in keys
                ],
            )

    with_service(work)


@commands.command("revoke")
def revoke(key: KeyId, *, platform: Platform = False, as_json: AsJson = False) -> None:
    """Let a key open nothing any more, from now on."""

    async def work(service: Service) -> None:
        keys = _keys(service, platform=platform)
        former = await keys.find(key)
        revoked = await keys.revoke(str(former.id))
        await _note(service, "revoke_key", former, platform=platform, before=former, after=revoked)
        tell(f"key {_named(revoked)} is revoked", as_json, **revoked.model_dump(mode="json"))

    with_service(work)


@commands.command("rotate")
def rotate(
    key: KeyId,
    *,
    overlap: Annotated[
        str, typer.Option(metavar="DURATION", help="How long the former key still holds.")
    ] = "0s",
    platform: Platform = False,
    as_json: AsJson = False,
) -> None:
    """Make another key of the same name and role, and print it. The former one ends."""

    async def work(service: Service) -> None:
        after = _span(overlap, "--overlap")
        keys = _keys(service, platform=platform)
        former = await keys.find(key)
        made = await keys.rotate(str(former.id), overlap=after)
        await _note(service, "rotate_key", former, platform=platform, before=former, after=made.key)
        _show_made(made, as_json)

    with_service(work)


def _keys(service: Service, *, platform: bool) -> ApiKeys:
    return service.platform_keys if platform else service.api_keys


async def _note(
    service: Service,
    action: str,
    key: ApiKey,
    *,
    platform: bool,
    before: ApiKey | None = None,
    after: ApiKey | None = None,
) -> None:
    audit = service.platform_audit if platform else service.audit
    actor = f"command line ({operator_name()})"
    await audit.note(actor, action, f"key {key.prefix}", before=before, after=after)


def _span(text: str, option: str) -> timedelta:
    from mainspring.client.time_input import span

    return span(text, option)


def _show_made(made: MadeKey, as_json: bool) -> None:
    if as_json:
        show_json(made.key.model_dump(mode="json") | {"key": made.text})
        return
    echo(f"key {_named(made.key)}, {made.key.role}; it is not shown again:")
    echo(made.text)


def _named(key: ApiKey) -> str:
    return f"{str(key.id)[:8]} ({key.name})"
