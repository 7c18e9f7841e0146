"""What a domain says of its effects: whom they go to, whether they hold, what becomes of its own rows."""

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from mainspring import activities
from mainspring.contracts.effects import Effect, EffectSent, EffectState, Owner, SendEffect
from mainspring.contracts.message import Message
from mainspring.storage.database import Session

In = TypeVar("In", bound=SendEffect)
Content = TypeVar("Content")


@dataclass(frozen=True)
class Claimed(Generic[In]):
    """An effect whose task was claimed. `effect.state` is how the attempt before has left it."""

    effect: Effect
    request: In


@dataclass(frozen=True)
class Send(Generic[Content]):
    """Send the effect. `content` is what its message is written from.

    `recipient` is where it goes now, where that is not what the ledger has. An effect that is in doubt goes
    where it went before, whatever is said here.
    """

    content: Content
    recipient: str | None = None


@dataclass(frozen=True)
class Nothing(Generic[Content]):
    """Send nothing: nothing of the effect holds. `content` says why; None: the effect was over before."""

    content: Content | None = None


@dataclass
class Outgoing(Generic[Content]):
    """An effect that is to be sent, as it was claimed, and what its message is written from.

    `begun` is the effect as it is once it is SENDING: from then on it may have arrived.
    """

    effect: Effect
    content: Content
    begun: Effect | None = None


# What a kind says of a claimed effect. An exception becomes of the task: `Snooze` puts it off.
Prepared = Send[Content] | Nothing[Content] | Exception

# What a claim has made of an effect.
ClaimResult = Outgoing[Content] | Nothing[Content] | Exception


async def _nothing(_session: Session, _became: object, _now: datetime) -> None:
    """Write nothing: for a kind on whose effects no row of the domain depends."""


async def nobody(_session: Session, _owners: Collection[Owner]) -> None:
    """Hold nobody: for a kind whose effects to the same owner may be claimed side by side."""


def _effect_sent(_content: object, reference: str | None) -> Message:
    return EffectSent(reference=reference)


@dataclass(frozen=True)
class EffectKind(Generic[In, Content]):
    """A kind of effect. `name` is in the ledger's rows, so it never changes; `request` is its task's input.

    All functions work in the caller's transaction, and get the time. They are called in the one order in
    which locks are taken: owners, then effects, then rows of the domain's own.

    - `prepare` reads what claimed effects need, and says of each whether it is sent, or not, or later.
    - `settle` writes the domain's rows for effects, by what became of them.
    - `withdraw` writes the domain's rows for effects of which nothing holds. An effect in `IN_DOUBT` may have
      arrived before.
    - `hold_owners` keeps other claims for these owners waiting until the transaction ends. An owner is named
      with its workspace.
    - `result` is the result of the effect's task: `reference` is None when nothing was sent.
    - `give_up` writes, after `settle`, the domain's rows for FAILED effects that nobody has refused: they
      were tried for as long as the channel tries, and were surely not delivered.
    """

    name: str
    request: type[In]
    prepare: Callable[
        [Session, Sequence[Claimed[In]], datetime], Awaitable[Mapping[UUID, "Prepared[Content]"]]
    ]
    settle: Callable[[Session, Mapping[EffectState, Sequence[Effect]], datetime], Awaitable[None]] = _nothing
    withdraw: Callable[[Session, Sequence[tuple[Effect, Content]], datetime], Awaitable[None]] = _nothing
    hold_owners: Callable[[Session, Collection[Owner]], Awaitable[None]] = nobody
    result: Callable[[Content | None, str | None], Message] = _effect_sent
    give_up: Callable[[Session, Sequence[Effect], datetime], Awaitable[None]] = _nothing


AnyEffectKind = EffectKind[Any, Any]


def effect_kinds() -> Mapping[str, AnyEffectKind]:
    """Return every kind that a module of the activities shows, by its name."""
    found: dict[str, AnyEffectKind] = {}
    for each in pkgutil.iter_modules(activities.__path__):
        module = importlib.import_module(f"{activities.__name__}.{each.name}")
        found |= {kind.name: kind for kind in vars(module).values() if isinstance(kind, EffectKind)}
    return found
