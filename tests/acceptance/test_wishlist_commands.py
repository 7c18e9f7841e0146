"""`mainspring wishlists` and `mainspring effects`, as a user has them."""

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from mainspring.contracts.effects import EffectState, OnUnknown
from mainspring.contracts.people import User
from mainspring.contracts.tasks import FinishTask, NewTask, TaskError, TaskFilter, TaskState
from mainspring.contracts.wishlist import SEND_NOTIFICATIONS, NotificationKind
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.domain.unsubscribe import UnsubscribeScope, Unsubscribing, make_token
from mainspring.domain.wishlist import Due
from mainspring.storage.database import Database, Session
from mainspring.storage.effects import EffectQueries, EffectResult, EffectStore, NewEffect
from mainspring.storage.ledger import TaskIntake, TaskWriter, WorkspaceTasks
from mainspring.storage.people import UserRepository
from mainspring.storage.wishlist import CheckRepository, MailRepository, PlanRepository
from tests.acceptance.command_line import CommandLine

PROJECT = Path(__file__).parents[2]
PAGE = PROJECT / "docs" / "wishlists.md"
EXAMPLE = re.compile(r"^`(examples/shop/\w+\.(?:csv|json))`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KEY = b"a key of the service, 32 bytes.."


@pytest.fixture
def mainspring(command_line: CommandLine, sqlite_database: Database) -> CommandLine:
    """Give the command line on the test's database; no Temporal can be reached."""
    return command_line.setting(
        MAINSPRING_DATABASE_URL=str(sqlite_database.url),
        MAINSPRING_ENCRYPTION_KEY=base64.b64encode(KEY).decode(),
        TEMPORAL_ADDRESS="127.0.0.1:1",
    )


def file(folder: Path, name: str, content: str) -> str:
    """Write a file and return its name."""
    path = folder / name
    path.write_text(content)
    return str(path)


def test_the_examples_of_the_page_load(mainspring: CommandLine) -> None:
    """What docs/wishlists.md shows is in the files that it names, and is accepted as it stands."""
    shown_as = dict(EXAMPLE.findall(PAGE.read_text()))
    files = {
        name: PROJECT / "examples" / "shop" / name for name in ("products.csv", "users.json", "wishes.csv")
    }
    assert {str(path.relative_to(PROJECT)): path.read_text() for path in files.values()} == shown_as

    for path in files.values():
        assert "2 loaded, 0 bad" == mainspring.succeed("wishlists", f"import-{path.stem}", str(path))
    shown = mainspring.json("wishlists", "show")
    assert (2, 2, 2) == (shown["products"], shown["users"], shown["wishes"])


def test_commands_work_in_the_workspace_that_is_named(mainspring: CommandLine, tmp_path: Path) -> None:
    """By an option of the program, or by a variable; another workspace has nothing of it."""
    users = file(tmp_path, "users.json", '[{"id": "anna", "email": "anna@example.org"}]')
    mainspring.succeed("--workspace", "shop-7", "wishlists", "import-users", users)

    named = mainspring.setting(MAINSPRING_WORKSPACE="shop-7")
    assert 1 == named.json("wishlists", "show")["users"]
    assert 0 == mainspring.json("wishlists", "show")["users"]
    assert 0 == named.json("--workspace", "default", "wishlists", "show")["users"]
    refused = mainspring.run("--workspace", " ", "wishlists", "show")
    assert (2, True) == (refused.code, refused.err.startswith('error: --workspace: " " is not accepted: '))


def test_bad_entries_are_reported_by_line_and_good_ones_loaded(
    mainspring: CommandLine, tmp_path: Path
) -> None:
    """Exit code 2, and on standard error what is wrong with each."""
    users = [{"id": "anna", "email": "anna@example.org"}, {"id": "bo", "email": "bo"}]
    one = mainspring.run(
        "wishlists", "import-users", file(tmp_path, "users.json", json.dumps(users).replace("}, {", "},\n{"))
    )
    wishes = file(tmp_path, "wishes.csv", "user_id,product_id\nanna,\nanna,lamp\neve,lamp\n")
    other = mainspring.run("wishlists", "import-wishes", wishes)

    assert (2, "1 loaded, 1 bad\n") == (one.code, one.out)
    assert (
        f"{tmp_path / 'users.json'}:2: entry 2 (bo): email: 'bo' is not accepted: an e-mail address"
        in one.err
    )
    assert (2, "0 loaded, 3 bad\n") == (other.code, other.out)
    no_lamp = "product_id: 'lamp' is not accepted: a product that was imported"
    assert [
        f"{wishes}:2: product_id: is missing",
        f"{wishes}:3: {no_lamp}",
        f"{wishes}:4: {no_lamp}; user_id: 'eve' is not accepted: a user that was imported",
    ] == other.err.splitlines()


async def test_a_wish_is_removed_and_a_user_unsubscribed(
    mainspring: CommandLine, sqlite_database: Database
) -> None:
    """By the whole link, as it stands in a mail; another link is bad input."""
    anna = User(id="anna", email="anna@example.org")
    await sqlite_database.transact(
        lambda session: UserRepository(session, DEFAULT_WORKSPACE).store([anna], now=datetime.now(UTC))
    )
    token = make_token(Unsubscribing("anna", UnsubscribeScope.ALL), KEY)
    forged = make_token(Unsubscribing("anna", UnsubscribeScope.ALL), KEY[::-1])

    said = mainspring.succeed("wishlists", "unsubscribe", f"<https://shop.example/unsubscribe/{token}>")
    refused = mainspring.run("wishlists", "unsubscribe", forged)
    removed = mainspring.run("wishlists", "remove", "anna", "lamp")

    assert "anna: alerts are off" == said
    assert (2, True) == (refused.code, "was not signed with this key" in refused.err)
    assert (2, "anna has no wish for lamp\n") == (removed.code, removed.out)


async def test_what_became_of_notifications_is_counted(
    mainspring: CommandLine, sqlite_database: Database
) -> None:
    """By state and reason; and until when the next mail waits."""
    tomorrow = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    await _notify(sqlite_database, "anna", starts_at=tomorrow)
    sent = await _notify(sqlite_database, "bo")
    await _notify(sqlite_database, "cleo", skipped="sale-ended")
    await sqlite_database.transact(
        lambda session: EffectStore(session).acknowledge(
            [EffectResult(sent, EffectState.SENT)], now=datetime.now(UTC)
        )
    )
    await sqlite_database.transact(
        lambda session: MailRepository(session).settle_mails([sent], "sent", now=datetime.now(UTC))
    )

    shown = mainspring.json("wishlists", "show")
    said = mainspring.succeed("wishlists", "show")

    assert {"due": 1, "sent": 1, "failed": 0, "skipped": 1} == shown["notifications"]
    assert {"sale-ended": 1} == shown["skipped"]
    assert {"waiting": 1, "next_at": tomorrow.isoformat()} == shown["mails"]
    assert re.search(r"sale-ended +1 *\n", said)
    assert "mails that wait: 1, the next one " in said


async def test_effects_are_listed_shown_and_decided_about(
    mainspring: CommandLine, sqlite_database: Database
) -> None:
    """By the beginning of their ids; what is to be sent again has a task that waits."""
    arrived, lost = [await _notify(sqlite_database, owner) for owner in ("anna", "bo")]
    await _lose(sqlite_database, arrived, lost)

    listed = mainspring.json("effects", "list", "--state", "unknown")
    shown = mainspring.succeed("effects", "show", str(arrived)[:8])
    marked = mainspring.succeed("effects", "mark-sent", str(arrived)[:8])
    again = mainspring.succeed("effects", "send-again", str(lost))

    assert ({"unknown": 2}, 2) == (listed["counts"], len(listed["effects"]))
    assert all(each in shown for each in ("anna@example.org", f"<{arrived}@shop>", "AnswerLost"))
    assert f"it may have arrived: effects mark-sent {str(arrived)[:8]}" in shown
    assert (f"{arrived}: sent", f"{lost}: is sent again as <{lost}@shop>") == (marked, again)
    waiting = await sqlite_database.read(
        lambda session: WorkspaceTasks(session, DEFAULT_WORKSPACE).find(
            TaskFilter(states=frozenset({TaskState.QUEUED}))
        )
    )
    assert [str(lost)] == [each.input["effect_id"] for each in waiting]


async def _notify(
    database: Database, owner: str, *, starts_at: datetime | None = None, skipped: str | None = None
) -> UUID:
    """Plan a mail as a check does, and return it."""
    effect_id, task_id, now = uuid4(), uuid4(), datetime.now(UTC)
    due = Due(owner, "lamp", NotificationKind.SALE, 1, 5_000, 10_000)
    effect = NewEffect(
        workspace=DEFAULT_WORKSPACE,
        id=effect_id,
        kind="wishlist-mail",
        dedupe_key=str(effect_id),
        owner=owner,
        reference=f"<{effect_id}@shop>",
        recipient=f"{owner}@example.org",
        task_id=task_id,
        on_unknown=OnUnknown.HOLD,
    )
    task = NewTask(
        id=task_id,
        job=SEND_NOTIFICATIONS,
        workflow_id="drain",
        dedupe_key=None,
        input={"effect_id": str(effect_id)},
        is_pooled=True,
        starts_at=starts_at,
    )

    async def write(session: Session) -> None:
        await CheckRepository(session, NotificationKind.SALE, DEFAULT_WORKSPACE).write_due(
            [due], min_stock=1, now=now
        )
        if skipped is not None:
            await PlanRepository(session, DEFAULT_WORKSPACE).give_up([owner], skipped, now=now)
            return
        await EffectStore(session).intend([effect], now=now)
        await TaskIntake(session).enqueue([task], now=now)
        await PlanRepository(session, DEFAULT_WORKSPACE).take_up({owner: effect_id})

    await database.transact(write)
    return effect_id


async def _lose(database: Database, *effect_ids: UUID) -> None:
    """Lose the answers to these, so that their tasks fail."""
    now = datetime.now(UTC)

    async def write(session: Session) -> None:
        lost = [EffectResult(each, EffectState.UNKNOWN, "AnswerLost: gone") for each in effect_ids]
        await EffectStore(session).acknowledge(lost, now=now)
        for each in effect_ids:
            error = TaskError(at=now, step="send", error_type="EffectHeld", message="held")
            task_id = (await EffectQueries(session).get(each)).task_id
            await TaskWriter(session).finish(
                FinishTask(task_id=task_id, state=TaskState.FAILED, error=error), now=now
            )

    await database.transact(write)
