import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from mainspring.activities.media.publisher import Placed, Publisher, VersionGone
from mainspring.contracts.media import (
    MadeFile,
    PublishVideo,
    VideoManifest,
    VideoProfile,
    VideoPublished,
    VideoUploaded,
)
from mainspring.emulators.objects import Bucket, ObjectFault, ObjectStoreEmulator, StoredObject
from mainspring.gateways.errors import ServerFault
from mainspring.gateways.objects import Objects, S3Access
from mainspring.testing.shifted_clock import ShiftedClock

FILES = ("480p.mp4", "poster.jpg")


class Shop:
    """A library over a bucket, and what it holds. A video is its text, in two files."""

    def __init__(self, emulator: ObjectStoreEmulator, folder: Path) -> None:
        access = S3Access(emulator.endpoint, "us-east-1", "emulator", "secret")
        self.clock = ShiftedClock()
        self.faults = emulator.faults
        self.bucket: Bucket = emulator.bucket("media")
        self._library = Publisher(Objects("s3://media", access), self.clock)
        self._folder = folder

    async def upload(self, destination: str, text: str) -> VideoUploaded:
        """Bring a version to where nobody shows it yet."""
        folder = self._folder / text
        folder.mkdir(exist_ok=True)
        placed: list[Placed] = []
        for name in FILES:
            content = f"{text} {name}".encode()
            (folder / name).write_bytes(content)
            file = MadeFile(name=name, size_bytes=len(content), sha256=sha256(content).hexdigest())
            placed.append((folder, file))
        return await self._library.upload(destination, placed, lambda _: None)

    async def publish(self, destination: str, uploaded: VideoUploaded) -> VideoPublished:
        """Show a version."""
        given = PublishVideo(
            source="https://host/a.mp4",
            destination=destination,
            profiles=(VideoProfile.P480,),
            uploaded=uploaded,
            duration_seconds=1.0,
        )
        return await self._library.publish(given, uploaded)

    async def show(self, destination: str, text: str) -> VideoUploaded:
        """Do both."""
        uploaded = await self.upload(destination, text)
        await self.publish(destination, uploaded)
        return uploaded

    def shown(self, destination: str) -> str:
        """Return the prefix that a viewer is led to, all of which is there."""
        key = f"{destination}/manifest.json"
        prefix = VideoManifest.model_validate_json(self.bucket.objects[key].content).prefix
        assert [*FILES] == self.names(prefix)
        return prefix

    def names(self, prefix: str) -> list[str]:
        """Return what lies below a prefix."""
        return [key.removeprefix(f"{prefix}/") for key, _ in self.bucket.under(f"{prefix}/")]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """Give a library whose bucket is empty."""
    async with ObjectStoreEmulator() as emulator:
        yield Shop(emulator, tmp_path)


async def test_a_version_that_waits_to_be_shown_outlasts_what_another_run_publishes(shop: Shop) -> None:
    """Two runs of one destination: the last to publish is shown, whole, and only the replaced one goes."""
    first, second = await shop.upload("films/1", "one"), await shop.upload("films/1", "two")

    await shop.publish("films/1", second)
    assert 2 == (await shop.publish("films/1", first)).removed

    assert first.prefix == shop.shown("films/1")
    assert [] == shop.names(second.prefix)


async def test_a_version_that_is_not_whole_is_not_called_published(shop: Shop) -> None:
    """Whoever removed its files, the run does not end well without them."""
    uploaded = await shop.upload("films/1", "one")
    del shop.bucket.objects[f"{uploaded.prefix}/poster.jpg"]

    with pytest.raises(VersionGone):
        await shop.publish("films/1", uploaded)

    assert 1 == (await shop.upload("films/1", "one")).adopted
    assert 0 == (await shop.publish("films/1", uploaded)).removed
    assert uploaded.prefix == shop.shown("films/1")


async def test_a_run_that_shows_what_another_is_removing_is_not_left_without_it(shop: Shop) -> None:
    """One of the two is told of it, and what is shown in the end is whole."""
    first = await shop.show("films/1", "one")
    second = await shop.upload("films/1", "two")
    shop.faults.slow_seconds = 0.5
    for method in ("POST", "DELETE"):
        shop.faults.next(ObjectFault.SLOW, method=method)
    replacing = asyncio.create_task(shop.publish("films/1", second))
    await asyncio.sleep(0.2)
    outcomes = await asyncio.gather(replacing, shop.publish("films/1", first), return_exceptions=True)

    # Which of the two is the machine's doing, above all when it is busy.
    assert [VersionGone] == [type(each) for each in outcomes if isinstance(each, BaseException)]

    await shop.show("films/1", "two")
    assert second.prefix == shop.shown("films/1")


async def test_a_publication_that_broke_off_removes_what_it_replaced_when_it_is_repeated(shop: Shop) -> None:
    """The manifest says what it took the place of: nothing is left lying, and nothing is written twice."""
    first, second = await shop.show("films/1", "one"), await shop.upload("films/1", "two")
    shop.faults.next(ObjectFault.AWAY, method="POST")
    shop.faults.next(ObjectFault.AWAY, method="DELETE")
    with pytest.raises(ServerFault):
        await shop.publish("films/1", second)
    assert [*FILES] == shop.names(first.prefix)

    assert 2 == (await shop.publish("films/1", second)).removed

    assert second.prefix == shop.shown("films/1")
    assert [] == shop.names(first.prefix)
    assert 2 == shop.bucket.writes["films/1/manifest.json"]


async def test_what_nobody_ever_published_goes_with_a_publication_of_another_day(shop: Shop) -> None:
    """A failed run's upload is not kept for ever, and a present one's is not touched."""
    forgotten = await shop.upload("films/1", "one")
    await shop.show("films/1", "two")
    assert [*FILES] == shop.names(forgotten.prefix)

    shop.clock.advance(timedelta(days=1))
    shown = await shop.show("films/1", "three")

    assert shown.prefix == shop.shown("films/1")
    assert [] == shop.names(forgotten.prefix)


async def test_a_destination_below_another_is_left_alone_whatever_its_name(shop: Shop) -> None:
    """Sixteen hexadecimal digits are a good name for a product, too."""
    child = await shop.show("shop/0123456789abcdef", "child")
    await shop.show("shop", "parent")
    shop.clock.advance(timedelta(days=2))

    await shop.show("shop", "parent again")

    assert child.prefix == shop.shown("shop/0123456789abcdef")


async def test_a_foreign_manifest_is_replaced(shop: Shop) -> None:
    """What cannot be read shows no version."""
    uploaded = await shop.show("films/1", "one")
    shop.bucket.put("films/1/manifest.json", StoredObject(b"{}", "application/json"))

    await shop.publish("films/1", uploaded)

    assert uploaded.prefix == shop.shown("films/1")
