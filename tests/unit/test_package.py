"""The package `mainspring` is a folder of links to the top level of the project."""

from pathlib import Path

PROJECT = Path(__file__).parents[2]
PACKAGE = PROJECT / "mainspring"

# What is no part of the package.
BESIDE = {"benchmarks", "docs", "examples", "docker", "requirements", "tests", "mainspring", "var", "build"}


def test_every_room_has_a_link_in_the_package() -> None:
    """A folder without one could not be imported; a copy instead of a link would grow old."""
    rooms = {each.name for each in PROJECT.iterdir() if each.is_dir() and each.name not in BESIDE}
    rooms = {name for name in rooms if name[0] not in "._" and not name.endswith(".egg-info")}

    links = {each.name: each.resolve() for each in PACKAGE.iterdir() if each.is_symlink()}

    assert {name: PROJECT / name for name in {*rooms, "worker.py"}} == links


def test_no_link_dangles_in_the_image() -> None:
    """The image has a link for each room that it has, and none for another."""
    patterns = [line for line in (PROJECT / ".dockerignore").read_text().splitlines() if line[:1] not in "#*"]
    in_image = {pattern.removeprefix("!") for pattern in patterns if pattern.startswith("!")}
    left_out = {pattern.removeprefix("mainspring/") for pattern in patterns if not pattern.startswith("!")}

    links = {each.name for each in PACKAGE.iterdir() if each.is_symlink()}

    assert links & in_image == links - left_out
