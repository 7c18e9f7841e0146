"""When two failures count as the same."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mainspring.domain.failures import fingerprint, normalised

WORDS = st.lists(
    st.sampled_from(["account", "refused", "the", "page", "can't", "be", "read", "and/or", "timed", "out:"]),
    min_size=1,
    max_size=6,
).map(" ".join)

# What names one case only, as messages have it: two of the same kind are the same failure.
VARYING = {
    "number": st.one_of(st.integers().map(str), st.floats(0, 1e6).map(lambda x: f"{x:,.2f}")),
    "uuid": st.uuids().map(str),
    "hex": st.integers(0x10_0000_0000, 2**160).map(lambda x: f"0x{x:040x}"),
    "quoted": st.text("abc 123/.-", max_size=12).map(lambda text: f"'{text}'"),
    "double quoted": st.text("abc 123/.-'", max_size=12).map(lambda text: f'"{text}"'),
    "url": st.text("abc123/?=&-", min_size=1, max_size=20).map(
        lambda path: f"https://shop.example:80/{path}z"
    ),
    "path": st.lists(st.text("abc123_-", min_size=1, max_size=8), min_size=1, max_size=4).map(
        lambda parts: "/" + "/".join(parts)
    ),
    "time": st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(  # noqa: DTZ001  # made aware below
        lambda moment: moment.replace(tzinfo=UTC).isoformat()
    ),
    "address": st.text("abc.x", min_size=1, max_size=8).map(lambda name: f"a{name}a@shop.example"),
}


@pytest.mark.parametrize("kind", VARYING)
def test_messages_that_differ_in_what_names_one_case_are_the_same_failure(kind: str) -> None:
    """A thousand failures of one cause are one row for the operator."""

    @given(before=WORDS, after=WORDS, one=VARYING[kind], other=VARYING[kind])
    def same(before: str, after: str, one: str, other: str) -> None:
        messages = [f"{before} {each} {after}" for each in (one, other)]
        assert 1 == len({fingerprint("job", "Refused", message) for message in messages}), messages

    same()


@given(st.text(max_size=300))
def test_no_digit_is_left_in_a_normalised_message(message: str) -> None:
    """Whatever the text is: a number never makes a group of its own. It is one line, too."""
    told = normalised(message)

    assert not any(character.isdecimal() for character in told)
    assert told == " ".join(told.split())


@given(WORDS, WORDS)
def test_different_words_are_different_failures(one: str, other: str) -> None:
    """What a message says in words is not thrown away."""
    same = fingerprint("job", "Refused", one) == fingerprint("job", "Refused", other)

    assert (one == other) == same


@pytest.mark.parametrize(
    "other", [("job-b", "Refused", "no"), ("job", "Away", "no"), ("job", "Refused", "on")]
)
def test_job_type_and_message_all_tell_failures_apart(other: tuple[str, str, str]) -> None:
    """The same message of another job is another thing to look into."""
    assert fingerprint("job", "Refused", "no") != fingerprint(*other)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("HTTP 500 from http://127.0.0.1:99/x?y=1: gone", "HTTP <number> from <url>: gone"),
        ("can't open '/a/b.mp4': don't", "can't open <value>: don't"),
        ("ffmpeg exited with 1: var/scratch/clip.mp4", "ffmpeg exited with <number>: <path>"),
        ("msg_01AbCdE9 took 4.2 s, -5 of 1,000", "<id> took <number> s, <number> of <number>"),
        ("at 2026-01-02T10:11:12.5+00:00 and 10:22", "at <time> and <time>"),
        ("two\n  lines", "two lines"),
        ("n/a and/or a 480p clip", "n/a and/or a <number>p clip"),
    ],
)
def test_a_normalised_message_can_still_be_read(message: str, expected: str) -> None:
    """It keeps its words and says what was taken out."""
    assert expected == normalised(message)


def test_a_very_long_message_is_normalised_in_no_time() -> None:
    """A program's whole output as a message must not hold up a worker."""
    messages = ("a" * 100_000, "a.-" * 40_000, "/a" * 50_000, "'" * 100_000, "1a_" * 40_000)

    assert sum(cpu_seconds(message) for message in messages) < 2


# Whatever a pattern may begin with, go on with, or fail at.
PIECES = st.sampled_from(["a", "1", "-", ".", "/", "@", ":", "+", "_", " ", "'", '"', "~", "\\", "é", "a-"])


@example(["a-"])
@example(["a@"])
@example(["a.b/"])
@example(["a-"] * 31 + ["/"])
@given(st.lists(PIECES, min_size=1, max_size=40))
def test_a_message_that_repeats_itself_is_normalised_in_no_time(pieces: list[str]) -> None:
    """No place of the text costs a look at all of the rest, which made 70 ms of CPU of "a-a-a-"."""
    message = "".join(pieces) * 2_000

    assert min(cpu_seconds(message) for _ in range(3)) < 0.04


def cpu_seconds(message: str) -> float:
    begun = time.thread_time()
    normalised(message)
    return time.thread_time() - begun
