"""URLs that hold secrets: a password before the host, or a query that signs.

A field marked with `HoldsSecrets` is sealed before the message goes to the database or to Temporal. What is
sealed is still a URL: without its password, and with a query that only this service can open.
"""

import re
from functools import cache
from urllib.parse import urlsplit

from pydantic import BaseModel

from mainspring.contracts.text import HIDDEN

# The one parameter of a sealed URL.
SEALED = "mainspring-sealed"

# The parameter begins with a tag, which stays when another key seals the URL.
TAG_LENGTH = 16
_AFTER_TAG = re.compile(rf"(\?{SEALED}=[\w-]{{{TAG_LENGTH}}})[\w.-]+")


class HoldsSecrets:
    """Marks a field of a message: `source: Annotated[str, HoldsSecrets()]`.

    Its activity opens the URL with `InputOpener`.
    """


def fields_with_secrets(message: type[BaseModel]) -> tuple[str, ...]:
    """Return the names of a message's fields that are marked."""
    return _marked_fields(message)


@cache
def _marked_fields(message: type[BaseModel]) -> tuple[str, ...]:
    return tuple(
        name
        for name, field in message.model_fields.items()
        if any(isinstance(mark, HoldsSecrets) for mark in field.metadata)
    )


def is_sealed(url: str) -> bool:
    """Whether a URL is sealed already."""
    return f"?{SEALED}=" in url


def lasting(text: str) -> str:
    """Return a text with its sealed URLs as they stay whichever key seals them: for hashes and names."""
    return _AFTER_TAG.sub(r"\1", text)


def split_secrets(url: str) -> tuple[str, list[str]] | None:
    """Return a web address without its secrets, and the secrets: what stands before the host, and the query.

    None: it has none. Names of objects and files have no query: there `?` is a character as any other.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    secrets, _, host = parts.netloc.rpartition("@")
    if parts.scheme.lower() not in {"http", "https"} or not (secrets or parts.query):
        return None
    return f"{parts.scheme}://{host}{parts.path}", [secrets, parts.query]


def hidden(url: str) -> str:
    """Return a URL with `***` for its secrets, which are lost."""
    found = None if is_sealed(url) else split_secrets(url)
    return url if found is None else f"{found[0]}?{HIDDEN}"
