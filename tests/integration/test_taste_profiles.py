"""Taste profiles: saved and embedded, whatever is away meanwhile."""

import asyncio
from typing import Any

import pytest

from mainspring.client.errors import BadInput
from mainspring.client.gifting.errors import ProfileExists, ProfileMissing
from mainspring.client.gifting.profiles import SAVED, SAVED_ONLY
from mainspring.contracts.gifting.vectors import VectorKind
from mainspring.contracts.tasks import TaskState
from mainspring.gateways.embeddings import Embeddings
from mainspring.storage.gifting import VectorRepository
from mainspring.testing.eventually import eventually
from tests.service import Service
from tests.toy_embeddings import ToyEmbeddings

HIKER = {"recipient": "a hiker", "interests": ["hiking", "camping"]}


@pytest.fixture
def toy(workerless: Service) -> ToyEmbeddings:
    """Let the workers embed by a model that counts its calls."""
    model = ToyEmbeddings()
    workerless.gateways[Embeddings] = model
    return model


async def embedded_text(service: Service, profile_id: str) -> str | None:
    """Return the hash of the text that a profile's vector is of."""
    found = await service.database.read(
        lambda session: VectorRepository(session, service.workspace).hashes(VectorKind.PROFILE, [profile_id])
    )
    return found[profile_id][1] if found else None


async def test_a_completed_profile_is_saved_and_embedded(workerless: Service, toy: ToyEmbeddings) -> None:
    """The caller gets the profile with its facets, the task and a message; the user waits, so it is first."""
    async with workerless.worker():
        completed = await workerless.taste_profiles.complete_taste_profile("p1", "anna", HIKER, "ben")
        assert completed.task_id is not None
        task = await workerless.wait(completed.task_id)

    assert (SAVED, 1, "profile.completed") == (completed.message, task.priority, task.triggered_by)
    assert ("hiking", "camping") == completed.profile.facets.interests
    assert TaskState.SUCCESS == task.state
    assert {"model": "toy", "text_hash": completed.profile.text_hash, "skipped": None} == task.result
    assert completed.profile.text_hash == await embedded_text(workerless, "p1")
    assert completed.profile == await workerless.taste_profiles.profile("p1")
    assert [["Gift for a hiker\nInterests: hiking, camping"]] == toy.calls


async def test_a_profile_is_embedded_again_when_its_text_is_another(
    workerless: Service, toy: ToyEmbeddings
) -> None:
    """The gate is the text, not whether there is a vector; the same text makes no call."""
    profiles = workerless.taste_profiles
    async with workerless.worker():
        results: list[Any] = []
        for answers in (HIKER, HIKER | {"dislikes": "tents"}, HIKER | {"interests": "coffee"}):
            completed = await profiles.complete_taste_profile("p1", "anna", answers)
            assert completed.task_id is not None
            results.append((await workerless.wait(completed.task_id)).result)

    assert [None, "unchanged-hash", None] == [each["skipped"] for each in results]
    assert 2 == len(toy.calls)
    assert completed.profile.text_hash == await embedded_text(workerless, "p1")


async def test_an_edit_while_the_profile_is_embedded_has_it_embedded_again(
    workerless: Service, toy: ToyEmbeddings
) -> None:
    """The last answers are those that recommendations come from."""
    toy.open.clear()
    profiles = workerless.taste_profiles
    async with workerless.worker():
        await profiles.complete_taste_profile("p1", "anna", HIKER)
        await eventually(lambda: _calls(toy), lambda calls: calls == 1)
        edited = await profiles.complete_taste_profile("p1", "anna", {"interests": "coffee"})
        toy.open.set()
        assert edited.task_id is not None
        assert TaskState.SUCCESS == (await workerless.wait(edited.task_id)).state

    assert edited.profile.text_hash == await embedded_text(workerless, "p1")
    assert 2 == len(toy.calls)


async def _calls(toy: ToyEmbeddings) -> int:
    return len(toy.calls)


async def test_a_profile_is_saved_while_nothing_works(workerless: Service, toy: ToyEmbeddings) -> None:
    """The message says that it takes longer; the task is done when a worker comes."""
    completed = await workerless.taste_profiles.complete_taste_profile("p1", "anna", HIKER)

    assert SAVED_ONLY == completed.message
    assert completed.task_id is not None
    assert completed.profile == await workerless.taste_profiles.profile("p1")
    assert [] == toy.calls
    async with workerless.worker():
        assert TaskState.SUCCESS == (await workerless.wait(completed.task_id)).state


async def test_a_user_has_one_profile_for_each_recipient(workerless: Service) -> None:
    """Neither is another one stored, nor another user's overwritten; what was refused starts nothing."""
    profiles = workerless.taste_profiles
    await profiles.complete_taste_profile("p1", "anna", HIKER)
    await profiles.complete_taste_profile("p2", "anna", HIKER, "ben")

    with pytest.raises(ProfileExists, match="'anna' has the taste profile 'p1'"):
        await profiles.complete_taste_profile("p3", "anna", HIKER)
    with pytest.raises(BadInput, match=r'profile_id: "p1" is not accepted: the id of a new profile'):
        await profiles.complete_taste_profile("p1", "carl", HIKER)
    with pytest.raises(BadInput, match="user_id"):
        await profiles.complete_taste_profile("p4", "", HIKER)
    with pytest.raises(ProfileMissing, match="complete onboarding"):
        await profiles.profile("p3")
    assert ["p1", "p2"] == [each.id for each in await profiles.profiles()]
    assert 2 == len(await workerless.all_tasks())


async def test_a_removed_profile_is_gone_with_its_vector(workerless: Service, toy: ToyEmbeddings) -> None:
    """A task that comes later says so, and embeds nothing."""
    profiles = workerless.taste_profiles
    async with workerless.worker():
        first = await profiles.complete_taste_profile("p1", "anna", HIKER)
        assert first.task_id is not None
        await workerless.wait(first.task_id)
    later = await profiles.complete_taste_profile("p1", "anna", {"interests": "coffee"})
    await profiles.remove_profile("p1")

    assert await embedded_text(workerless, "p1") is None
    async with workerless.worker():
        assert later.task_id is not None
        task = await workerless.wait(later.task_id)
    assert "profile-not-found" == (task.result or {})["skipped"]
    assert 1 == len(toy.calls)
    with pytest.raises(ProfileMissing):
        await profiles.remove_profile("p1")


@pytest.mark.parametrize("service_database", ["postgresql"], indirect=True)
async def test_two_ids_for_one_recipient_at_once_are_one_profile(workerless: Service) -> None:
    """Whoever comes second is told of the first, by the database itself."""
    profiles = workerless.taste_profiles
    done = await asyncio.gather(
        *(profiles.complete_taste_profile(f"p{number}", "anna", HIKER) for number in range(8)),
        return_exceptions=True,
    )

    assert 1 == len([each for each in done if not isinstance(each, BaseException)])
    assert 7 == len([each for each in done if isinstance(each, ProfileExists)])
    assert 1 == len(await profiles.profiles())
