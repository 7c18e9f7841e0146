"""URLs that hold secrets, as the database has them."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from mainspring.activities.runtime.sealed_inputs import InputOpener
from mainspring.client.encryption import Encryption
from mainspring.client.service import Service
from mainspring.config.secrets import secret_box
from mainspring.config.settings import Settings
from mainspring.contracts.flows import AdHocStep, RunFlow
from mainspring.contracts.media import ProcessVideo
from mainspring.contracts.tasks import TaskState
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.storage.data_passes import UPGRADED
from mainspring.storage.database import Database, Session
from mainspring.storage.errors import SecretUnreadable
from mainspring.storage.ledger import TaskIntake
from mainspring.storage.receivers import ReceiverRepository
from mainspring.storage.sealed_rows import SealedCount
from mainspring.storage.sealed_urls import open_url
from mainspring.storage.secrets import SecretBox
from mainspring.storage.tables import DataPassRow, SubscriptionRow, TaskRow
from mainspring.storage.webhooks import SubscriptionRepository
from mainspring.workflows.media import PROCESS_VIDEO
from mainspring.workflows.run_flow import RUN_FLOW
from tests.ledger_writes import NOON

HOOK = "https://1.1.1.1/services/T0/s3cret"
SIGNED = "https://cdn.example/film.mp4?X-Amz-Signature=s3cret"


async def add_webhook(database: Database, box: SecretBox) -> UUID:
    """Add a webhook."""
    added = await database.transact(
        lambda session: SubscriptionRepository(session, DEFAULT_WORKSPACE).add(
            HOOK, fairness_key=None, states=[TaskState.SUCCESS], secret="s", box=box, now=NOON
        )
    )
    return added.id


async def url_of(database: Database, box: SecretBox, webhook: UUID) -> str:
    """Read where a delivery goes."""
    found = await database.read(lambda session: ReceiverRepository(session).receiver(webhook, box, now=NOON))
    assert "s3cret" not in repr(found)
    return found.url


async def stored(database: Database) -> tuple[list[Any], list[Any]]:
    """Read the URLs and the inputs as they are."""

    async def read(session: Session) -> tuple[list[Any], list[Any]]:
        urls = await session.scalars(select(SubscriptionRow.url))
        return list(urls), list(await session.scalars(select(TaskRow.input)))

    return await database.read(read)


async def test_what_a_release_before_left_unsealed_is_sealed_on_demand(
    database: Database, tmp_path: Any
) -> None:
    """Deliveries and downloads go on as before, also after a rotation."""
    settings = Settings(state_dir=tmp_path)
    keys, box = Encryption(database, settings), secret_box(settings)
    webhook = await add_webhook(database, box)
    task = PROCESS_VIDEO.task(
        webhook,
        ProcessVideo(source=SIGNED, destination="films/1"),
        workspace=DEFAULT_WORKSPACE,
        triggered_by="test",
        priority=3,
    )

    async def as_before(session: Session) -> None:
        await session.execute(update(SubscriptionRow).values(url=HOOK, url_encrypted=None))
        await TaskIntake(session).enqueue([task], now=NOON)

    await database.transact(as_before)
    assert HOOK == await url_of(database, box, webhook)

    for _ in range(2):
        await keys.reseal()
    (shown,), (given,) = await stored(database)
    assert "https://1.1.1.1/***" == shown
    assert "s3cret" not in str(given)
    assert SealedCount(3, 0, 0) == await keys.count()

    assert SealedCount(3, 0, 0) == await keys.rotate()
    await keys.forget()
    box = secret_box(settings)
    assert HOOK == await url_of(database, box, webhook)
    _, (given,) = await stored(database)
    assert SIGNED == open_url(given["source"], box)


async def test_workers_of_the_release_before_read_everything_until_they_are_gone(workerless: Service) -> None:
    """They run beside this release, or after it; `keys reseal` says that they are gone."""
    await workerless.database.transact(note_upgrade)
    video = ProcessVideo(source=SIGNED, destination="films/1")
    await workerless.webhooks.add(HOOK)
    await workerless.jobs.start(PROCESS_VIDEO, video)
    await workerless.encryption.rotate()
    (url,), (given,) = await stored(workerless.database)
    assert (HOOK, SIGNED) == (url, given["source"])
    assert ["https://1.1.1.1/***"] == [each.url for each in await workerless.webhooks.all()]

    await workerless.encryption.reseal()
    await workerless.jobs.start(PROCESS_VIDEO, video.model_copy(update={"destination": "films/2"}))
    await workerless.webhooks.add(HOOK)
    assert "s3cret" not in str(await stored(workerless.database))


async def test_what_temporal_has_is_opened_after_its_key_is_forgotten(workerless: Service) -> None:
    """Temporal has the source of a video that waits for days as the former key has sealed it."""
    video = ProcessVideo(source=SIGNED, destination="films/1")
    flow = RunFlow(steps=(AdHocStep(name="film", job="process-video", input=video.model_dump(mode="json")),))
    tasks = [
        await workerless.jobs.start(PROCESS_VIDEO, video),
        await workerless.jobs.start(RUN_FLOW, flow),
    ]
    (_, (first, second)) = await stored(workerless.database)
    sealed = {first.get("source"), second.get("source")} - {None}
    await workerless.encryption.rotate()
    await workerless.encryption.forget()

    opener = InputOpener(workerless.database, secret_box(workerless.settings))
    assert [SIGNED] * 2 == [await opener.url(task.id, url) for task in tasks for url in sealed]
    with pytest.raises(SecretUnreadable):
        await opener.url(uuid4(), *sealed)


async def note_upgrade(session: Session) -> None:
    """Note what migration 0012 notes where release 0.1 has worked."""
    session.add(DataPassRow(name=UPGRADED, done_at=NOON))


async def test_a_webhooks_token_is_neither_stored_nor_shown(workerless: Service) -> None:
    """In no column that is not sealed, and in nothing that lists and shows."""
    added = await add_webhook(workerless.database, secret_box(workerless.settings))
    (shown,), _ = await stored(workerless.database)
    listed = await workerless.webhooks.all()
    assert "https://1.1.1.1/***" == shown == listed[0].url
    assert [added] == [each.id for each in listed]
