"""The package `mainspring` is a folder of links to the top level of the project."""

from pathlib import Path

PROJECT = Path(__file__).parents[2]
PACKAGE = PROJECT / "mainspring"

# What is no part of the package.
BESIDE = {"benchmarks", "docs", "docker", "requirements", "tests", "mainspring", "var", "build"}


def test_every_room_has_a_link_in_the_package() -> None:
    """A folder without one could not be imported; a copy instead of a link would grow old."""
    rooms = {each.name for each in PROJECT.iterdir() if each.is_dir() and each.name not in BESIDE}
    rooms = {name for name in rooms if name[0] not in "._" and not name.endswith(".egg-info")}

    links = {each.name: each.resolve() for each in PACKAGE.iterdir() if each.is_symlink()}

    assert {name: PROJECT / name for name in {*rooms, "worker.py"}} == links
