"""Which services `--emulators` replaces, and what the object store's emulator offers."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from mainspring.cli.emulators import SAMPLES, VIDEOS, running_emulators, video_to_try
from mainspring.config.emulated import with_emulators
from mainspring.config.settings import Settings
from mainspring.emulators.clips import decoded_frames
from mainspring.emulators.objects import Bucket, ObjectStoreEmulator
from mainspring.emulators.samples import Samples, sample
from mainspring.gateways.objects import ObjectMissing, Objects, S3Access


@pytest.mark.parametrize(
    ("given", "replaced"),
    [
        ({}, {"justtcg", "objects"}),
        ({"justtcg_api_key": "mine"}, {"objects"}),
        ({"media_store_url": "file:///films"}, {"justtcg"}),
        ({"media_s3_endpoint": "https://s3.example.com"}, {"justtcg"}),
        ({"media_s3_access_key": "mine"}, {"justtcg"}),
        ({"media_s3_secret_key": "mine"}, {"justtcg"}),
        ({"justtcg_api_key": "mine", "media_store_url": "s3://films"}, set()),
    ],
)
async def test_what_the_user_has_set_is_left_alone(
    given: dict[str, Any], replaced: set[str], tmp_path: Path
) -> None:
    """A service with credentials of the user's own, or a place, is never replaced by an emulator."""
    settings = Settings(state_dir=tmp_path, **given)
    async with running_emulators(settings) as emulators:
        running = {"justtcg": emulators.justtcg, "objects": emulators.objects}
        used = with_emulators(settings, emulators.settings)

    assert replaced == {name for name, emulator in running.items() if emulator is not None}
    for name in given:
        assert getattr(settings, name) == getattr(used, name)
    assert settings.media_allow_private == used.media_allow_private


def store(emulator: ObjectStoreEmulator, bucket: str) -> Objects:
    """Open a bucket of the emulator as the worker does."""
    access = S3Access(emulator.endpoint, access_key=emulator.access_key, secret_key="secret")
    return Objects(f"s3://{bucket}", access)


async def test_a_sample_is_made_when_it_is_asked_for(tmp_path: Path) -> None:
    """Its name says its length; it stays the same, so that a download can be gone on with."""
    async with ObjectStoreEmulator(buckets={SAMPLES: Samples()}) as emulator:
        samples = store(emulator, SAMPLES)
        assert [] == await samples.under("clip")
        content = await samples.read(sample(1))
        assert content == await samples.read(sample(1))
        assert {sample(1): 1} == emulator.bucket(SAMPLES).writes
        for name in (sample(0), sample(601), "clip-1s.mov"):
            with pytest.raises(ObjectMissing):
                await samples.read(name)
    (tmp_path / "clip.mp4").write_bytes(content)
    assert 25 == decoded_frames(tmp_path / "clip.mp4")


async def test_the_video_to_try_outlives_the_emulators(tmp_path: Path) -> None:
    """A task that is retried tomorrow finds its source, on whatever port it is then."""
    async with running_emulators(Settings(state_dir=tmp_path)) as emulators:
        assert emulators.objects is not None
        assert str(emulators.objects.port) not in video_to_try().model_dump_json()


async def test_anybody_may_look_at_what_is_published_and_change_nothing() -> None:
    """A player has no key; the other buckets are closed to it."""
    async with ObjectStoreEmulator(buckets={VIDEOS: Bucket(is_public=True)}) as emulator:
        for bucket in (VIDEOS, "private"):
            await store(emulator, bucket).replace("film.txt", b"film", "text/plain")
        async with httpx.AsyncClient(base_url=emulator.address) as visitor:
            public, private = f"/{VIDEOS}/film.txt", "/private/film.txt"
            answers = [
                await visitor.get(public),
                await visitor.head(public),
                await visitor.get(private),
                await visitor.get(f"/{VIDEOS}"),
                await visitor.put(public, content=b"mine"),
                await visitor.delete(public),
            ]

    assert [200, 200, 403, 403, 403, 403] == [answer.status_code for answer in answers]
    assert b"film" == answers[0].content


@pytest.mark.parametrize(("given", "is_replaced"), [({}, True), ({"claude_api_key": "mine"}, False)])
async def test_claude_is_left_alone_where_there_is_a_key(
    given: dict[str, Any], is_replaced: bool, tmp_path: Path
) -> None:
    """With a key of the user's own the real one is asked."""
    settings = Settings(state_dir=tmp_path, **given)
    async with running_emulators(settings) as emulators:
        used = with_emulators(settings, emulators.settings)

    assert is_replaced == (emulators.claude is not None)
    assert is_replaced == (used.claude_url != settings.claude_url)
