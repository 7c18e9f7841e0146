"""Taste profiles: what users like, by their answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from mainspring.cli.console import with_service
from mainspring.cli.output import AsJson, echo, show_facts, show_json, show_table, tell
from mainspring.client.errors import BadInput
from mainspring.client.times import when

if TYPE_CHECKING:
    from mainspring.client.service import Service

commands = typer.Typer(no_args_is_help=True, help=__doc__)

ProfileId = Annotated[str, typer.Argument(help="The profile's id.")]


@commands.command("complete")
def complete(
    profile_id: ProfileId,
    *,
    user: Annotated[str, typer.Option(help="The user's id.")],
    answers: Annotated[
        str, typer.Option(metavar="JSON|@FILE", help='Such as \'{"interests": "hiking"}\': docs/gifting.md.')
    ],
    recipient: Annotated[str | None, typer.Option(help="For whom the user's gifts are.")] = None,
    as_json: AsJson = False,
) -> None:
    """Save a user's answers, and have them turned into recommendations."""

    async def work(service: Service) -> None:
        given = _answers(answers)
        done = await service.taste_profiles.complete_taste_profile(profile_id, user, given, recipient)
        task_id = None if done.task_id is None else str(done.task_id)
        if as_json:
            profile = done.profile.model_dump(mode="json")
            show_json({"profile": profile, "task_id": task_id, "message": done.message})
        else:
            echo(escape(done.message) + (f" (task {task_id})" if task_id else ""))

    with_service(work)


@commands.command("list")
def list_profiles(
    *,
    user: Annotated[str | None, typer.Option(help="Only those of this user.")] = None,
    after: Annotated[str, typer.Option(help="Only those whose ids come after this one.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List taste profiles in the order of their ids."""

    async def work(service: Service) -> None:
        found = await service.taste_profiles.profiles(user_id=user, after=after, limit=limit)
        if as_json:
            show_json([each.model_dump(mode="json") for each in found])
            return
        show_table(
            ("id", "user", "recipient", "interests", "updated"),
            [
                (
                    escape(each.id),
                    escape(each.user_id),
                    escape(each.recipient_id or ""),
                    escape(", ".join(each.facets.interests)),
                    when(each.updated_at),
                )
                for each in found
            ],
        )

    with_service(work)


@commands.command("show")
def show(profile_id: ProfileId, *, as_json: AsJson = False) -> None:
    """Show a profile: its answers, and what they say."""

    async def work(service: Service) -> None:
        found = await service.taste_profiles.profile(profile_id)
        if as_json:
            show_json(found.model_dump(mode="json"))
            return
        facets = found.facets.model_dump(mode="json", exclude_defaults=True)
        show_facts(
            "profile",
            escape(found.id),
            [
                ("user", escape(found.user_id)),
                ("recipient", escape(found.recipient_id or "")),
                ("updated", when(found.updated_at)),
                *((name, escape(_said(value))) for name, value in facets.items()),
            ],
        )

    with_service(work)


@commands.command("remove")
def remove(profile_id: ProfileId, *, as_json: AsJson = False) -> None:
    """Remove a profile with its vector."""

    async def work(service: Service) -> None:
        await service.taste_profiles.remove_profile(profile_id)
        tell(escape(f"{profile_id}: removed"), as_json, id=profile_id, removed=True)

    with_service(work)


def _answers(given: str) -> dict[str, Any]:
    try:
        text = Path(given[1:]).read_text(encoding="utf-8") if given.startswith("@") else given
        answers = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"--answers: {given!r} is not accepted: a JSON object, or @FILE: {error}") from None
    if not isinstance(answers, dict):
        raise BadInput(f"--answers: {given!r} is not accepted: a JSON object of questions with answers")
    return answers


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return (
        "; ".join(f"{key}: {each}" for key, each in value.items()) if isinstance(value, dict) else str(value)
    )
