import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from mainspring.contracts.retry import Retry
from mainspring.gateways.work_dir import RECORD, Bench, Scratch, WorkDirUnusable

TASK = uuid4()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Give the bench of a task."""
    return Scratch(tmp_path).bench(TASK)


def test_a_piece_is_found_once_it_is_whole(bench: Bench) -> None:
    """Until then there is nothing, wherever a worker is killed."""
    working = bench.begin("480p")
    (working / "480p.mp4").write_text("film")
    assert bench.find("480p") is None

    kept = bench.keep(working, "480p", {"width": 854}, TASK)

    assert kept == bench.find("480p")
    assert "film" == (kept.folder / "480p.mp4").read_text()
    assert not working.exists()


def test_a_new_piece_takes_the_place_of_an_old_one(bench: Bench) -> None:
    """What was made again counts."""
    for content in ("old", "new"):
        working = bench.begin("poster")
        (working / "poster.jpg").write_text(content)
        bench.keep(working, "poster", {}, TASK)

    found = bench.find("poster")
    assert found is not None
    assert "new" == (found.folder / "poster.jpg").read_text()
    assert [found.folder] == list(found.folder.parent.iterdir())


def test_what_a_killed_attempt_has_begun_can_be_gone_on_with(bench: Bench) -> None:
    """A download is resumed; a transcode begins in a folder of its own."""
    (bench.resume("source") / "source").write_text("half")
    assert "half" == (bench.resume("source") / "source").read_text()
    assert bench.begin("480p") != bench.begin("480p")


def test_clearing_leaves_nothing_of_the_task_and_all_of_the_others(bench: Bench, tmp_path: Path) -> None:
    """Also when an earlier clearing was killed half-way."""
    other = Scratch(tmp_path).bench(uuid4())
    other.keep(other.begin("poster"), "poster", {}, TASK)
    for _ in range(2):
        working = bench.begin("poster")
        (working / "poster.jpg").write_bytes(bytes(1_000))
        bench.keep(working, "poster", {}, TASK)
    (tmp_path / str(TASK)).rename(tmp_path / f".{TASK}")
    bench.begin("480p")

    assert 1_000 <= bench.clear() < 1_000 + 1_000
    assert 0 == bench.clear()
    found = other.find("poster")
    assert found is not None
    assert [found.folder.parent] == list(tmp_path.iterdir())
    assert RECORD in {each.name for each in found.folder.iterdir()}


def test_only_what_nothing_has_changed_in_is_unused(bench: Bench, tmp_path: Path) -> None:
    """A task that is being worked on is left alone, however old its first piece is."""
    scratch, long_ago = Scratch(tmp_path), datetime.now(UTC) - timedelta(days=8)
    bench.keep(bench.begin("poster"), "poster", {}, TASK)
    assert [] == Scratch(tmp_path / "missing").unused_since(datetime.now(UTC))
    assert [] == scratch.unused_since(long_ago)
    for path in (tmp_path / str(TASK), *(tmp_path / str(TASK)).rglob("*")):
        os.utime(path, (long_ago.timestamp(), long_ago.timestamp()))
    [unused] = scratch.unused_since(datetime.now(UTC) - timedelta(days=7))

    assert 0 < unused.clear()
    assert [] == list(tmp_path.iterdir())


def test_what_else_is_in_the_folder_is_not_ours(tmp_path: Path) -> None:
    """Whoever points the setting at a folder of his own loses nothing."""
    long_ago = (datetime.now(UTC) - timedelta(days=30)).timestamp()
    (tmp_path / "pictures").mkdir()
    others = [
        tmp_path / "pictures",
        tmp_path / "pictures" / "one.jpg",
        tmp_path / ".config",
        tmp_path / "notes",
        tmp_path / str(uuid4()),
    ]
    for path in others[1:]:
        path.write_text("ours")
    (tmp_path / f".{TASK}").mkdir()
    for path in tmp_path.rglob("*"):
        os.utime(path, (long_ago, long_ago))

    for bench in Scratch(tmp_path).unused_since(datetime.now(UTC)):
        bench.clear()

    assert set(others) == set(tmp_path.rglob("*"))


def test_a_work_dir_that_cannot_be_made_is_waited_for(tmp_path: Path) -> None:
    """It is a setting, or the disk: no film's fault."""
    (tmp_path / "file").write_text("")
    bench = Scratch(tmp_path / "file" / "scratch").bench(uuid4())
    for make in (bench.begin, bench.resume):
        with pytest.raises(WorkDirUnusable) as caught:
            make("source")
        assert Retry.UNTIL_MENDED is caught.value.retry
