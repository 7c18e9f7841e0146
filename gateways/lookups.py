"""Looking up the addresses of hosts, in threads of its own: a slow name keeps no other work waiting.

The operating system's resolver blocks its thread, for half a minute when nobody answers for a name, and
cannot be told to stop. On the event loop's own threads a few such names would hold up all work with files.
"""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from mainspring.gateways.errors import NotSent

SERVICE = "web"

# Names that are looked up at the same time; each is waited for by one thread, whoever else asks for it.
AT_ONCE = 32

# A resolver asks each of its servers for about this long.
ANSWER_WITHIN = timedelta(seconds=5)

# How long to wait while AT_ONCE other names are being looked up.
BEGUN_WITHIN = timedelta(seconds=1)

# Returns a host's addresses, or raises OSError or UnicodeError.
Resolve = Callable[[str], list[str]]


class LookupsBusy(NotSent):
    """Too many other hosts are being looked up."""


def resolve(host: str) -> list[str]:
    """Ask the operating system."""
    return _addresses(host)


class Lookups:
    """Looks hosts up, each by one thread at a time."""

    def __init__(
        self, resolve: Resolve = resolve, *, at_once: int = AT_ONCE, answer_within: timedelta = ANSWER_WITHIN
    ) -> None:
        self._resolve = resolve
        self._answer_within = answer_within
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="lookup")
        self._free = asyncio.Semaphore(at_once)
        self._under_way: dict[str, asyncio.Future[list[str]]] = {}

    async def addresses(self, host: str) -> list[str]:
        """Return the host's addresses. Raises NotSent, or LookupsBusy: then nothing is known of this host.

        An address, however it is written, is nobody's to look up.
        """
        try:
            if (written := _written(host)) is not None:
                return written
            looking = self._under_way.get(host) or await self._begun(host)
            async with asyncio.timeout(self._answer_within.total_seconds()):
                # Others may wait for the same answer.
                return await asyncio.shield(looking)
        except TimeoutError as error:
            raise NotSent(f"{host}: nobody answers for this name", service=SERVICE) from error
        except (OSError, UnicodeError) as error:
            raise NotSent(f"{host}: {error}", service=SERVICE) from error

    async def _begun(self, host: str) -> asyncio.Future[list[str]]:
        try:
            async with asyncio.timeout(BEGUN_WITHIN.total_seconds()):
                await self._free.acquire()
        except TimeoutError:
            raise LookupsBusy(host, service=SERVICE) from None
        if (looking := self._under_way.get(host)) is not None:  # somebody else has begun meanwhile
            self._free.release()
            return looking
        looking = asyncio.get_running_loop().run_in_executor(self._threads, self._resolve, host)
        self._under_way[host] = looking
        looking.add_done_callback(lambda done: self._ended(host, done))
        return looking

    def _ended(self, host: str, done: asyncio.Future[list[str]]) -> None:
        del self._under_way[host]
        self._free.release()
        if not done.cancelled():
            done.exception()  # whoever waited may have given up


def _written(host: str) -> list[str] | None:
    """Return the address that a host is, as the resolver reads it: "0x7f.1" is one, too; else None."""
    try:
        return _addresses(host, socket.AI_NUMERICHOST)
    except socket.gaierror:
        return None


def _addresses(host: str, flags: int = 0) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=flags)
    # The address is the first part; a scope (`%eth0`) is only for networks that are ours.
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
