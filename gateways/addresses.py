"""Which addresses outside may be connected to, when the URL comes from a stranger.

A URL that a customer gave must not lead into our own network. Looking its host up, and then letting the
client look it up again, would leave room for a second, different answer: so the check sits where a connection
is made, and the address that was checked is the one that is connected to. Redirects pass the same place.
"""

import ipaddress
from collections.abc import Iterable

import httpcore
import httpx

from mainspring.gateways.certificates import trusted
from mainspring.gateways.lookups import SERVICE, Lookups
from mainspring.gateways.urls import LAST_PORT, AddressRefused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# What is nobody's on the public internet, by IANA's registries (iana-ipv4-special-registry and
# iana-ipv6-special-registry at https://www.iana.org/assignments). Python knows them too, but each of its
# versions knows others. Blocks are whole here, though a few addresses within can be reached: no customer's
# server is at one.
SPECIAL = tuple(
    ipaddress.ip_network(each)
    for each in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by a provider's customers
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, and the metadata of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays, given up
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "2001::/23",  # protocol assignments, Teredo's tunnels among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4's tunnels
        "3fff::/20",  # documentation
    )
)
# All of IPv6 that is given out for the public internet (iana ipv6-unicast-address-assignments).
GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")

# RFC 6052: an IPv4 address in its last 32 bits, which the network translates.
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

# An order by which a host with both families is reached even where IPv6 leads nowhere.
CONNECT_SECONDS = 5.0


class AddressGuard:
    """Resolves hosts and refuses those with any address that is not public, unless those are allowed."""

    def __init__(self, *, allow_private: bool = False, lookups: Lookups | None = None) -> None:
        self._allow_private = allow_private
        self._lookups = lookups or Lookups()

    async def addresses(self, host: str) -> list[str]:
        """Return the host's addresses, all of which may be connected to.

        Raises AddressRefused; NotSent when nobody knows the host, or LookupsBusy.
        """
        addresses = await self._lookups.addresses(host)
        refused = [each for each in addresses if not is_public(each)]
        if refused and not self._allow_private:
            raise AddressRefused(f"{host} is {refused[0]}", service=SERVICE)
        return addresses


def is_public(address: str) -> bool:
    """Whether an address, or the one that it carries inside, belongs to the public internet."""
    try:
        reached = _reached(ipaddress.ip_address(address))
    except ValueError:  # one with a scope, above all
        return False
    if isinstance(reached, ipaddress.IPv6Address) and reached not in GLOBAL_UNICAST:
        return False
    # Python may know of a range that was reserved after this was written.
    return reached.is_global and not any(reached in special for special in SPECIAL)


def guarded_transport(guard: AddressGuard, **options: object) -> httpx.AsyncHTTPTransport:
    """Return a transport that connects only to what the guard allows; `options` are httpx's own.

    Its client needs `trust_env=False`: a proxy would do the connecting instead.
    """
    transport = httpx.AsyncHTTPTransport(verify=trusted(), **options)  # type: ignore[arg-type]  # passed on as they are
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
        if not 0 < port <= LAST_PORT:
            # A redirect may name it; the operating system raises an OverflowError.
            raise httpcore.ConnectError(f"there is no port {port}")
        *others, last = await self._guard.addresses(host)
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


def _reached(address: Address) -> Address:
    """Return where a connection leads: to the IPv4 address that this one only carries, or to itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else address
