"""Inputs of jobs as they are typed: JSON, or a file of it."""

import json
from pathlib import Path
from typing import Any

from mainspring.client.errors import BadInput
from mainspring.contracts.tasks import JsonObject


def json_object(argument: str) -> JsonObject:
    """Return the object that JSON, or @ and the name of a file, says; BadInput when there is none."""
    try:
        text = Path(argument[1:]).read_text(encoding="utf-8") if argument.startswith("@") else argument
        fields: Any = json.loads(text)
    except (OSError, ValueError) as error:
        raise BadInput(
            f"--input: {argument!r} is not JSON, nor @ and the name of a JSON file: {error}"
        ) from None
    if not isinstance(fields, dict):
        raise BadInput(f"--input: {argument!r} is not accepted: a JSON object with the job's fields")
    return fields
