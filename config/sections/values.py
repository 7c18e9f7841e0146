"""What values of settings may be: an error says which would be accepted."""

import base64
import binascii
import re
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from mainspring.config.zones import zone_named
from mainspring.contracts.workspaces import check_workspace
from mainspring.gateways.urls import LAST_PORT, UrlRefused, host_of

ENCRYPTION_KEY_BYTES = 32  # AES-256


def _check_key(value: SecretStr) -> SecretStr:
    try:
        size = len(base64.b64decode(value.get_secret_value(), validate=True))
    except binascii.Error:
        size = None
    if size != ENCRYPTION_KEY_BYTES:
        raise ValueError(f"Input should be base64 of {ENCRYPTION_KEY_BYTES} bytes: openssl rand -base64 32")
    return value


def _check_database(value: str) -> str:
    if not value.startswith(("sqlite+aiosqlite:///", "postgresql+asyncpg://")):
        raise ValueError(
            "Input should be postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE or sqlite+aiosqlite:///PATH"
        )
    port = re.fullmatch(r"postgresql.*[@/][^/@]*:(\d+)(/[^@]*)?", value)
    if port is not None and not (len(port[1]) <= 5 and 0 < int(port[1]) <= LAST_PORT):  # noqa: PLR2004  # digits of it
        raise ValueError(f"Input should have a port from 1 to {LAST_PORT}")
    return value


def sqlite_address(file: Path) -> str:
    """Return the database URL of a file, whatever its name: `%` begins a code in a URL, `?` ends it."""
    return f"sqlite+aiosqlite:///{str(file).replace('%', '%25').replace('?', '%3F')}"


def _matching(pattern: str, accepted: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not re.match(pattern, value):
            raise ValueError(f"Input should be {accepted}")
        return value

    return check


def _check_web_url(value: str) -> str:
    try:
        host_of(value)
    except UrlRefused:
        raise ValueError("Input should be http://HOST/… or https://HOST/…") from None
    return value


def _check_origin(value: str) -> str:
    origin = value.lower().removesuffix("/")
    try:
        host_of(origin)
    except UrlRefused:
        origin = ""
    if not re.fullmatch(r"https?://[^/?#@]+", origin):
        raise ValueError("Input should be origins such as https://shop.example, separated by commas")
    return origin


def _check_network(value: str) -> str:
    try:
        return str(ip_network(value, strict=False))
    except ValueError:
        raise ValueError(
            "Input should be addresses and networks such as 10.0.0.7 or 10.0.0.0/8, separated by commas"
        ) from None


def _check_zone(value: str) -> str:
    zone_named(value)
    return value


def _check_workspace(value: str) -> str:
    try:
        return check_workspace(value)
    except ValueError as error:
        raise ValueError(f"Input should be {error}") from None


Key = Annotated[SecretStr, AfterValidator(_check_key)]
Port = Annotated[int, Field(ge=0, le=65535)]
DatabaseUrl = Annotated[str, AfterValidator(_check_database)]
StoreUrl = Annotated[
    str, AfterValidator(_matching("s3://[^/]|file:///", "s3://BUCKET, s3://BUCKET/PREFIX or file:///FOLDER"))
]
WebUrl = Annotated[str, AfterValidator(_check_web_url)]
# Of several, separated by commas, each by itself.
Separated = BeforeValidator(
    lambda value: value.replace(",", " ").split() if isinstance(value, str) else value
)
Names = Annotated[tuple[str, ...], NoDecode, Separated]
KeyList = Annotated[tuple[Key, ...], NoDecode, Separated]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_check_origin)], ...], NoDecode, Separated]
Networks = Annotated[tuple[Annotated[str, AfterValidator(_check_network)], ...], NoDecode, Separated]
Zone = Annotated[str, AfterValidator(_check_zone)]
Workspace = Annotated[str, AfterValidator(_check_workspace)]
Lowercase = BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value)
