"""What may be declared as a schedule, and how it is told."""

from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.client import ScheduleState

from mainspring.client.schedules import SCHEDULES, BadDeclaration, Cron, Every, Pause
from mainspring.client.schedules.pauses import paused, switched
from mainspring.client.schedules.rows import declared
from mainspring.config.settings import Settings
from mainspring.contracts.tasks import RelayTasks
from tests.scheduled import row

NEW_YORK = Settings()
ROWS = {row.id: row for row in SCHEDULES}
WISHLIST_SALE_CHECK, WISHLIST_STOCK_CHECK = ROWS["wishlist-sale-check"], ROWS["wishlist-stock-check"]

# What is in the memo of an installation's schedules: a release that says the same has to leave them alone.
DECLARED_BEFORE = {
    "relay-tasks": "4de211ba10eafbe2af5a0db53a3ec1114027a3d5a9998a4ebe851f54dc5fa879",
    "reconcile-tasks": "18aaf8657d892c89564a31385f401bb5e9be477f836298a31b6f758d61a05ca3",
    "refresh-due-accounts": "bf98b03d84088b92de6c91373da43fa5ad648259c508a50a823f0f7e8c5c55f4",
    "sweep-scratch": "5cb8ff231a15845b93cdb9a161156e30a7dfb3be488a65e91effaac0c00c0f42",
    "wishlist-sale-check": "0acc7470a0759ae7d63c369e6ffcd6fbd7af12cbc7a80255f7fa7243ea605bce",
    "wishlist-stock-check": "bfb67230389fc8b4dcd9ff4e02e284f8abe8e7eb7df4d0930f495249a23fc213",
}


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("hello", "five fields are needed"),
        ("0 0 * * * *", "five fields are needed"),
        ("61 * * * *", "minute '61' is not"),
        ("0 24 * * *", "hour '24' is not"),
        ("0 0 0 * *", "day of the month '0' is not"),
        ("0 0 * dez *", "month 'dez' is not"),
        ("*/0 * * * *", "minute '\\*/0' is not"),
        ("0 17-9 * * *", "hour '17-9' is not"),
        ("0,x * * * *", "minute 'x' is not"),
        ("@hourly", "five fields are needed"),
        ("0 0 1 * mon", "a day of the month or of the week, not both"),
    ],
)
def test_a_bad_cron_is_an_error_that_names_the_field(expression: str, complaint: str) -> None:
    """It is found when the table is imported, not by a server at night."""
    with pytest.raises(BadDeclaration, match=complaint):
        Cron(expression)


@pytest.mark.parametrize(
    "expression", ["0 * * * *", "*/30 * * * *", "5,35 9-17/2 * jan-MAR Mon", "0 3 1 * *", "0 0 * * 7"]
)
def test_a_good_cron_is_taken_as_it_is(expression: str) -> None:
    """Steps, ranges, lists and names are what Temporal takes, too."""
    assert expression == Cron(expression).words()


@pytest.mark.parametrize("expression", ["0 9 30 2 *", "0 9 31 4 *", "0 9 31 feb,APR,6-9/3 *", "0 0 30/1 2 *"])
def test_a_cron_of_a_day_that_no_year_has_is_refused(expression: str) -> None:
    """Temporal would take it, and nobody would be told that it never fires."""
    with pytest.raises(BadDeclaration, match="never fires"):
        Cron(expression)


@pytest.mark.parametrize(
    "expression", ["0 9 29 2 *", "0 9 31 * *", "0 9 30,1 2 *", "0 9 30 2-3 *", "0 9 */30 2 *"]
)
def test_a_cron_of_a_day_that_some_year_has_is_taken(expression: str) -> None:
    """Leap days, and months that have the day beside others that do not, fire."""
    assert expression == Cron(expression).words()


@pytest.mark.parametrize(
    ("interval", "offset"),
    [(timedelta(0), timedelta(0)), (timedelta(seconds=1.5), timedelta(0)), (timedelta(1), timedelta(1))],
)
def test_an_interval_is_of_whole_seconds_and_longer_than_its_offset(
    interval: timedelta, offset: timedelta
) -> None:
    """Temporal would refuse it when the worker starts."""
    with pytest.raises(BadDeclaration):
        Every(interval, offset)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"zone": "Mars/Base"}, "schedule bad: 'Mars/Base' is not an IANA time zone"),
        ({"zone": "America"}, "schedule bad: 'America' is not an IANA time zone"),
        ({"zone_setting": "wishlist_timezon"}, "zone_setting: 'wishlist_timezon' is no setting of type str"),
        ({"enabled_setting": "wishlist_timezone"}, "'wishlist_timezone' is no setting of type bool"),
        ({"catchup": timedelta(seconds=9)}, "catch-up window"),
        ({"jitter": timedelta(seconds=-1)}, "jitter"),
    ],
)
def test_a_row_that_cannot_work_is_an_error_that_names_it(wrong: dict[str, object], complaint: str) -> None:
    """Zone, settings and times are checked when the row is made."""
    with pytest.raises(BadDeclaration, match=complaint):
        row("bad", Cron("0 * * * *"), **wrong)


def test_a_table_has_only_jobs_of_the_catalogue_with_their_inputs() -> None:
    """A schedule of a job that is not there, or has a batched queue, would fail at each firing."""
    good = ROWS["relay-tasks"]
    for wrong, complaint in (
        (
            replace(good, job="relay-task"),
            "schedule relay-tasks: no job of the catalogue is called 'relay-task'",
        ),
        (replace(good, job="deliver-webhook"), "deliver-webhook has a batched queue"),
        (replace(good, job="sweep-scratch"), "sweep-scratch takes SweepScratch"),
    ):
        with pytest.raises(BadDeclaration, match=complaint):
            declared(wrong)
    with pytest.raises(BadDeclaration, match="schedule relay-tasks: declared twice"):
        declared(good, good)
    assert isinstance(good.input, RelayTasks)


def test_every_row_has_a_zone_a_timeout_and_words_for_people() -> None:
    """A run that hangs does not hold back the next ones for ever."""
    names = ("relay-tasks", "reconcile-tasks", "refresh-due-accounts", "sweep-scratch")
    said = [ROWS[name].words() for name in names]
    assert ["every 1 min", "every 5 min", "every 1 h", "every 1 d"] == said
    assert "every 1 h + 7 min" == Every(timedelta(hours=1), timedelta(minutes=7)).words()
    for each in (WISHLIST_SALE_CHECK, WISHLIST_STOCK_CHECK):
        assert each.words().endswith("UTC")
        assert each.as_set(NEW_YORK).words().endswith("* * * * America/New_York")


def test_what_an_earlier_release_declared_is_declared_still() -> None:
    """A running installation sees no change: the ids and the hashes in its schedules' memos are the same."""
    declared_now = {row.id: row.as_set(NEW_YORK).declaration("mainspring") for row in SCHEDULES}

    assert DECLARED_BEFORE == {name: declared_now[name] for name in DECLARED_BEFORE}


def test_the_declaration_changes_with_everything_that_a_run_depends_on() -> None:
    """What is declared differently is brought to Temporal; a switch alone is not a difference."""
    good = WISHLIST_SALE_CHECK
    changes: list[dict[str, object]] = [
        {"zone": "Europe/Berlin"},
        {"when": Cron("1 * * * *")},
        {"when": Every(timedelta(hours=1))},
        {"jitter": timedelta(seconds=5)},
        {"catchup": timedelta(hours=1)},
        {"timeout": timedelta(hours=1)},
    ]
    hashes = [replace(good, **change).declaration("q") for change in changes]  # type: ignore[arg-type]
    assert len(changes) + 2 == len({*hashes, good.declaration("q"), good.declaration("other")})
    off = good.as_set(Settings(wishlist_sale_check_enabled=False))
    assert "WISHLIST_SALE_CHECK_ENABLED" == off.switched_off_by
    assert off.declaration("q") == good.as_set(NEW_YORK).declaration("q")


@pytest.mark.parametrize(
    ("note", "pause"),
    [
        ("paused by alice: stock: taking", Pause("alice", "stock: taking")),
        ("switched off by A_B", Pause(switch="A_B")),
        ("paused by alice: x; switched off by A_B", Pause("alice", "x", "A_B")),
        ("by hand in the web page", Pause(None, "by hand in the web page")),
    ],
)
def test_a_note_says_who_holds_a_schedule(note: str, pause: Pause) -> None:
    """It is read by people in Temporal's page, and by this program."""
    assert pause == Pause.of(ScheduleState(note=note, paused=True))
    assert note == pause.note()
    assert Pause.of(ScheduleState(note=note, paused=False)) is None


def test_a_pause_without_a_note_is_an_operators() -> None:
    """No sync takes it away."""
    silent = ScheduleState(paused=True)
    assert Pause(None, "paused") == Pause.of(silent)
    off = switched(silent, "A_B")
    assert (True, "paused") == ((back := switched(off, None)).paused, back.note)


def test_a_switch_and_an_operator_hold_a_schedule_beside_each_other() -> None:
    """Whichever comes first, each goes alone."""
    off = switched(ScheduleState(), "A_B")
    both = ScheduleState(note=paused(off, "ops: alice", "stocktaking"), paused=True)

    assert "paused by ops alice: stocktaking; switched off by A_B" == both.note
    assert (True, "paused by ops alice: stocktaking") == ((on := switched(both, None)).paused, on.note)
    assert (False, "switched on by A_B") == ((free := switched(off, None)).paused, free.note)
    assert both is switched(both, "A_B")
