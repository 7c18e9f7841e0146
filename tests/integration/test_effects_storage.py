"""The effects ledger, on both databases."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from mainspring.contracts.effects import Effect, EffectState, OnUnknown
from mainspring.contracts.tasks import NewTask, TaskState
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.storage.database import Database, Session
from mainspring.storage.effects import EffectQueries, EffectResult, EffectStore, NewEffect, WorkspaceEffects
from mainspring.storage.errors import EffectUnknown
from mainspring.storage.ledger import (
    Acknowledgement,
    AcknowledgementStore,
    QueueStore,
    TaskIntake,
    TaskWriter,
)
from mainspring.storage.wishlist import MailRepository

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
JOB = "send-notifications"
MAIL = "wishlist-mail"


def effect(owner: str = "anna", key: str | None = None, kind: str = MAIL) -> NewEffect:
    """Return an effect that is wanted."""
    effect_id = uuid4()
    return NewEffect(
        workspace=DEFAULT_WORKSPACE,
        id=effect_id,
        kind=kind,
        dedupe_key=key or str(effect_id),
        owner=owner,
        reference=f"<{effect_id}@shop.example>",
        recipient=f"{owner}@example.org",
        task_id=uuid4(),
        on_unknown=OnUnknown.RESEND,
    )


async def intend(database: Database, *effects: NewEffect, now: datetime = NOON) -> set[UUID]:
    """Write effects with a task each."""

    async def write(session: Session) -> set[UUID]:
        tasks = [_task(each.task_id) for each in effects]
        await TaskIntake(session).enqueue(tasks, now=now)
        return await EffectStore(session).intend(effects, now=now)

    return await database.transact(write)


def _task(task_id: UUID) -> NewTask:
    return NewTask(
        id=task_id,
        job=JOB,
        workflow_id="drain",
        dedupe_key=None,
        input={},
        is_pooled=True,
    )


async def get(database: Database, effect_id: UUID) -> Effect:
    """Return an effect."""
    return await database.read(lambda session: EffectQueries(session).get(effect_id))


async def begin(database: Database, *effect_ids: UUID, now: datetime = NOON) -> None:
    """Begin to send effects."""

    async def write(session: Session) -> None:
        effects = EffectStore(session)
        await effects.begin(list((await effects.hold(effect_ids)).values()), at=now)

    await database.transact(write)


async def settle(database: Database, *settlements: EffectResult, now: datetime = LATER) -> None:
    """Write what became of effects."""
    await database.transact(lambda session: EffectStore(session).acknowledge(settlements, now=now))


async def test_what_is_said_of_a_failure_is_short_and_obeyed_by_no_terminal(database: Database) -> None:
    """Whatever the channel's error is, and whoever has written its words."""
    wanted = effect()
    await intend(database, wanted)
    await begin(database, wanted.id)
    await settle(
        database, EffectResult(wanted.id, EffectState.FAILED, "half \ud83d\x1b[2J" + "x" * 1_000_000)
    )

    error = (await get(database, wanted.id)).error or ""
    assert "half \N{REPLACEMENT CHARACTER}\N{SYMBOL FOR ESCAPE}[2Jxx" == error[:12]
    assert len(error) < 11_000


async def test_what_is_wanted_twice_is_one_effect(database: Database) -> None:
    """By its dedupe key; the second is told by its absence."""
    first, second, other = effect(key="same"), effect(key="same"), effect()
    assert {first.id} == await intend(database, first)
    assert {other.id} == await intend(database, second, other)

    stored = await get(database, first.id)
    assert vars(first).items() <= stored.model_dump().items()
    assert (EffectState.INTENDED, 0, 0) == (stored.state, stored.attempts, stored.resends)
    with pytest.raises(EffectUnknown):
        await get(database, second.id)


@pytest.mark.parametrize(
    ("state", "is_over"),
    [
        (EffectState.SENT, True),
        (EffectState.FAILED, True),
        (EffectState.WITHDRAWN, True),
        (EffectState.INTENDED, False),
        (EffectState.UNKNOWN, False),
    ],
)
async def test_an_attempt_is_counted_and_its_end_is_written(
    database: Database, state: EffectState, is_over: bool
) -> None:
    """Before anything goes out it is `sending`; what is over has the time of that."""
    wanted = effect()
    await intend(database, wanted)
    await begin(database, wanted.id)
    sending = await get(database, wanted.id)
    await settle(database, EffectResult(wanted.id, state, "said"))

    after = await get(database, wanted.id)
    assert (EffectState.SENDING, 1, NOON) == (sending.state, sending.attempts, sending.sending_at)
    assert (state, "said", LATER if is_over else None) == (after.state, after.error, after.settled_at)


@pytest.mark.parametrize(
    ("left_as", "resends"),
    [(None, 1), (EffectState.UNKNOWN, 1), (EffectState.INTENDED, 0), (EffectState.FAILED, 0)],
)
async def test_an_attempt_after_one_that_may_have_got_through_is_a_resend(
    database: Database, left_as: EffectState | None, resends: int
) -> None:
    """So it is when a worker died while it was sending (None); not when it was surely refused."""
    wanted = effect()
    await intend(database, wanted)
    await begin(database, wanted.id)
    if left_as is not None:
        await settle(database, EffectResult(wanted.id, left_as))
    await begin(database, wanted.id)

    found = await get(database, wanted.id)
    assert (EffectState.SENDING, 2, resends) == (found.state, found.attempts, found.resends)
    assert resends == await database.read(
        lambda session: WorkspaceEffects(session, DEFAULT_WORKSPACE).resends()
    )


@pytest.mark.parametrize("over", [EffectState.SENT, EffectState.WITHDRAWN])
async def test_what_is_sent_or_withdrawn_stays_so(database: Database, over: EffectState) -> None:
    """Whatever a late settlement says."""
    wanted = effect()
    await intend(database, wanted)
    await settle(database, EffectResult(wanted.id, over))
    await settle(database, EffectResult(wanted.id, EffectState.FAILED, "late"))
    assert (over, None) == ((await get(database, wanted.id)).state, (await get(database, wanted.id)).error)


async def test_settlements_are_counted_and_found_by_their_states(database: Database) -> None:
    """The newest first."""
    wanted = [effect() for _ in range(4)]
    for number, each in enumerate(wanted):
        await intend(database, each, now=NOON + timedelta(minutes=number))
    await settle(
        database,
        EffectResult(wanted[0].id, EffectState.SENT),
        EffectResult(wanted[1].id, EffectState.FAILED, "550"),
        EffectResult(wanted[2].id, EffectState.SENT),
    )

    async def look(session: Session) -> tuple[object, list[Effect], list[Effect]]:
        effects = WorkspaceEffects(session, DEFAULT_WORKSPACE)
        found = await effects.find([EffectState.SENT, EffectState.FAILED], limit=2)
        return await effects.counts(), found, await effects.find(kind="another", limit=2)

    counts, found, others = await database.read(look)
    assert {EffectState.SENT: 2, EffectState.FAILED: 1, EffectState.INTENDED: 1} == counts
    assert [wanted[2].id, wanted[1].id] == [each.id for each in found]
    assert [] == others


async def test_more_joins_only_what_waits_for_a_turn(database: Database) -> None:
    """For the same owner and of the same kind; not what was claimed, and not what will not be sent.

    Of several it joins the first.
    """
    waiting, claimed, put_off, cancelled, withdrawn = [
        effect(owner) for owner in ("waiting", "claimed", "put off", "cancelled", "withdrawn")
    ]
    another, newer = effect("another", kind="another"), effect("waiting")
    await intend(database, claimed, put_off)
    await database.transact(lambda session: QueueStore(session).claim(JOB, "run/1", limit=2, now=NOON))
    later = Acknowledgement(put_off.task_id, TaskState.RUNNING, next_attempt_at=LATER)
    await database.transact(
        lambda session: AcknowledgementStore(session).acknowledge("run/1", [later], now=NOON)
    )
    await intend(database, waiting, cancelled, withdrawn, another)
    await intend(database, newer, now=LATER)
    await database.transact(lambda session: TaskWriter(session).request_cancel(cancelled.task_id, now=NOON))
    await settle(database, EffectResult(withdrawn.id, EffectState.WITHDRAWN))

    owners = ["waiting", "claimed", "put off", "cancelled", "withdrawn", "another", "nobody"]
    assert {"waiting": waiting.id, "put off": put_off.id} == await database.transact(
        lambda session: EffectStore(session).joinable(DEFAULT_WORKSPACE, owners, MAIL)
    )


async def test_a_person_decides_only_about_what_is_unknown(database: Database) -> None:
    """What is to be sent again counts as a resend; another effect stays as it is."""
    arrived, lost, sent = effect(), effect(), effect()
    await intend(database, arrived, lost, sent)
    await settle(
        database,
        EffectResult(arrived.id, EffectState.UNKNOWN, "lost"),
        EffectResult(lost.id, EffectState.UNKNOWN, "lost"),
        EffectResult(sent.id, EffectState.SENT),
    )

    async def decide(effect_id: UUID, state: EffectState) -> EffectState:
        before = await database.transact(
            lambda session: EffectStore(session).resolve(effect_id, state, now=LATER)
        )
        return before.state

    assert EffectState.UNKNOWN == await decide(arrived.id, EffectState.SENT)
    assert EffectState.UNKNOWN == await decide(lost.id, EffectState.FAILED)
    assert EffectState.SENT == await decide(sent.id, EffectState.FAILED)
    with pytest.raises(EffectUnknown):
        await decide(uuid4(), EffectState.SENT)
    found = [await get(database, each.id) for each in (arrived, lost, sent)]
    assert [EffectState.SENT, EffectState.FAILED, EffectState.SENT] == [each.state for each in found]
    assert [0, 1, 0] == [each.resends for each in found]
    assert ["lost", "lost", None] == [each.error for each in found]


async def test_effects_are_found_by_the_beginning_of_their_ids(database: Database) -> None:
    """Two at most, enough to say that there are several."""
    ids = [
        UUID(f"{beginning}-0000-4000-8000-000000000000") for beginning in ("aaaa0000", "aaaa1111", "bbbb0000")
    ]
    await intend(database, *[NewEffect(**vars(effect()) | {"id": each}) for each in ids])

    async def found(prefix: str) -> list[UUID]:
        return await database.read(
            lambda session: WorkspaceEffects(session, DEFAULT_WORKSPACE).id_starting_with(prefix)
        )

    assert [2, 1, 1, 0] == [len(await found(each)) for each in ("aaaa", "aaaa0", "bbbb", "cccc")]
    assert [ids[0]] == await found(ids[0].hex)


async def test_an_effect_is_handed_to_the_task_that_works_it_now(database: Database) -> None:
    """A retry of the one that it was made with."""
    wanted, newer = effect(), uuid4()
    await intend(database, wanted)
    await database.transact(lambda session: EffectStore(session).hand_to({wanted.id: newer}))
    assert newer == (await get(database, wanted.id)).task_id


async def test_any_number_of_effects_is_held_and_settled(database: Database) -> None:
    """More than a statement of the database takes parameters for."""
    wanted = effect()
    await intend(database, wanted)
    many = [wanted.id, *(uuid4() for _ in range(33_000))]

    async def write(session: Session) -> set[UUID]:
        await MailRepository(session).settle_mails(many, EffectState.SENT, now=NOON)
        sent = [EffectResult(each, EffectState.SENT) for each in many]
        return await EffectStore(session).acknowledge(sent, now=NOON)

    assert {wanted.id} == await database.transact(write)
