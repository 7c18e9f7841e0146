import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from mainspring.contracts.retry import Retry
from mainspring.emulators.objects import ObjectFault, ObjectStoreEmulator
from mainspring.gateways.errors import CredentialsRefused, Refused, ServerFault, Unreachable
from mainspring.gateways.objects import ObjectMissing, Objects, S3Access, Timeouts

LARGE = Random(3).randbytes(12_000_000)


@pytest.fixture
async def emulator() -> AsyncIterator[ObjectStoreEmulator]:
    """Run an object storage."""
    async with ObjectStoreEmulator() as emulator:
        yield emulator


@pytest.fixture
def bucket(emulator: ObjectStoreEmulator) -> Objects:
    """Open a prefix of a bucket."""
    return Objects("s3://media/site", S3Access(emulator.endpoint, "us-east-1", "emulator", "secret"))


@pytest.fixture(params=["bucket", "folder"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    """Give a bucket and a folder in turn: both keep the same promises."""
    if request.param == "folder":
        return Objects(f"file://{tmp_path}/objects", S3Access())
    opened: Objects = request.getfixturevalue("bucket")
    return opened


async def test_what_was_put_can_be_found_read_listed_and_deleted(objects: Objects, tmp_path: Path) -> None:
    """The four things that a store is for, with a file that is large enough to go in parts."""
    (tmp_path / "large").write_bytes(LARGE)
    await objects.upload("v/one/large.mp4", tmp_path / "large", "video/mp4")
    await objects.replace("v/one/small.json", b"{}", "application/json")
    await objects.replace("other.json", b"[]", "application/json")

    found = await objects.find("v/one/large.mp4")
    assert found is not None
    assert len(LARGE) == found.size_bytes
    assert LARGE == await objects.read("v/one/large.mp4")
    assert ["v/one/large.mp4", "v/one/small.json"] == [each.key for each in await objects.under("v")]
    await objects.delete("v/one/large.mp4")
    await objects.delete("v/one/large.mp4")
    assert await objects.find("v/one/large.mp4") is None
    with pytest.raises(ObjectMissing):
        await objects.read("v/one/large.mp4")


async def test_only_the_first_creates(objects: Objects) -> None:
    """What is there stays as it is."""
    assert await objects.create("manifest.json", b"first", "application/json")
    assert not await objects.create("manifest.json", b"second", "application/json")
    assert b"first" == await objects.read("manifest.json")


async def test_an_object_can_be_read_on_from_where_one_was(objects: Objects) -> None:
    """As long as it is the same; a changed one is given whole."""
    await objects.replace("a", b"0123456789", "video/mp4")
    found = await objects.find("a")
    assert found is not None

    rest = await objects.content("a", offset=4, tag=found.tag)
    assert (4, b"456789") == (rest.offset, b"".join([chunk async for chunk in rest.chunks]))

    await objects.replace("a", b"ABCDEFGHIJK", "video/mp4")
    whole = await objects.content("a", offset=4, tag=found.tag)
    assert (0, b"ABCDEFGHIJK") == (whole.offset, b"".join([chunk async for chunk in whole.chunks]))


async def test_a_content_type_goes_with_the_object(
    bucket: Objects, emulator: ObjectStoreEmulator, tmp_path: Path
) -> None:
    """A browser plays what a bucket serves."""
    (tmp_path / "large").write_bytes(LARGE)
    await bucket.upload("large.mp4", tmp_path / "large", "video/mp4")
    await bucket.replace("a.json", b"{}", "application/json")
    held = emulator.bucket("media").objects
    assert {"site/large.mp4": "video/mp4", "site/a.json": "application/json"} == {
        key: each.content_type for key, each in held.items()
    }


async def test_more_objects_than_a_page_holds_are_all_listed(bucket: Objects) -> None:
    """A list is followed to its end."""
    for number in range(1_050):
        await bucket.replace(f"many/{number:04}", b"", "video/mp4")
    assert 1_050 == len(await bucket.under("many"))


async def test_each_kind_of_failure_is_told_apart(emulator: ObjectStoreEmulator, bucket: Objects) -> None:
    """What passes is transient; a key that is not known, or no room, is waited for until it is mended."""
    emulator.faults.next(ObjectFault.AWAY)
    with pytest.raises(ServerFault):
        await bucket.replace("a", b"", "video/mp4")
    emulator.faults.next(ObjectFault.DROPPED)
    with pytest.raises(Unreachable):
        await bucket.replace("a", b"", "video/mp4")
    stranger = Objects("s3://media", S3Access(emulator.endpoint, "us-east-1", "stranger", "secret"))
    with pytest.raises(CredentialsRefused) as refused:
        await stranger.replace("a", b"", "video/mp4")
    emulator.faults.next(ObjectFault.FULL)
    with pytest.raises(ServerFault) as full:
        await bucket.replace("a", b"", "video/mp4")
    assert [Retry.UNTIL_MENDED] * 2 == [refused.value.retry, full.value.retry]
    with pytest.raises(Refused):
        await bucket.replace("../a", b"", "video/mp4")
    await emulator.stop()
    with pytest.raises(Unreachable) as away:
        await bucket.find("a")
    assert Retry.UNTIL_MENDED is away.value.retry


async def test_a_source_that_is_refused_is_its_caller_s_own(emulator: ObjectStoreEmulator) -> None:
    """The bucket was named by who has started the task; whether its key is wrong nobody here can mend."""
    stranger = Objects("s3://media", S3Access(emulator.endpoint, "us-east-1", "stranger", "secret"))
    with pytest.raises(CredentialsRefused) as caught:
        await stranger.content("a")
    assert Retry.NEVER is caught.value.retry


async def test_a_put_whose_answer_is_lost_can_be_repeated(
    emulator: ObjectStoreEmulator, bucket: Objects
) -> None:
    """It is done; the second one finds it so."""
    emulator.faults.next(ObjectFault.LOST_ANSWER)
    with pytest.raises(Unreachable):
        await bucket.create("a", b"1", "video/mp4")
    assert not await bucket.create("a", b"1", "video/mp4")


async def test_a_killed_put_leaves_nothing_in_a_folder(tmp_path: Path) -> None:
    """What it left under another name goes with the next put."""
    folder = tmp_path / "objects"
    objects = Objects(f"file://{folder}", S3Access())
    await objects.replace("v/a.mp4", b"1", "video/mp4")
    (folder / "v" / "a.mp4#1").write_bytes(b"half")

    await objects.replace("v/a.mp4", b"2", "video/mp4")

    assert ["a.mp4"] == [each.name for each in (folder / "v").iterdir()]


async def test_a_put_leaves_objects_with_a_number_sign_alone(objects: Objects) -> None:
    """A number sign is a character of names as any other."""
    for key in ("a/film#2.mp4", "a/film#", "a/film#b#2c", "a/b#film"):
        await objects.replace(key, b"1", "video/mp4")
    await objects.replace("a/film", b"2", "video/mp4")
    assert {"a/film#2.mp4", "a/film#", "a/film#b#2c", "a/b#film", "a/film"} == {
        each.key for each in await objects.under("a")
    }


async def test_a_file_that_is_gone_is_not_taken_for_the_bucket(objects: Objects, tmp_path: Path) -> None:
    """Nobody can mend a bucket that is there: the activity makes the file again."""
    with pytest.raises(FileNotFoundError):
        await objects.upload("a/film.mp4", tmp_path / "gone.mp4", "video/mp4")


@pytest.mark.parametrize(("pause_seconds", "arrives"), [(0.1, True), (1.5, False)])
async def test_a_source_may_take_its_time_but_not_fall_silent(pause_seconds: float, arrives: bool) -> None:
    """What comes steadily is received however long that takes; what stops is given up."""

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\nETag: "a"\r\n')
        writer.write(b"Last-Modified: Tue, 21 Oct 2025 07:28:00 GMT\r\n\r\n")
        for _ in range(15):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(pause_seconds)
        writer.close()

    async def received(objects: Objects) -> bytes:
        return b"".join([chunk async for chunk in (await objects.content("a")).chunks])

    server = await asyncio.start_server(trickle, "127.0.0.1", 0)
    async with server:
        endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        timeouts = Timeouts(request=timedelta(seconds=1), silence=timedelta(seconds=1))
        objects = Objects("s3://media", S3Access(endpoint, "us-east-1", "emulator", "secret"), timeouts)
        if arrives:
            assert b"x" * 15 == await received(objects)
        else:
            with pytest.raises(Unreachable):
                await received(objects)
