"""Who is told when tasks end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from mainspring.cli.console import with_service
from mainspring.cli.output import AsJson, echo, show_json, show_table, tell
from mainspring.cli.workspace_option import FormerWorkspace
from mainspring.client.errors import BadInput
from mainspring.client.time_input import span
from mainspring.client.times import when
from mainspring.client.views import added_webhook_view, messages_view
from mainspring.contracts.tasks import FINAL_STATES, TaskState
from mainspring.contracts.webhooks import Subscription

if TYPE_CHECKING:
    from mainspring.client.service import Service

commands = typer.Typer(no_args_is_help=True, help=__doc__)

WebhookId = Annotated[str, typer.Argument(help="A webhook's id or its beginning; `webhooks list` shows it.")]


@commands.command("add")
def add(
    url: Annotated[str, typer.Argument(help="Where deliveries are posted; https.")],
    fairness_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Only of tasks that take the turns of this key.")
    ] = None,
    states: Annotated[
        list[str] | None, typer.Option("--state", help="SUCCESS, FAILED or CANCELLED; may be repeated.")
    ] = None,
    *,
    as_json: AsJson = False,
    _: FormerWorkspace = None,
) -> None:
    """Tell a URL of tasks that end. The secret that its receiver verifies with is printed this once."""

    async def work(service: Service) -> None:
        told_of = [_final(each) for each in states or ()] or FINAL_STATES
        added = await service.webhooks.add(url, fairness_key=fairness_key, states=told_of)
        if as_json:
            show_json(added_webhook_view(added))
            return
        echo(f"webhook  {added.subscription.id}")
        echo(f"secret   {added.secret}")
        echo("[dim]the receiver verifies with the secret, which is not shown again[/]")

    with_service(work)


def _final(state: str) -> TaskState:
    if state.upper() not in FINAL_STATES:
        raise BadInput(f"--state: {state!r} is not accepted: {', '.join(sorted(FINAL_STATES))} are told of")
    return TaskState(state.upper())


@commands.command("list")
def list_webhooks(*, as_json: AsJson = False) -> None:
    """List the webhooks and how they fare."""

    async def work(service: Service) -> None:
        found = await service.webhooks.all()
        if as_json:
            show_json(messages_view(found))
            return
        show_table(
            ("id", "url", "fairness key", "told of", "state"),
            [
                (
                    str(each.id),
                    escape(each.url),
                    escape(each.fairness_key or "all"),
                    ", ".join(each.states),
                    _health(each),
                )
                for each in found
            ],
        )

    with_service(work)


@commands.command("remove")
def remove(webhook: WebhookId, *, as_json: AsJson = False) -> None:
    """Forget a webhook. Deliveries that still wait are not sent: each fails when its turn comes."""

    async def work(service: Service) -> None:
        removed = await service.webhooks.remove(webhook)
        line = f"{escape(removed.url)} is told nothing any more; what waits for it fails when its turn comes"
        tell(line, as_json, **removed.model_dump(mode="json"))

    with_service(work)


@commands.command("enable")
def enable(webhook: WebhookId, *, as_json: AsJson = False) -> None:
    """Tell a disabled webhook again. What it missed stays failed: `failures replay` delivers it."""

    async def work(service: Service) -> None:
        before = await service.webhooks.find(webhook)
        await service.webhooks.enable(webhook)
        was_active = before.disabled_at is None
        line = f"{escape(before.url)} " + ("was active already" if was_active else "is told again")
        tell(line, as_json, id=before.id, url=before.url, was_active=was_active)

    with_service(work)


@commands.command("disable")
def disable(
    webhook: WebhookId,
    *,
    reason: Annotated[str, typer.Option(help="Why: shown while it is disabled.")] = "disabled by hand",
    as_json: AsJson = False,
) -> None:
    """Tell a webhook nothing until it is enabled. Deliveries that wait fail when their turn comes."""

    async def work(service: Service) -> None:
        disabled = await service.webhooks.disable(webhook, reason)
        line = f"{escape(disabled.url)} is disabled: {escape(disabled.disabled_because or '')}"
        tell(line, as_json, **disabled.model_dump(mode="json"))

    with_service(work)


@commands.command("rotate-secret")
def rotate_secret(
    webhook: WebhookId,
    *,
    overlap: Annotated[
        str,
        typer.Option(metavar="DURATION", help="How long deliveries are signed with the former one as well."),
    ] = "1d",
    as_json: AsJson = False,
) -> None:
    """Give a webhook another secret, which is printed this once."""

    async def work(service: Service) -> None:
        rotated = await service.webhooks.rotate_secret(webhook, overlap=span(overlap, "--overlap"))
        if as_json:
            show_json(added_webhook_view(rotated))
            return
        echo(f"secret   {rotated.secret}")
        until = when(rotated.subscription.former_secret_until)
        echo(
            f"[dim]it is not shown again; deliveries are signed with the former one as well until {until}[/]"
        )

    with_service(work)


def _health(subscription: Subscription) -> str:
    if subscription.disabled_at is not None:
        because = escape(subscription.disabled_because or "")
        return f"[red]disabled {when(subscription.disabled_at)}: {because}[/]"
    if subscription.failing_since is not None:
        return f"[yellow]failing since {when(subscription.failing_since)}[/]"
    return "[green]active[/]"
