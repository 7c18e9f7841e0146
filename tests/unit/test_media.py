from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mainspring.contracts.media import MadeFile, ProcessVideo, VideoProfile
from mainspring.domain.media import (
    LADDER,
    Size,
    is_cut_short,
    lacks_frames,
    rung_of,
    share_done,
    streaming_rungs,
    version_of,
    workspace_folder,
)

SIDES = st.integers(min_value=16, max_value=8_000)


@given(SIDES, SIDES)
def test_a_picture_never_grows_and_its_sides_are_even(width: int, height: int) -> None:
    """Whatever the source is: encoders want even sides, and a larger picture would hold nothing more."""
    size = Size(width, height)
    for each in LADDER:
        fitted = size.fitted(each.short_side)
        assert (0, 0) == (fitted.width % 2, fitted.height % 2)
        assert fitted.width <= width + 1
        assert fitted.height <= height + 1
        assert fitted.short_side <= max(each.short_side, 2)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (Size(1920, 1080), Size(854, 480)),
        (Size(1080, 1920), Size(480, 854)),
        (Size(640, 360), Size(640, 360)),
        (Size(641, 361), Size(640, 360)),
        (Size(1440, 1080), Size(640, 480)),
    ],
)
def test_the_short_side_decides(source: Size, expected: Size) -> None:
    """An upright video of a telephone is as good at 480p as a lying one."""
    assert expected == source.fitted(480)


def test_streaming_offers_the_sizes_that_the_source_fills() -> None:
    """A small source has one variant, and never none."""
    names = {
        side: [rung.name for rung in streaming_rungs(Size(4_000, side))] for side in (240, 480, 719, 1080)
    }
    assert {240: ["480p"], 480: ["480p"], 719: ["480p"], 1080: ["480p", "720p"]} == names


def test_every_profile_of_one_file_has_a_rung() -> None:
    """What the contract offers can be made."""
    assert ["480p", "720p"] == [rung_of(each).name for each in VideoProfile if each is not VideoProfile.HLS]


def test_a_version_stands_for_exactly_its_files() -> None:
    """The same files have the same version in any order; a changed byte makes another one."""
    one = MadeFile(name="480p.mp4", size_bytes=1, sha256="a")
    two = MadeFile(name="poster.jpg", size_bytes=1, sha256="b")
    assert version_of([one, two]) == version_of([two, one])
    assert version_of([one]) != version_of([one, two])
    assert version_of([one]) != version_of([one.model_copy(update={"sha256": "c"})])


def test_a_transcode_s_share_stays_between_nothing_and_all() -> None:
    """The last frame may end after the length that the header tells."""
    ten = timedelta(seconds=10)
    moments = (0, 5, 10, 11)
    assert [0.0, 0.5, 1.0, 1.0] == [share_done(timedelta(seconds=at), ten) for at in moments]
    assert 0.0 == share_done(ten, timedelta(0))


def test_an_output_may_lack_a_frame_but_not_a_part() -> None:
    """Half a video is not published as the whole."""
    assert not is_cut_short(timedelta(seconds=19.96), timedelta(seconds=20))
    assert not is_cut_short(timedelta(seconds=0.2), timedelta(seconds=1))
    assert is_cut_short(timedelta(seconds=8), timedelta(seconds=20))
    assert not lacks_frames(490, 500)
    assert lacks_frames(200, 500)


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": "ftp://host/a.mp4"},
        {"source": "/etc/passwd"},
        {"source": "https://host/a b.mp4"},
        {"destination": "../up"},
        {"destination": "videos/../../up"},
        {"destination": "/absolute"},
        {"destination": "videos//1"},
        {"destination": ""},
        {"profiles": []},
        {"profiles": ["8k"]},
    ],
)
def test_a_wrong_input_is_refused_by_its_field(wrong: dict[str, object]) -> None:
    """Before anything is fetched or written."""
    good = {"source": "https://host/a.mp4", "destination": "videos/1"}
    assert (VideoProfile.P480, VideoProfile.HLS) == ProcessVideo.model_validate(good).profiles
    with pytest.raises(ValidationError) as refused:
        ProcessVideo.model_validate(good | wrong)
    assert {*wrong} == {str(error["loc"][0]) for error in refused.value.errors()}


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)


@given(NAMES, NAMES)
def test_a_workspace_publishes_in_a_folder_of_its_own(one: str, other: str) -> None:
    """No two workspaces have one folder, none lies in another's, and each can stand in a destination."""
    folder = workspace_folder(one)
    assert (one == other) == (folder == workspace_folder(other))
    assert "/" not in folder
    ProcessVideo(source="https://films.example/a.mp4", destination=f"{folder}/films/1")


@pytest.mark.parametrize(
    ("workspace", "folder"),
    [("shop-7", "shop-7"), ("two/%", "two_2F_25"), ("a_b", "a_5Fb"), (".-", "_2E-"), ("ü", "_C3_BC")],
)
def test_a_folder_is_recognised(workspace: str, folder: str) -> None:
    """Most names stay as they are."""
    assert folder == workspace_folder(workspace)
