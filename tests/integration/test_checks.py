"""The checks behind `mainspring doctor`, as an API or a page asks for them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import insert

from mainspring.client.checks import Finding, examine
from mainspring.client.checks.disks import check_disks
from mainspring.client.checks.ledger import check_ledger
from mainspring.client.checks.mail import check_mail
from mainspring.client.checks.objects import check_objects
from mainspring.config.settings import Settings
from mainspring.contracts.cards import KEY_MISSING
from mainspring.contracts.tasks import TaskState
from mainspring.emulators.justtcg import JustTcgEmulator
from mainspring.emulators.objects import ObjectStoreEmulator
from mainspring.emulators.smtp import SmtpEmulator
from mainspring.storage.data_passes import UPGRADED, begin_sealing
from mainspring.storage.database import Database
from mainspring.storage.ledger import ErrorLog
from mainspring.storage.tables import DataPassRow
from tests.ledger_writes import FAILURE, accepted, begin, finish, wait_for_quota

NOBODY = "127.0.0.1:1"


async def examined(state_dir: Path, **settings: Any) -> dict[str, Finding]:
    found = [each async for each in examine(Settings(state_dir=state_dir, **settings))]
    return {each.part: each for each in found}


@pytest.fixture(autouse=True)
def nobodys_temporal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", NOBODY)


async def test_each_part_that_is_not_there_is_found_with_a_remedy(tmp_path: Path) -> None:
    """Nothing runs: every part is examined all the same, and each missing part says what to do."""
    found = await examined(
        tmp_path,
        justtcg_url=f"http://{NOBODY}/v1",
        media_source_dir=tmp_path / "nowhere",
        smtp_host="127.0.0.1",
        smtp_port=1,
        media_store_url="s3://films",
        media_s3_endpoint=f"http://{NOBODY}",
        media_s3_access_key="key",
        media_s3_secret_key="secret",
    )
    wrong = {"video sources", "database", "Temporal", "JustTCG", "mail server", "object store"}
    at_will = {"pushes", "Claude", "embeddings"}  # no fault where they are not set
    assert {*wrong, *at_will, "settings", "encryption key", "disk"} == {*found}
    assert wrong == {part for part, each in found.items() if each.is_wrong}
    assert "run `mainspring db upgrade`" == found["database"].remedy
    assert "MAINSPRING_MEDIA_SOURCE_DIR" in found["video sources"].remedy


async def test_a_price_service_that_answers_is_well(tmp_path: Path) -> None:
    async with JustTcgEmulator() as justtcg:
        found = await examined(tmp_path, justtcg_url=justtcg.base_url)
    assert found["JustTCG"].is_well
    assert f"{justtcg.base_url} answers; accounts bring their own keys" == found["JustTCG"].found


def mail_settings(smtp: SmtpEmulator, **more: Any) -> dict[str, Any]:
    return {"smtp_host": smtp.host, "smtp_port": smtp.port, "smtp_security": "none", **more}


@pytest.mark.parametrize(
    ("answers", "is_well"),
    [
        ({}, True),
        ({"RCPT": "550 5.1.1 No such mailbox"}, True),
        ({"MAIL": "550 5.4.5 The daily sending limit of this account is used up"}, False),
        ({"RCPT": "504 5.5.2 <{hello}>: Helo command rejected: need fully-qualified hostname"}, False),
    ],
)
async def test_a_mail_server_is_well_that_takes_our_name_and_our_sender(
    answers: dict[str, str], is_well: bool, tmp_path: Path
) -> None:
    """It is asked as for a mail, and none is sent; nobody need read the sender's mailbox."""
    async with SmtpEmulator() as smtp:
        smtp.faults.answers |= answers
        settings = mail_settings(smtp, smtp_hello="jobs.shop.example", mail_from="shop@shop.example")
        (found,) = [each async for each in check_mail(Settings(state_dir=tmp_path, **settings))]
        assert [] == smtp.accepted

    assert is_well is not found.is_wrong
    words = [answer.replace("{hello}", "jobs.shop.example") for answer in answers.values()]
    assert is_well or words[0] in found.found


async def test_a_password_that_the_mail_server_refuses_is_found(tmp_path: Path) -> None:
    """Before any mail waits for it."""
    async with SmtpEmulator(users={"shop": "secret"}) as smtp:
        settings = mail_settings(smtp, smtp_username="shop", smtp_password="wrong")
        (found,) = [each async for each in check_mail(Settings(state_dir=tmp_path, **settings))]
    assert found.is_wrong
    assert "5.7.8" in found.found


async def test_without_a_mail_server_that_is_said_and_nothing_is_wrong(tmp_path: Path) -> None:
    """Most who begin have none."""
    (found,) = [each async for each in check_mail(Settings(state_dir=tmp_path, smtp_port=1))]
    assert (False, True) == (found.is_wrong, found.is_notice)
    assert "MAINSPRING_SMTP_HOST is not set" in found.found


@pytest.mark.parametrize(("key", "is_well"), [("emulator", True), ("stranger", False)])
async def test_a_bucket_is_well_that_answers_to_our_key(key: str, is_well: bool, tmp_path: Path) -> None:
    """Nothing is written to it."""
    async with ObjectStoreEmulator() as store:
        settings = Settings(
            state_dir=tmp_path,
            media_store_url="s3://films",
            media_s3_endpoint=store.endpoint,
            media_s3_access_key=key,
            media_s3_secret_key=SecretStr("secret"),
        )
        (found,) = [each async for each in check_objects(settings)]
    assert is_well is found.is_well


async def test_a_disk_without_room_is_found(tmp_path: Path) -> None:
    """The folders need not be there yet."""
    settings = Settings(state_dir=tmp_path / "new" / "var")
    (full,) = [each async for each in check_disks(settings, least_free=1 << 60)]
    (roomy,) = [each async for each in check_disks(settings, least_free=1)]

    assert (True, True) == (full.is_wrong, roomy.is_well)
    assert "make room" in full.remedy
    assert roomy.found.endswith(
        "GB free for the state, the database, videos that are worked on, published videos"
    )
    assert not (tmp_path / "new").exists()


async def test_sealing_that_is_put_off_is_told_until_it_is_done(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """Who comes from 0.1 has to say that nothing of it runs any more."""
    settings = Settings(state_dir=tmp_path, database_url=sqlite_database.url.render_as_string())

    async def parts() -> dict[str, Finding]:
        return {each.part: each async for each in check_ledger(settings)}

    before = await parts()
    await sqlite_database.transact(
        lambda session: session.execute(insert(DataPassRow).values(name=UPGRADED, done_at=datetime.now(UTC)))
    )
    after_upgrade = (await parts())["sealing"]
    await begin_sealing(sqlite_database, datetime.now(UTC))

    assert (True, False) == (after_upgrade.is_notice, after_upgrade.is_well)
    assert "encryption reseal" in after_upgrade.remedy
    assert "sealing" not in {*before, *await parts()}


async def test_what_waits_for_a_person_is_told(sqlite_database: Database, tmp_path: Path) -> None:
    """Refused and missing keys are wrong; failures, used-up quotas and what fails are to be looked at."""
    settings = Settings(state_dir=tmp_path, database_url=sqlite_database.url.render_as_string())
    before = [each async for each in check_ledger(settings)]
    refused, waiting, keyless, failing = [await accepted(sqlite_database) for _ in range(4)]
    for each in (waiting, keyless, failing):
        await begin(sqlite_database, each)
    await wait_for_quota(sqlite_database, waiting)
    await wait_for_quota(sqlite_database, keyless, KEY_MISSING)
    error = FAILURE.model_copy(update={"error_type": "CredentialsRefused", "message": "wrong key"})
    await finish(sqlite_database, refused, TaskState.FAILED, error)
    full = FAILURE.model_copy(update={"at": datetime.now(UTC), "message": "No space left on device"})
    await sqlite_database.transact(lambda session: ErrorLog(session).append(failing, full))
    found = {each.part: each for each in [each async for each in check_ledger(settings)]}

    assert all(each.is_well for each in before)
    assert {"refused key", "missing key"} == {part for part, each in found.items() if each.is_wrong}
    assert {"failing tasks", "used-up quota", "failed tasks"} == {
        part for part, each in found.items() if each.is_notice and not each.is_well
    }
    assert "1 task: No space left on device" == found["failing tasks"].found
    assert "set MAINSPRING_JUSTTCG_API_KEY" in found["missing key"].found
    assert "1 task: wrong key" == found["refused key"].found
    assert "1 task: daily quota" == found["used-up quota"].found
