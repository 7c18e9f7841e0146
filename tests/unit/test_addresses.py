import socket

import httpx
import pytest

from mainspring.gateways.addresses import AddressGuard, guarded_transport, is_public
from mainspring.gateways.errors import NotSent
from mainspring.gateways.urls import AddressRefused

OURS = [
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "64:ff9b:1::7f00:1",
    "::127.0.0.1",
    "fec0::1",
    "192.0.0.8",
    "192.88.99.1",
    "240.0.0.1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "100::1",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2a00:1450:4001::1"]


@pytest.mark.parametrize("address", OURS)
def test_an_address_that_is_not_public_is_known_whatever_it_is_wrapped_in(address: str) -> None:
    """Loopback, private, link-local, reserved, multicast, and each of these inside an IPv6 address."""
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_public(address: str) -> None:
    """What the world can reach is not refused."""
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "017700000001"])
async def test_a_host_of_ours_is_refused_however_it_is_written(host: str) -> None:
    """What counts is the address that would be connected to, not the spelling."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        transport = guarded_transport(AddressGuard())
        async with httpx.AsyncClient(transport=transport, trust_env=False) as http:
            with pytest.raises(AddressRefused):
                await http.get(f"http://{host}:{port}/")
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody has knocked
            listener.accept()


async def test_a_host_that_nobody_knows_is_an_error_of_the_world() -> None:
    """A name that does not resolve may do so later."""
    with pytest.raises(NotSent):
        await AddressGuard().addresses("no-such-host.invalid")


async def test_private_addresses_can_be_allowed() -> None:
    """For a service whose sources are in its own network, and for the emulator."""
    assert ["127.0.0.1"] == await AddressGuard(allow_private=True).addresses("127.0.0.1")
