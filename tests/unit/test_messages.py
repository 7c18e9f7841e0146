"""Two releases read each other: what this service wrote is read leniently, what comes from outside is not."""

import importlib
import pkgutil

import pytest
from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter

from mainspring import contracts
from mainspring.contracts.message import Message
from mainspring.gateways.temporal.converter import data_converter
from mainspring.gateways.temporal.payloads import Undecodable

UNKNOWN = "field_of_a_newer_release"

OUTSIDE, OURS = pydantic_data_converter.payload_converter, data_converter.payload_converter


def every_message(root: type[Message] = Message) -> set[type[Message]]:
    """Return every message type that contracts/ declares."""
    for module in pkgutil.walk_packages(contracts.__path__, f"{contracts.__name__}."):
        importlib.import_module(module.name)
    below = {each for kind in root.__subclasses__() for each in {kind} | every_message(kind)}
    return {each for each in below if each.__module__.startswith(contracts.__name__)}


MESSAGES = sorted(every_message(), key=lambda kind: kind.__qualname__)


class Inner(Message):
    """A message within another one."""

    number: int


class Older(Message):
    """A message as the older release has it."""

    inner: Inner
    several: tuple[Inner, ...] = ()


NEWER = {"inner": {"number": 1, UNKNOWN: 1}, "several": [{"number": 2, UNKNOWN: {}}], UNKNOWN: "new"}


def complaints(kind: type[Message], payload: Payload) -> list[tuple[str, tuple[int | str, ...]]]:
    try:
        OURS.from_payloads([payload], [kind])
    except ValidationError as error:
        return [(each["type"], each["loc"]) for each in error.errors()]
    return []


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_every_message_type_is_read_by_who_wrote_it(kind: type[Message]) -> None:
    """A field that a newer release has added is no fault in what we wrote, and is named in a raw start."""
    fault = ("extra_forbidden", (UNKNOWN,))
    is_open = kind.model_config.get("extra") == "ignore"  # a row of somebody's file may have further columns

    ours = complaints(kind, OURS.to_payloads([{UNKNOWN: 1}])[0])
    raw = complaints(kind, OUTSIDE.to_payloads([{UNKNOWN: 1}])[0])

    assert fault not in ours
    assert is_open is (fault not in raw)


def test_messages_within_messages_are_read_by_the_same_rule() -> None:
    """The mark is the whole payload's."""
    older = Older(inner=Inner(number=1), several=(Inner(number=2),))

    assert [older] == OURS.from_payloads(OURS.to_payloads([NEWER]), [Older])
    assert older == Older.restore(NEWER)
    with pytest.raises(ValidationError, match=rf"several\.0\.{UNKNOWN}"):
        OURS.from_payloads(OUTSIDE.to_payloads([NEWER]), [Older])
    with pytest.raises(ValidationError, match=UNKNOWN):
        Older.model_validate(NEWER)


def test_a_release_without_the_mark_reads_what_is_marked() -> None:
    """The release before this one looks at nothing but the encoding."""
    older = Older(inner=Inner(number=1))

    assert [older] == OUTSIDE.from_payloads(OURS.to_payloads([older]), [Older])
    assert [older] == OURS.from_payloads(OUTSIDE.to_payloads([older]), [Older])


@pytest.mark.parametrize(
    "payload",
    [
        Payload(metadata={"encoding": b"binary/encrypted"}, data=b"\xff\x00"),
        Payload(metadata={"encoding": b"binary/plain"}, data=b"\xff"),
        Payload(metadata={"encoding": b"binary/null"}),
        Payload(metadata={"encoding": b"json/protobuf", "messageType": b"no.Such"}, data=b"{}"),
        Payload(metadata={"encoding": b"\xff"}, data=b"{}"),
        Payload(data=b"{}"),
        Payload(metadata={"encoding": b"json/plain"}, data=b"[" * 200_000),
        Payload(metadata={"encoding": b"json/plain"}, data=b'{"inner"'),
    ],
    ids=["encrypted", "bytes", "nothing", "protobuf", "odd name", "no name", "nested", "cut off"],
)
def test_what_cannot_be_read_is_a_value_error(payload: Payload) -> None:
    """So the workflow fails at once, and says why; any other error would be a task that is tried for ever."""
    with pytest.raises(ValueError, match=r"is not accepted|Invalid JSON") as refused:
        OURS.from_payloads([payload], [Older])

    assert isinstance(refused.value, Undecodable | ValidationError)


def test_what_no_message_is_expected_in_is_undecodable_too() -> None:
    """A memo of somebody's own, or a second argument."""
    with pytest.raises(Undecodable, match="cannot be read"):
        OURS.from_payloads([Payload(metadata={"encoding": b"binary/encrypted"})])
