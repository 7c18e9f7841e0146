"""The service account that pushes are sent with, and the access tokens that Google gives for it.

https://developers.google.com/identity/protocols/oauth2/service-account, read in November 2026.
"""

import asyncio
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

from mainspring.gateways.errors import NotSent, ServerFault
from mainspring.gateways.json_body import read_json
from mainspring.gateways.push.errors import SERVICE, AccountRefused

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

# How long an assertion holds; Google takes an hour at most.
ASSERTION_SECONDS = 3600

# A token is asked for again so long before its end: what is under way has time to arrive.
RENEWED_BEFORE_SECONDS = 300

DETAIL_LENGTH = 200


@dataclass(frozen=True)
class ServiceAccount:
    """What the file of a service account says, as Google's console gives it."""

    project_id: str
    client_email: str
    private_key: str
    token_uri: str

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the account in a file.

        Raises AccountRefused: when the file cannot be read, or is that of no service account.
        """
        try:
            said = json.loads(path.read_bytes())
            return cls(**{name: str(said[name]) for name in cls.__dataclass_fields__})
        except (OSError, ValueError, LookupError, TypeError) as error:
            detail = f"{path} is not the file of a service account: {type(error).__name__}: {error}"
            raise AccountRefused(detail, service=SERVICE) from error

    def assertion(self, now: int) -> str:
        """Return the signed claim for which Google gives an access token.

        Raises AccountRefused: when the private key is none.
        """
        # Loaded when the first push is sent: it takes a tenth of a second.
        from google.auth import crypt, jwt  # noqa: PLC0415

        claims = {
            "iss": self.client_email,
            "scope": SCOPE,
            "aud": self.token_uri,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        }
        try:
            signer = crypt.RSASigner.from_string(self.private_key)  # type: ignore[no-untyped-call]  # their types
            signed: bytes = jwt.encode(signer, claims)  # type: ignore[no-untyped-call]  # the same
        except (ValueError, TypeError) as error:
            raise AccountRefused(f"the private key cannot be used: {error}", service=SERVICE) from error
        return signed.decode()


class AccessTokens:
    """The access token of an account, asked for when there is none that holds."""

    def __init__(self, http: httpx.AsyncClient, path: Path | None) -> None:
        self._http = http
        self._path = path
        self._asking = asyncio.Lock()
        self._token = ""
        self._ends = 0.0
        self._project = ""

    async def current(self) -> tuple[str, str]:
        """Return the project and a token that holds.

        Raises AccountRefused, NotSent or ServerFault: nothing was pushed then.
        """
        async with self._asking:
            if time.monotonic() >= self._ends:
                await self._renew()
            return self._project, self._token

    def forget(self) -> None:
        """Ask for another token next time: this one was not accepted."""
        self._ends = 0.0

    async def _renew(self) -> None:
        if self._path is None:
            raise AccountRefused("MAINSPRING_PUSH_SERVICE_ACCOUNT is not set", service=SERVICE)
        # Read each time, so that a file that was mended is heeded.
        account = await asyncio.to_thread(ServiceAccount.read, self._path)
        assertion = await asyncio.to_thread(account.assertion, int(time.time()))
        form = {"grant_type": GRANT, "assertion": assertion}
        try:
            answer = await self._http.post(account.token_uri, data=form)
        except httpx.HTTPError as error:
            raise NotSent(f"{account.token_uri}: {type(error).__name__}: {error}", service=SERVICE) from error
        detail = answer.text[:DETAIL_LENGTH]
        if answer.is_server_error or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise ServerFault(detail, service=SERVICE, status=answer.status_code)
        try:
            said: Any = read_json(answer.content)
            token, seconds = str(said["access_token"]), float(said["expires_in"])
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise AccountRefused(detail, service=SERVICE, status=answer.status_code) from error
        self._project, self._token = account.project_id, token
        self._ends = time.monotonic() + max(seconds - RENEWED_BEFORE_SECONDS, 0)
