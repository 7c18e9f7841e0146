"""Occasions: the days that people are reminded of, and what became of their reminders."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from mainspring.cli.console import SUCCESS, with_service
from mainspring.cli.output import AsJson, echo, show_json, show_table, tell
from mainspring.client.errors import BadInput
from mainspring.client.times import when

if TYPE_CHECKING:
    from mainspring.client.service import Service
    from mainspring.contracts.gifting.occasions import Occasion, Reminder

commands = typer.Typer(no_args_is_help=True, help=__doc__)

OccasionId = Annotated[str, typer.Argument(help="The occasion's id.")]
Repeats = Annotated[str | None, typer.Option(help="once or yearly.")]
Recipient = Annotated[str | None, typer.Option(help="The name of the person whom the gift is for.")]
TimeZone = Annotated[str | None, typer.Option(help="Such as Europe/Paris; the user's by default.")]
LocalTime = Annotated[str | None, typer.Option(metavar="HH:MM", help="When to remind; 09:00 by default.")]
Offsets = Annotated[str | None, typer.Option(help="Days before, by default '7 3 1'.")]


@commands.command("add")
def add(
    occasion_id: OccasionId,
    *,
    user: Annotated[str, typer.Option(help="The user's id.")],
    title: Annotated[str, typer.Option(help="What is celebrated.")],
    date: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="On which day.")],
    repeats: Repeats = None,
    recipient: Recipient = None,
    time_zone: TimeZone = None,
    local_time: LocalTime = None,
    offsets: Offsets = None,
    as_json: AsJson = False,
) -> None:
    """Add an occasion, or overwrite the one that is there."""
    given = {
        "user_id": user,
        "title": title,
        "date": date,
        "repeats": repeats,
        "recipient": recipient,
        "time_zone": time_zone,
        "local_time": local_time,
        "offsets": offsets,
    }
    with_service(partial(_stored, occasion_id, given, as_json))


@commands.command("move")
def move(
    occasion_id: OccasionId,
    date: Annotated[str, typer.Argument(metavar="YYYY-MM-DD", help="The day that it is on now.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Move an occasion to another day; its reminders follow, but for those that are being sent."""

    async def work(service: Service) -> int:
        occasion = (await service.occasions.timeline(occasion_id)).occasion
        given = occasion.model_dump(mode="json", exclude={"id"}) | {"date": date}
        return await _stored(occasion_id, given, as_json, service)

    with_service(work)


async def _stored(occasion_id: str, given: dict[str, Any], as_json: bool, service: Service) -> int:
    occasion = _occasion(occasion_id, given)
    if await service.occasions.store([occasion]):
        raise BadInput(f"user: {occasion.user_id!r} is not accepted: a user that was imported")
    timeline = await service.occasions.timeline(occasion_id)
    if as_json:
        show_json(timeline.model_dump(mode="json"))
    else:
        _show_reminders(timeline.reminders)
    return SUCCESS


def _occasion(occasion_id: str, given: dict[str, Any]) -> Occasion:
    from mainspring.client.validation import validated_as
    from mainspring.contracts.gifting.occasions import Occasion

    said = {name: value for name, value in given.items() if value is not None}
    return validated_as(Occasion, {"id": occasion_id} | said)


@commands.command("remove")
def remove(occasion_id: OccasionId, *, as_json: AsJson = False) -> None:
    """Remove an occasion: nobody is reminded of it any more."""

    async def work(service: Service) -> None:
        await service.occasions.remove(occasion_id)
        tell("removed", as_json, id=occasion_id)

    with_service(work)


@commands.command("show")
def show(occasion_id: OccasionId, *, as_json: AsJson = False) -> None:
    """Show an occasion with the timeline of its reminders."""

    async def work(service: Service) -> None:
        timeline = await service.occasions.timeline(occasion_id)
        if as_json:
            show_json(timeline.model_dump(mode="json"))
            return
        each = timeline.occasion
        of = f"{each.title}, {each.date}, {each.repeats}, for user {each.user_id}, at {each.local_time:%H:%M}"
        echo(escape(f"{of} in {timeline.time_zone}"))
        _show_reminders(timeline.reminders)

    with_service(work)


@commands.command("list")
def list_(
    *,
    user: Annotated[str | None, typer.Option(help="Of this user.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List occasions in the order of their ids."""

    async def work(service: Service) -> None:
        found = await service.occasions.find(user_id=user, limit=limit)
        if as_json:
            show_json([each.model_dump(mode="json") for each in found])
            return
        rows = [(each.id, each.user_id, each.title, str(each.date), each.repeats) for each in found]
        show_table(("id", "user", "title", "date", "repeats"), rows)

    with_service(work)


@commands.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="CSV with a header, a JSON list of objects, JSON lines: docs/gifting.md.")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Load occasions. Good entries are loaded, bad ones reported; the same file again changes nothing.

    Exit code 2 when an entry was bad.
    """
    from mainspring.cli.imports import show_import
    from mainspring.client.gifting.imports import import_occasions

    async def work(service: Service) -> int:
        return await show_import(file, partial(import_occasions, service.occasions), as_json=as_json)

    with_service(work)


def _show_reminders(reminders: tuple[Reminder, ...]) -> None:
    rows = [
        (
            when(each.remind_at),
            f"{each.offset} days before {each.date}",
            each.state,
            each.reason or ", ".join(f"{sent.channel} {sent.state}" for sent in each.deliveries),
        )
        for each in reminders
    ]
    show_table(("remind at", "", "state", ""), rows)
