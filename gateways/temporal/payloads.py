"""Values as Temporal's payloads, and back: what this service wrote is read leniently, all else strictly.

`Payloads` marks each JSON payload that it writes. Whoever starts a workflow by Temporal's own means
writes no mark.
"""

from functools import lru_cache
from typing import Any

from pydantic import BaseModel, TypeAdapter
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
)

# The payload's metadata field that says who wrote the payload. Other readers of Temporal skip the field.
WRITTEN_BY = "written-by"
OURS = b"mainspring"


class Undecodable(ValueError):
    """A payload cannot be read. A ValueError fails the workflow; any other error would be tried for ever."""


class _MarkedJson(PydanticJSONPlainPayloadConverter):
    """JSON that says who wrote it. Unknown fields of what a newer release wrote are left out."""

    def to_payload(self, value: Any) -> Payload | None:
        payload = super().to_payload(value)
        if payload is not None:
            payload.metadata[WRITTEN_BY] = OURS
        return payload

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        if type_hint is None or payload.metadata.get(WRITTEN_BY) != OURS:
            return super().from_payload(payload, type_hint)
        return _adapter(type_hint).validate_json(payload.data, extra="ignore")


@lru_cache(maxsize=1024)
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


class Payloads(CompositePayloadConverter):
    """As temporalio's own for pydantic, with `Undecodable` for whatever cannot be read."""

    def __init__(self) -> None:
        json = _MarkedJson()
        super().__init__(
            *(
                json if isinstance(converter, JSONPlainPayloadConverter) else converter
                for converter in DefaultPayloadConverter.default_encoding_payload_converters
            )
        )

    def from_payloads(self, payloads: Any, type_hints: list[type] | None = None) -> list[Any]:
        """Read payloads; Undecodable, or pydantic's ValidationError."""
        for number, payload in enumerate(payloads):
            hint = type_hints[number] if type_hints else None
            encoding = payload.metadata.get("encoding", b"")
            if _is_message(hint) and encoding != b"json/plain":
                raise Undecodable(f"{_encoding(encoding)} is not accepted: a JSON object is expected")
        try:
            return super().from_payloads(payloads, type_hints)
        except (KeyError, RuntimeError) as error:  # an unknown encoding, or bytes that are not of theirs
            raise Undecodable(f"a payload cannot be read: {error.args[0]}") from error


def _is_message(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, BaseModel)


def _encoding(encoding: bytes) -> str:
    return f"an input of encoding {encoding.decode(errors='replace')!r}"


def plain(value: Any) -> RawValue:
    """Return a value as others send it to Temporal: JSON without the mark."""
    payload = PydanticJSONPlainPayloadConverter().to_payload(value)
    assert payload is not None  # noqa: S101  # JSON takes any value
    return RawValue(payload)
