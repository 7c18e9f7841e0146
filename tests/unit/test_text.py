"""Text from outside, on its way to the database, Temporal, the log and the terminal."""

import io
import logging
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import ApplicationError

from mainspring.activities.runtime.retry import Attempts, to_failure
from mainspring.cli.output import Terminal, table_of
from mainspring.config.logs import configure_logs
from mainspring.config.settings import Settings
from mainspring.contracts.tasks import TaskError
from mainspring.contracts.text import LONGEST_ERROR, LONGEST_STACK, printable, readable
from mainspring.gateways.errors import CredentialsRefused
from mainspring.gateways.temporal.converter import data_converter

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HALF = "Pikachu \ud83d"
CLEARS = "no such game \x1b[2J\x1b]0;a new title\x07 \x9b2J \u202e"


def sent(error: BaseException) -> Failure:
    """Return the failure that Temporal gets, after the way over the wire."""
    failure = Failure()
    data_converter.failure_converter.to_failure(error, data_converter.payload_converter, failure)
    return Failure.FromString(failure.SerializeToString())


def test_a_long_error_is_cut_and_says_so() -> None:
    """Its beginning tells most."""
    assert "short" == readable("short")
    assert "x" * LONGEST_ERROR + "… (7 more characters)" == readable("x" * (LONGEST_ERROR + 7))


@given(st.text(st.characters(), max_size=60), st.integers(1, 70))
def test_readable_text_is_left_alone(text: str, most: int) -> None:
    """A text passes several doors; the first of them does all. Each result can be encoded."""
    told = readable(text, most)
    assert told == readable(told, most)
    told.encode()


@pytest.mark.parametrize(
    "part", ["token", "?token", "&a", "?", ";token=", "://", "://a", "http://a:b", "?key=a@", "[0m\x1b"]
)
def test_a_longer_text_takes_time_in_proportion(part: str) -> None:
    """Whatever stands in it. Eight times the text would take 64 times as long if each part met each."""

    def taken(repeats: int) -> float:
        text = "://?" + part * repeats
        begun = time.thread_time()
        readable(text)
        return time.thread_time() - begun

    assert min(taken(8_000) for _ in range(3)) < 30 * min(taken(1_000) for _ in range(3))


def test_half_a_character_does_not_keep_a_failure_from_temporal() -> None:
    """Neither in the failure, nor in its cause, nor in a failure that a job has made itself."""
    cause = CredentialsRefused(HALF, service="JustTCG")
    failure = to_failure(cause, Attempts(), NOW)
    failure.__cause__ = ValueError(HALF)
    own = ApplicationError(HALF, {"n": 1}, type="Own", non_retryable=True)

    assert failure.non_retryable
    assert "Pikachu \ufffd" in sent(failure).message
    assert "Pikachu \ufffd" == sent(failure).cause.message
    assert ("Pikachu \ufffd", "Own") == (sent(own).message, sent(own).application_failure_info.type)
    assert sent(own).application_failure_info.non_retryable
    assert sent(own).application_failure_info.details.payloads


def test_what_is_long_is_cut_on_its_way_to_temporal() -> None:
    """A failure that is larger than a message would never be told."""
    error = ValueError("x" * 3_000_000)
    error.__cause__ = ValueError("y" * 3_000_000)
    assert sent(error).ByteSize() < 50_000


def test_every_entry_of_the_error_log_is_readable_and_short() -> None:
    """Whoever made it: an activity, a workflow, or a batched queue; what is read back is the same."""
    entry = TaskError(
        at=NOW, step="s" + HALF, error_type="X", message=CLEARS * 2_000, stack="a\nb\t" + "z" * 90_000
    )
    assert len(entry.message) < LONGEST_ERROR + 100
    assert len(entry.stack) < LONGEST_STACK + 100
    assert entry.stack.startswith("a\nb\t")
    assert entry.step.encode()
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(entry.message)
    assert entry == TaskError.model_validate_json(entry.model_dump_json())


def test_the_terminal_shows_control_characters_instead_of_obeying_them() -> None:
    """In lines and in tables; a newline stays one."""
    written = io.StringIO()
    terminal = Terminal(file=written, width=200, highlight=False)
    terminal.print(CLEARS + "\nnext")
    terminal.print(table_of(["name", CLEARS], [["ada\x1b[31m", CLEARS]], title=CLEARS))

    assert "␛[2J␛]0;a new title␇" in written.getvalue()
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(written.getvalue())
    assert "tab\tand\nline" == printable("tab\tand\r\nline")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_the_log_does_not_steer_the_terminal(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither by our records nor by those of a library."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        configure_logs(Settings.model_validate({"log_format": log_format}))
        logging.getLogger("a.library").warning("%s", CLEARS)
    finally:
        root.handlers, root.level = handlers, level
    written = capsys.readouterr().err
    assert "no such game" in written
    assert not {"\x1b", "\x07", "\x9b"} & set(written.replace("\x1b[0m", ""))
