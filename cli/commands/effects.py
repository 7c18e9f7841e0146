"""What was sent to somebody outside, and how it fared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from mainspring.cli import completion
from mainspring.cli.console import with_service
from mainspring.cli.output import AsJson, echo, short, show_facts, show_json, show_table, tell
from mainspring.client.times import when
from mainspring.client.views import effects_view
from mainspring.contracts.effects import Effect, EffectState

if TYPE_CHECKING:
    from mainspring.client.service import Service

commands = typer.Typer(no_args_is_help=True, help=__doc__)

EffectId = Annotated[
    str,
    typer.Argument(
        help="An effect's id, or its beginning; `effects list` shows it.", autocompletion=completion.effects
    ),
]

COLOURS = {
    EffectState.INTENDED: "cyan",
    EffectState.SENDING: "blue",
    EffectState.UNKNOWN: "yellow",
    EffectState.SENT: "green",
    EffectState.FAILED: "red",
    EffectState.WITHDRAWN: "magenta",
}


@commands.command("list")
def list_effects(
    states: Annotated[
        list[EffectState] | None, typer.Option("--state", help="Only in this state; may be repeated.")
    ] = None,
    *,
    kind: Annotated[str | None, typer.Option(help="Only of this kind.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List effects, the newest first, below how many there are in each state."""

    async def work(service: Service) -> None:
        found = await service.effects.find(states or (), kind=kind, limit=limit)
        counts = await service.effects.counts()
        if as_json:
            show_json(effects_view(found, counts))
            return
        totals = [f"{_state(each)} {counts.states[each]:,}" for each in EffectState if each in counts.states]
        echo(", ".join([*totals, f"resends {counts.resends:,}"]))
        show_table(
            ("id", "state", "to", "attempts", "made", "settled", "error"), [_row(each) for each in found]
        )

    with_service(work)


@commands.command("show")
def show(effect_id: EffectId, *, as_json: AsJson = False) -> None:
    """Show everything about an effect."""

    async def work(service: Service) -> None:
        effect = await service.effects.get(effect_id)
        if as_json:
            show_json(effect.model_dump(mode="json"))
        else:
            _show(effect)

    with_service(work)


def _show(effect: Effect) -> None:
    facts = [
        ("kind", escape(effect.kind)),
        ("state", _state(effect.state)),
        ("to", escape(effect.recipient)),
        ("for", escape(effect.owner)),
        ("reference", escape(effect.reference)),
        ("attempts", _attempts(effect)),
        ("if unknown", str(effect.on_unknown)),
        ("error", escape(effect.error or "")),
        ("task", str(effect.task_id)),
        ("made", when(effect.created_at)),
        ("last tried", when(effect.sending_at)),
        ("settled", when(effect.settled_at)),
    ]
    show_facts("effect", effect.id, facts)
    if effect.state is EffectState.UNKNOWN:
        name = short(effect.id)
        echo(f"it may have arrived: effects mark-sent {name} or effects send-again {name}")


@commands.command("mark-sent")
def mark_sent(effect_id: EffectId, *, as_json: AsJson = False) -> None:
    """Say of an unknown effect that it got through: it is not sent again."""

    async def work(service: Service) -> None:
        effect = await service.effects.mark_sent(effect_id)
        tell(f"{effect.id}: {_state(effect.state)}", as_json, **effect.model_dump(mode="json"))

    with_service(work)


@commands.command("send-again")
def send_again(effect_id: EffectId, *, as_json: AsJson = False) -> None:
    """Send an unknown effect again, under the same reference."""

    async def work(service: Service) -> None:
        effect = await service.effects.send_again(effect_id)
        line = f"{effect.id}: is sent again as {escape(effect.reference)}"
        tell(line, as_json, **effect.model_dump(mode="json"))

    with_service(work)


def _row(effect: Effect) -> tuple[str, ...]:
    return (
        short(effect.id),
        _state(effect.state),
        escape(effect.recipient),
        _attempts(effect),
        when(effect.created_at),
        when(effect.settled_at),
        escape(effect.error or ""),
    )


def _attempts(effect: Effect) -> str:
    return f"{effect.attempts} ({effect.resends} in doubt)" if effect.resends else str(effect.attempts)


def _state(state: EffectState) -> str:
    return f"[{COLOURS[state]}]{state}[/]"
