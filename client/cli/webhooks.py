"""`webhooks`: who is told when tasks end."""

from typing import Annotated

import typer
from rich.markup import escape

from client.cli.console import echo, show_json, show_table, when, with_service
from client.service import Service
from contracts.tasks import FINAL_STATES, TaskState
from contracts.webhooks import Subscription

commands = typer.Typer(no_args_is_help=True, help="Who is told when tasks end.")

WebhookId = Annotated[str, typer.Argument(help="A webhook's id; `webhooks list` shows it.")]


@commands.command("add")
def add(
    url: Annotated[str, typer.Argument(help="Where deliveries are posted; https.")],
    workspace: Annotated[str | None, typer.Option(help="Only of tasks of this workspace.")] = None,
    states: Annotated[
        list[TaskState] | None, typer.Option("--state", help="SUCCESS, FAILED or CANCELLED; may be repeated.")
    ] = None,
) -> None:
    """Tell a URL of tasks that end. The secret that its receiver verifies with is printed this once."""

    async def work(service: Service) -> None:
        added = await service.webhooks.add(url, workspace=workspace, states=states or FINAL_STATES)
        echo(str(added.subscription.id))
        echo(added.secret)

    with_service(work)


@commands.command("list")
def list_webhooks(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False
) -> None:
    """List the webhooks and how they fare."""

    async def work(service: Service) -> None:
        found = await service.webhooks.all()
        if as_json:
            show_json([each.model_dump(mode="json") for each in found])
            return
        show_table(
            ("id", "url", "workspace", "told of", "state"),
            [
                (
                    str(each.id),
                    escape(each.url),
                    escape(each.workspace or "all"),
                    ", ".join(each.states),
                    _health(each),
                )
                for each in found
            ],
        )

    with_service(work)


@commands.command("remove")
def remove(webhook: WebhookId) -> None:
    """Forget a webhook; deliveries that still wait fail."""

    async def work(service: Service) -> None:
        await service.webhooks.remove(webhook)

    with_service(work)


@commands.command("enable")
def enable(webhook: WebhookId) -> None:
    """Tell a disabled webhook again. What it missed stays failed: `failures replay` delivers it."""

    async def work(service: Service) -> None:
        enabled = await service.webhooks.enable(webhook)
        echo(f"{escape(enabled.url)} is told again")

    with_service(work)


def _health(subscription: Subscription) -> str:
    if subscription.disabled_at is not None:
        because = escape(subscription.disabled_because or "")
        return f"[red]disabled {when(subscription.disabled_at)}: {because}[/]"
    if subscription.failing_since is not None:
        return f"[yellow]failing since {when(subscription.failing_since)}[/]"
    return "[green]active[/]"
