"""One message, as the API answers it."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from mainspring.emulators.claude.faults import ClaudeFault
from mainspring.emulators.claude.writing import answer_to

# About as many letters has a token.
LETTERS_OF_A_TOKEN = 4


def message_of(request: Mapping[str, Any], fault: ClaudeFault | None = None) -> dict[str, Any]:
    """Return the message that answers a request, or one that is of no use."""
    text = text_of(request)
    written = json.dumps(answer_to(text, _schema(request)), ensure_ascii=False)
    match fault:
        case ClaudeFault.REFUSAL:
            written, reason = "I can't help with that.", "refusal"
        case ClaudeFault.TRUNCATED:
            written, reason = written[: len(written) // 2], "max_tokens"
        case ClaudeFault.INVALID:
            written, reason = json.dumps({"answer": written}), "end_turn"
        case _:
            reason = "end_turn"
    asked = f"{request.get('system', '')}{text}{json.dumps(_schema(request))}"
    return {
        "id": f"msg_{uuid4().hex}",
        "type": "message",
        "role": "assistant",
        "model": request["model"],
        "content": [{"type": "text", "text": written}],
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {
            "input_tokens": len(asked) // LETTERS_OF_A_TOKEN,
            "output_tokens": max(1, len(written) // LETTERS_OF_A_TOKEN),
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        },
    }


def text_of(request: Mapping[str, Any]) -> str:
    """Return what the user says in a request."""
    contents = [each["content"] for each in request["messages"]]
    return "\n".join(each if isinstance(each, str) else json.dumps(each) for each in contents)


def _schema(request: Mapping[str, Any]) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = request.get("output_config", {}).get("format", {}).get("schema", {})
    return schema
