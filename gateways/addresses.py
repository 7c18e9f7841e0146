"""Which addresses outside may be connected to, when the URL comes from a stranger.

A URL that a customer gave must not lead into our own network. Looking its host up, and then letting the
client look it up again, would leave room for a second, different answer: so the check sits where a connection
is made, and the address that was checked is the one that is connected to. Redirects pass the same place.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable

import httpcore
import httpx

from gateways.errors import NotSent, Refused

SERVICE = "web"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# RFC 6052: an IPv4 address in its last 32 bits, which the network translates.
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

# An order by which a host with both families is reached even where IPv6 leads nowhere.
CONNECT_SECONDS = 5.0


class AddressRefused(Refused):
    """The address is not a public one."""


class AddressGuard:
    """Resolves hosts and refuses those with any address that is not public, unless those are allowed."""

    def __init__(self, *, allow_private: bool = False) -> None:
        self._allow_private = allow_private

    async def addresses(self, host: str, port: int) -> list[str]:
        """Return the host's addresses, all of which may be connected to.

        Raises AddressRefused, or NotSent when nobody knows the host.
        """
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise NotSent(f"{host}: {error}", service=SERVICE) from error
        # The address is the first part; a scope (`%eth0`) is only for networks that are ours.
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        refused = [each for each in addresses if not is_public(each)]
        if refused and not self._allow_private:
            raise AddressRefused(f"{host} is {refused[0]}", service=SERVICE)
        return addresses


def is_public(address: str) -> bool:
    """Whether an address, and each that it carries inside, belongs to the public internet."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:  # one with a scope, above all
        return False
    return all(each.is_global and not each.is_multicast for each in _with_carried(parsed))


def guarded_transport(guard: AddressGuard, **options: object) -> httpx.AsyncHTTPTransport:
    """Return a transport that connects only to what the guard allows; `options` are httpx's own.

    Its client needs `trust_env=False`: a proxy would do the connecting instead.
    """
    transport = httpx.AsyncHTTPTransport(**options)  # type: ignore[arg-type]  # passed on as they are
    # httpx has no public way to say how a connection is made; the pool below it has.
    pool = transport._pool  # noqa: SLF001
    if not isinstance(pool, httpcore.AsyncConnectionPool) or not hasattr(pool, "_network_backend"):
        raise TypeError("this httpx connects in another way: the guard would be left out")
    pool._network_backend = _GuardedBackend(guard)  # noqa: SLF001
    return transport


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to a checked address; TLS, above it, still asks for the host's own certificate."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's name
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        *others, last = await self._guard.addresses(host, port)
        for address in others:
            try:
                return await self._inner.connect_tcp(
                    address,
                    port,
                    min(timeout or CONNECT_SECONDS, CONNECT_SECONDS),
                    local_address,
                    socket_options,
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(last, port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


def _with_carried(address: Address) -> Iterable[Address]:
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        carried: list[ipaddress.IPv4Address | None] = [address.ipv4_mapped, address.sixtofour]
        carried += list(address.teredo or ())
        if address in NAT64:
            carried.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        yield from (each for each in carried if each is not None)
