"""Names that nobody answers for hold up nobody else."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from mainspring.gateways.errors import NotSent
from mainspring.gateways.lookups import Lookups, LookupsBusy

AT_ONCE = 4


class Resolver:
    """Knows every host but those called "slow…": for them it blocks its thread until it is let go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.let_go = threading.Event()

    def __call__(self, host: str) -> list[str]:
        """Return a host's addresses."""
        self.asked.append(host)
        if host.startswith("slow"):
            self.let_go.wait(10)
            raise socket.gaierror("timed out")
        return ["192.0.2.1"]


@pytest.fixture
def resolver() -> Iterator[Resolver]:
    """Give one whose threads end with the test."""
    given = Resolver()
    yield given
    given.let_go.set()


def lookups(resolver: Resolver) -> Lookups:
    return Lookups(resolver, at_once=AT_ONCE, answer_within=timedelta(seconds=0.3))


async def test_a_slow_name_is_given_up_and_other_work_with_threads_goes_on(resolver: Resolver) -> None:
    """However many ask for it: one thread waits for them all, and none of the event loop's own."""
    asked = lookups(resolver)

    slow = [asyncio.create_task(asked.addresses("slow.example")) for _ in range(50)]
    await asyncio.sleep(0)
    quick = await asyncio.wait_for(asked.addresses("quick.example"), 0.2)
    await asyncio.wait_for(asyncio.to_thread(lambda: None), 0.2)
    given_up = await asyncio.gather(*slow, return_exceptions=True)

    assert ["192.0.2.1"] == quick
    assert [NotSent] * 50 == [type(each) for each in given_up]
    assert ["slow.example", "quick.example"] == resolver.asked


async def test_a_name_that_finds_all_threads_busy_is_told_so(resolver: Resolver) -> None:
    """It is not this host's fault. An address needs no thread, and a thread that ends is free again."""
    asked = lookups(resolver)
    slow = [asyncio.create_task(asked.addresses(f"slow-{n}.example")) for n in range(AT_ONCE)]
    await asyncio.gather(*slow, return_exceptions=True)

    with pytest.raises(LookupsBusy):
        await asked.addresses("quick.example")
    written = [await asked.addresses(each) for each in ("127.0.0.1", "0x7f.1", "::1")]
    resolver.let_go.set()
    quick = await asked.addresses("quick.example")

    assert [["127.0.0.1"], ["127.0.0.1"], ["::1"]] == written
    assert ["192.0.2.1"] == quick
    assert AT_ONCE + 1 == len(resolver.asked)


@pytest.mark.parametrize("host", ["", "a" * 64 + ".example", "a..b", "ex ample"])
async def test_a_host_that_is_none_was_sent_nothing(host: str) -> None:
    """Whatever a resolver says to it."""
    with pytest.raises(NotSent):
        await Lookups().addresses(host)
