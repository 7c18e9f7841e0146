"""A video on the web: one GET, from where the last one broke off."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager

import httpx

from mainspring.gateways.download.partial import Begun
from mainspring.gateways.download.source import SERVICE, Incoming, NotAVideo
from mainspring.gateways.errors import MalformedAnswer, NotSent, Refused, ServerFault, Unreachable

# What servers say of files whose kind they do not know; ffmpeg finds out.
UNSPECIFIC = ("application/octet-stream", "binary/octet-stream", "application/mp4", "application/x-matroska")

# Refusals that pass: Request Timeout, Too Early, Too Many Requests.
PASSING = frozenset({408, 425, 429})

# A length of more digits is none: no disk has so many bytes.
MOST_DIGITS = 18

WHOLE_LENGTH = re.compile(r"bytes \*/(\d{1,18})")


class WebSource:
    """A URL. Messages name it without its query, where signatures stand."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http = http
        self._url = url

    @asynccontextmanager
    async def open(self, begun: Begun | None) -> AsyncIterator[Incoming]:
        """Ask for what is missing, on condition that the rest is unchanged, or else for all.

        Raises NotSent, Unreachable, ServerFault; Refused, NotAVideo, AddressRefused; MalformedAnswer.
        """
        with self._translated():
            if begun is not None and begun.size:
                conditions = {"Range": f"bytes={begun.size}-", "If-Range": begun.tag}
                async with self._asked(conditions) as response:
                    if (rest := self._rest(response, begun)) is not None:
                        yield rest
                        return
            async with self._asked({}) as response:
                self._check(response)
                yield self._all(response)

    def _asked(self, conditions: dict[str, str]) -> AbstractAsyncContextManager[httpx.Response]:
        # Compressed, the bytes would not be those that a later request counts.
        headers = {"Accept-Encoding": "identity", **conditions}
        return self._http.stream("GET", self._url, headers=headers)

    def _rest(self, response: httpx.Response, begun: Begun) -> Incoming | None:
        """Return what follows what was begun, or all of a source that has changed; None for neither."""
        content_range = response.headers.get("Content-Range", "")
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            whole = WHOLE_LENGTH.fullmatch(content_range)
            # Nothing is missing of one whose length nobody told before.
            is_whole = whole is not None and int(whole[1]) == begun.size
            return Incoming(begun.size, begun.tag, begun.size, _nothing()) if is_whole else None
        self._check(response)
        if response.status_code == httpx.codes.PARTIAL_CONTENT:
            is_next = content_range.startswith(f"bytes {begun.size}-")
            return Incoming(begun.size, begun.tag, begun.total, response.aiter_raw()) if is_next else None
        return self._all(response)

    def _all(self, response: httpx.Response) -> Incoming:
        if response.status_code == httpx.codes.PARTIAL_CONTENT:
            raise MalformedAnswer(self._said("a part, unasked"), service=SERVICE, status=206)
        length = response.headers.get("Content-Length", "")
        total = int(length) if length.isdecimal() and len(length) <= MOST_DIGITS else None
        return Incoming(0, _tag(response.headers), total, response.aiter_raw())

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.TooManyRedirects) as error:
            raise Refused(self._said(error), service=SERVICE) from error
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent(self._said(error), service=SERVICE) from error
        except httpx.TransportError as error:
            raise Unreachable(self._said(error), service=SERVICE) from error

    def _check(self, response: httpx.Response) -> None:
        status = response.status_code
        if status >= httpx.codes.INTERNAL_SERVER_ERROR or status in PASSING:
            raise ServerFault(self._said(status), service=SERVICE, status=status)
        if status not in {httpx.codes.OK, httpx.codes.PARTIAL_CONTENT}:
            raise Refused(self._said(status), service=SERVICE, status=status)
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind and not kind.startswith("video/") and kind not in UNSPECIFIC:
            raise NotAVideo(self._said(kind), service=SERVICE, status=status)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise MalformedAnswer(self._said("it is compressed, unasked"), service=SERVICE, status=status)

    def _said(self, what: object) -> str:
        return f"{httpx.URL(self._url).copy_with(query=None, userinfo=b'')}: {what}"


async def _nothing() -> AsyncIterator[bytes]:
    for chunk in tuple[bytes, ...]():
        yield chunk


def _tag(headers: httpx.Headers) -> str | None:
    # RFC 9110 13.1.5: only a strong tag, or a date, may stand in If-Range.
    tag: str | None = headers.get("ETag")
    changed: str | None = headers.get("Last-Modified")
    return tag if tag is not None and tag.startswith('"') else changed
