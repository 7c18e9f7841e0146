import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mainspring.config.gateways.media import object_store
from mainspring.config.secrets import encryption_key
from mainspring.config.settings import Settings
from mainspring.devserver.running import RunningTemporal, owned, write_run_file
from mainspring.gateways.private_files import make_private
from mainspring.storage.database import Database
from mainspring.storage.migrate import upgrade


def open_to_others(folder: Path) -> dict[str, str]:
    """Find what others may do something with, in a folder and below: its mode by its name."""
    found = [folder, *folder.rglob("*")]
    modes = {str(each.relative_to(folder)): each.lstat().st_mode & 0o777 for each in found}
    return {name: oct(mode) for name, mode in modes.items() if mode & 0o077}


def test_files_that_were_open_to_others_are_no_more(tmp_path: Path) -> None:
    """An installation of an older release is mended by the next start, and what is executable stays so."""
    state = tmp_path / "var"
    (state / "objects" / "films").mkdir(parents=True)
    names = ("mainspring.db", "mainspring.db-wal", "temporal.log", "encryption.key", "objects/films/1.mp4")
    for name in names:
        (state / name).write_text("there")
    (state / "tool").touch(0o755)
    Settings(state_dir=state).make_state_dir()
    assert {} == open_to_others(state)
    assert 0o600 == (state / "mainspring.db").stat().st_mode & 0o777
    assert 0o700 == (state / "tool").stat().st_mode & 0o777
    (state / "mainspring.db").chmod(0o644)
    Settings(state_dir=state).make_state_dir()
    assert {} == open_to_others(state)


def test_a_folder_that_is_shared_on_purpose_stays_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state directory of `.` or /tmp takes nothing away from anybody."""
    sticky, working = tmp_path / "tmp", tmp_path / "project"
    for folder, mode in ((sticky, 0o1777), (working, 0o755)):
        folder.mkdir()
        folder.chmod(mode)
        (folder / "theirs").touch(0o644)
    monkeypatch.chdir(working)
    for folder in (sticky, Path(), tmp_path):
        make_private(folder)
    assert ["0o777", "0o644", "0o755", "0o644"] == [
        *open_to_others(sticky).values(),
        *open_to_others(working).values(),
    ]


async def test_new_files_are_for_their_owner_only(tmp_path: Path) -> None:
    """Also in a program with a wide umask that uses the library."""
    before = os.umask(0o022)
    try:
        state = tmp_path / "var"
        settings = Settings(state_dir=state)
        settings.make_state_dir()
        encryption_key(settings)
        database = Database(settings.resolved_database_url)
        await upgrade(database)
        with owned(state), closing(sqlite3.connect(settings.database_file)) as reader:
            write_run_file(state, RunningTemporal(address="a:1", ui_url="b", pid=1))
            reader.execute("SELECT * FROM tasks").fetchall()
            assert {"mainspring.db", "mainspring.db-wal", "mainspring.json"} <= {
                each.name for each in state.iterdir()
            }
            assert {} == open_to_others(state)
        await database.dispose()
    finally:
        os.umask(before)


async def test_a_store_of_its_own_can_be_read_by_a_web_server(tmp_path: Path) -> None:
    """Videos that are published in a folder outside are for others; those in the state directory are not."""
    before = os.umask(0o077)
    try:
        (tmp_path / "outside").mkdir()
        inside = Settings(state_dir=tmp_path / "var")
        inside.make_state_dir()
        outside = Settings(state_dir=tmp_path / "var", media_store_url=f"file://{tmp_path / 'outside'}")
        for settings in (outside, inside):
            await object_store(settings).replace("films/1/film.mp4", b"film", "video/mp4")
    finally:
        os.umask(before)
    assert ["0o755"] * 3 + ["0o644"] == sorted(open_to_others(tmp_path / "outside").values(), reverse=True)
    assert {} == open_to_others(tmp_path / "var")
