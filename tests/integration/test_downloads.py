from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from mainspring.emulators.objects import ObjectStoreEmulator, StoredObject
from mainspring.emulators.videos import VideoFault, VideoServerEmulator
from mainspring.gateways.addresses import AddressGuard
from mainspring.gateways.download import (
    Allowed,
    Download,
    Downloads,
    LeastSpeed,
    NotAVideo,
    SourceRefused,
    TooLarge,
    TooSlow,
    open_downloads,
)
from mainspring.gateways.errors import NotSent, Refused, ServerFault, Unreachable
from mainspring.gateways.objects import Objects, S3Access
from mainspring.gateways.urls import AddressRefused
from tests.raw_server import raw_server

CONTENT = Random(7).randbytes(1_000_000)
WHOLE = Download(len(CONTENT), sha256(CONTENT).hexdigest())
MOST_BYTES = 2_000_000


@pytest.fixture
async def videos(tmp_path: Path) -> AsyncIterator[VideoServerEmulator]:
    """Serve one file of a megabyte."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "a.mp4").write_bytes(CONTENT)
    async with VideoServerEmulator(tmp_path / "served") as emulator:
        yield emulator


@pytest.fixture
async def objects() -> AsyncIterator[ObjectStoreEmulator]:
    """Run an object storage."""
    async with ObjectStoreEmulator() as emulator:
        yield emulator


@pytest.fixture
async def downloads(objects: ObjectStoreEmulator, tmp_path: Path) -> AsyncIterator[Downloads]:
    """Give downloads that may connect to loopback and read the served folder."""
    access = S3Access(endpoint=objects.endpoint, access_key=objects.access_key, secret_key="secret")
    allowed = Allowed(MOST_BYTES, buckets=frozenset({"uploads"}), folders=(tmp_path / "served",))
    async with open_downloads(AddressGuard(allow_private=True), access, allowed) as downloads:
        yield downloads


async def test_a_file_arrives_whole_and_its_progress_is_told(
    downloads: Downloads, videos: VideoServerEmulator, tmp_path: Path
) -> None:
    """The bytes are the source's, and each report is further than the one before."""
    told: list[int] = []

    assert WHOLE == await downloads.fetch(
        videos.url("a.mp4"), tmp_path / "a", lambda there, _: told.append(there)
    )

    assert CONTENT == (tmp_path / "a").read_bytes()
    assert sorted(set(told)) == told
    assert len(CONTENT) == told[-1]
    assert not (tmp_path / "a.note").exists()


async def test_a_source_that_drips_gives_up_its_place_and_goes_on_later(
    videos: VideoServerEmulator, tmp_path: Path
) -> None:
    """No byte is sent twice for it."""
    least = LeastSpeed(bytes_per_second=100_000_000, window=timedelta(milliseconds=50))
    slow, fast = Allowed(MOST_BYTES, least_speed=least), Allowed(MOST_BYTES)
    videos.seconds_a_chunk = 0.05
    async with open_downloads(AddressGuard(allow_private=True), S3Access(), slow) as downloads:
        with pytest.raises(TooSlow, match="fewer than 100,000,000"):
            await downloads.fetch(videos.url("a.mp4"), tmp_path / "a")
    there = (tmp_path / "a").stat().st_size

    videos.seconds_a_chunk = 0
    async with open_downloads(AddressGuard(allow_private=True), S3Access(), fast) as downloads:
        reports: list[int] = []
        assert WHOLE == await downloads.fetch(
            videos.url("a.mp4"), tmp_path / "a", lambda size, _: reports.append(size)
        )
    assert 0 < there < reports[0]


async def test_a_broken_download_goes_on_where_it_broke_off(
    downloads: Downloads, videos: VideoServerEmulator, tmp_path: Path
) -> None:
    """After two breaks no byte has been sent twice."""
    videos.next(VideoFault.BROKEN, VideoFault.BROKEN)

    for _ in range(2):
        with pytest.raises(Unreachable):
            await downloads.fetch(videos.url("a.mp4"), tmp_path / "a")
    assert WHOLE == await downloads.fetch(videos.url("a.mp4"), tmp_path / "a")

    assert [None, "bytes=500000-", "bytes=750000-"] == [asked.range for asked in videos.asked]
    assert len(CONTENT) == sum(asked.sent for asked in videos.asked)


async def test_a_source_that_has_changed_is_fetched_anew(
    downloads: Downloads, videos: VideoServerEmulator, tmp_path: Path
) -> None:
    """Halves of two different videos are never put together."""
    videos.next(VideoFault.BROKEN)
    with pytest.raises(Unreachable):
        await downloads.fetch(videos.url("a.mp4"), tmp_path / "a")
    (tmp_path / "served" / "a.mp4").write_bytes(CONTENT[::-1])

    await downloads.fetch(videos.url("a.mp4"), tmp_path / "a")

    assert CONTENT[::-1] == (tmp_path / "a").read_bytes()


@pytest.mark.parametrize("lacking", ["sends_tags", "knows_ranges"])
async def test_a_server_that_cannot_resume_is_asked_for_all_again(
    lacking: str, downloads: Downloads, videos: VideoServerEmulator, tmp_path: Path
) -> None:
    """Without a tag nobody can say that the rest belongs to the beginning."""
    setattr(videos, lacking, False)
    videos.next(VideoFault.BROKEN)
    with pytest.raises(Unreachable):
        await downloads.fetch(videos.url("a.mp4"), tmp_path / "a")

    assert WHOLE == await downloads.fetch(videos.url("a.mp4"), tmp_path / "a")


async def test_a_wrong_range_is_not_taken(
    downloads: Downloads, videos: VideoServerEmulator, tmp_path: Path
) -> None:
    """A server that sends other bytes than those asked for is asked for all of them."""
    videos.next(VideoFault.BROKEN, VideoFault.WRONG_RANGE)
    with pytest.raises(Unreachable):
        await downloads.fetch(videos.url("a.mp4"), tmp_path / "a")

    assert WHOLE == await downloads.fetch(videos.url("a.mp4"), tmp_path / "a")

    assert [None, "bytes=500000-", None] == [asked.range for asked in videos.asked]


@pytest.mark.parametrize(("left", "whole"), [(5_000, 5_000), (7_000, 5_000)])
async def test_a_range_beyond_the_end_is_no_dead_end(
    left: int, whole: int, downloads: Downloads, tmp_path: Path
) -> None:
    """Of a source that did not tell its length all may be there; if it is not, it is fetched anew."""
    (tmp_path / "a").write_bytes(b"x" * left)
    (tmp_path / "a.note").write_text('{"tag": "\\"a\\"", "total": null}')

    async def answer(ranged: bool) -> bytes:
        if ranged:
            return b"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */%d\r\n" % whole
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % whole + b"x" * whole

    async with raw_server(answer) as address:
        fetched = await downloads.fetch(f"{address}/a", tmp_path / "a")

    assert Download(whole, sha256(b"x" * whole).hexdigest()) == fetched


async def test_a_note_of_more_than_all_is_not_gone_on_with(
    downloads: Downloads, objects: ObjectStoreEmulator, tmp_path: Path
) -> None:
    """A file longer than its source has another one's bytes."""
    objects.bucket("uploads").put("a.mp4", StoredObject(CONTENT, "video/mp4"))
    (tmp_path / "a").write_bytes(CONTENT + b"x")
    (tmp_path / "a.note").write_text('{"tag": "any", "total": 1000000}')

    assert WHOLE == await downloads.fetch("s3://uploads/a.mp4", tmp_path / "a")


async def test_a_site_s_cookies_go_with_no_later_request(downloads: Downloads, tmp_path: Path) -> None:
    """What one customer's source sets is not sent with the next one's."""
    seen: list[bytes] = []

    async def answer(_ranged: bool) -> bytes:
        return b"HTTP/1.1 200 OK\r\nSet-Cookie: session=first; Path=/\r\nContent-Length: 1\r\n\r\nx"

    async with raw_server(answer, seen) as address:
        for name in ("a", "b"):
            await downloads.fetch(f"{address}/{name}", tmp_path / name)

    assert [False, False] == [b"cookie" in head.lower() for head in seen]


@pytest.mark.parametrize("sends_length", [True, False])
async def test_a_file_that_is_too_large_is_given_up(
    sends_length: bool, downloads: Downloads, videos: VideoServerEmulator, tmp_path: Path
) -> None:
    """At once when the server says its size, and else at the limit: a disk is not filled."""
    (tmp_path / "served" / "b.mp4").write_bytes(CONTENT * 3)
    videos.sends_length = sends_length

    with pytest.raises(TooLarge):
        await downloads.fetch(videos.url("b.mp4"), tmp_path / "b")

    assert not (tmp_path / "b").exists() or (tmp_path / "b").stat().st_size <= MOST_BYTES


async def test_what_is_not_a_video_is_refused(
    downloads: Downloads, videos: VideoServerEmulator, tmp_path: Path
) -> None:
    """A page of HTML, the usual answer of a link that has expired, is not fetched."""
    videos.content_type = "text/html; charset=utf-8"
    with pytest.raises(NotAVideo, match="text/html"):
        await downloads.fetch(videos.url("a.mp4"), tmp_path / "a")


async def test_the_world_s_faults_and_refusals_are_told_apart(
    downloads: Downloads, videos: VideoServerEmulator, tmp_path: Path
) -> None:
    """A 503 passes; a file that is not there does not. Signatures in a query are not repeated."""
    videos.next(VideoFault.AWAY)
    with pytest.raises(ServerFault) as away:
        await downloads.fetch(videos.url("a.mp4?signature=secret"), tmp_path / "a")
    assert "secret" not in str(away.value)
    with pytest.raises(Refused, match="404"):
        await downloads.fetch(videos.url("missing.mp4"), tmp_path / "a")
    with pytest.raises(NotSent):
        await downloads.fetch("http://127.0.0.1:1/a.mp4", tmp_path / "a")


async def test_a_redirect_is_followed_and_its_target_checked(
    videos: VideoServerEmulator, downloads: Downloads, tmp_path: Path
) -> None:
    """A public page that leads to our own network gets no further."""
    videos.redirects["moved.mp4"] = videos.url("a.mp4")
    videos.redirects["file.mp4"] = "file:///etc/passwd"
    videos.redirects["round.mp4"] = videos.url("round.mp4")
    videos.redirects["port.mp4"] = "http://127.0.0.1:70000/"

    assert WHOLE == await downloads.fetch(videos.url("moved.mp4"), tmp_path / "a")
    for name in ("file.mp4", "round.mp4"):
        with pytest.raises(Refused):
            await downloads.fetch(videos.url(name), tmp_path / "b")
    with pytest.raises(NotSent, match="there is no port 70000"):
        await downloads.fetch(videos.url("port.mp4"), tmp_path / "b")
    async with open_downloads(AddressGuard(), S3Access(), Allowed(MOST_BYTES)) as guarded:
        with pytest.raises(AddressRefused):
            await guarded.fetch(videos.url("moved.mp4"), tmp_path / "b")


@pytest.mark.parametrize("url", ["http://[::1/a.mp4", "http://127.0.0.1:70000/a.mp4", "http://:80/a.mp4"])
async def test_a_url_that_leads_nowhere_is_refused_at_once(
    downloads: Downloads, tmp_path: Path, url: str
) -> None:
    """No attempt helps."""
    with pytest.raises(AddressRefused):
        await downloads.fetch(url, tmp_path / "a")


async def test_an_object_is_a_source_too_and_resumed_like_one(
    downloads: Downloads, objects: ObjectStoreEmulator, tmp_path: Path
) -> None:
    """What a killed attempt has left of an object is gone on with."""
    access = S3Access(endpoint=objects.endpoint, access_key=objects.access_key, secret_key="secret")
    store = Objects("s3://uploads", access)
    await store.replace("in/a.mp4", CONTENT, "video/mp4")
    found = await store.find("in/a.mp4")
    assert found is not None
    assert found.tag is not None
    (tmp_path / "a").write_bytes(CONTENT[:300_000])
    (tmp_path / "a.note").write_text(
        f'{{"tag": "{found.tag.replace(chr(34), chr(92) + chr(34))}", "total": 1000000}}'
    )

    assert WHOLE == await downloads.fetch("s3://uploads/in/a.mp4", tmp_path / "a")
    assert WHOLE == await downloads.fetch("s3://uploads/in/a.mp4", tmp_path / "b")
    with pytest.raises(Refused):
        await downloads.fetch("s3://uploads/missing.mp4", tmp_path / "c")


async def test_only_a_bucket_that_is_allowed_is_read(
    downloads: Downloads, objects: ObjectStoreEmulator, tmp_path: Path
) -> None:
    """The service's key opens others too, but not for whoever starts a task."""
    objects.bucket("backups").put("a.mp4", StoredObject(CONTENT, "video/mp4"))

    with pytest.raises(SourceRefused, match=r"source: bucket 'backups' .* MAINSPRING_MEDIA_SOURCE_BUCKETS"):
        await downloads.fetch("s3://backups/a.mp4", tmp_path / "a")


async def test_a_file_is_read_only_below_an_allowed_folder(downloads: Downloads, tmp_path: Path) -> None:
    """Neither dots nor links lead out of it."""
    (tmp_path / "served").mkdir(exist_ok=True)
    (tmp_path / "served" / "a.mp4").write_bytes(CONTENT)
    (tmp_path / "secret").write_text("ours")
    (tmp_path / "served" / "link.mp4").symlink_to(tmp_path / "secret")

    assert WHOLE == await downloads.fetch(f"file://{tmp_path}/served/a.mp4", tmp_path / "a")
    for path in ("secret", "served/../secret", "served/link.mp4", "served/missing.mp4", "served"):
        with pytest.raises(SourceRefused):
            await downloads.fetch(f"file://{tmp_path}/{path}", tmp_path / "b")


@pytest.mark.parametrize("name", ["promo#2.mp4", "promo?2.mp4", "a%20b.mp4"])
async def test_odd_characters_of_a_name_are_plain(
    name: str, downloads: Downloads, objects: ObjectStoreEmulator, tmp_path: Path
) -> None:
    """The file or object of this very name is fetched, not the one beside it that a URL would mean."""
    folder = tmp_path / "served"
    folder.mkdir()
    for beside in ("promo", "a b.mp4"):
        (folder / beside).write_bytes(b"another film")
    (folder / name).write_bytes(CONTENT)
    access = S3Access(objects.endpoint, "us-east-1", objects.access_key, "secret")
    await Objects("s3://uploads", access).upload(f"in/{name}", folder / name, "video/mp4")

    assert WHOLE == await downloads.fetch(f"file://{folder}/{name}", tmp_path / "a")
    assert WHOLE == await downloads.fetch(f"s3://uploads/in/{name}", tmp_path / "b")
