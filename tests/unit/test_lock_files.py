import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = {
    "runtime": ["build"],
    "demo": ["build", "emulators"],
    "dev": ["dev"],
}
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[.*?\])?==([^\s;]+)")


def pins(lock: str) -> dict[str, str]:
    """Read the pinned version of each package in a lock file."""
    lines = (ROOT / "requirements" / f"{lock}.txt").read_text().splitlines()
    return {canonicalize_name(match[1]): match[2] for line in lines if (match := PIN.match(line))}


def required(groups: list[str]) -> list[Requirement]:
    """Read what pyproject.toml asks for: the project's own dependencies and those of the groups."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    def of_group(group: str) -> list[str]:
        found: list[str] = []
        for entry in project["dependency-groups"][group]:
            found += of_group(entry["include-group"]) if isinstance(entry, dict) else [entry]
        return found

    wanted = project["project"]["dependencies"] + [entry for group in groups for entry in of_group(group)]
    return [Requirement(entry) for entry in wanted]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_fits_what_the_project_requires(lock: str) -> None:
    """A dependency that was added or raised is locked, too: `make lock` was run."""
    pinned = pins(lock)
    assert [] == [
        str(requirement)
        for requirement in required(LOCKS[lock])
        if not requirement.specifier.contains(pinned.get(canonicalize_name(requirement.name), "0"))
    ]


@pytest.mark.parametrize("lock", [*LOCKS, "uv"])
def test_every_locked_package_has_hashes(lock: str) -> None:
    """Nothing is installed that differs from what was locked."""
    text = re.sub(r" \\\n", " ", (ROOT / "requirements" / f"{lock}.txt").read_text())
    locked = [line for line in text.splitlines() if PIN.match(line)]
    assert locked
    assert [] == [line for line in locked if not re.search(r"--hash=sha256:[0-9a-f]{64}", line)]


@pytest.mark.parametrize("lock", [*LOCKS, "uv"])
def test_a_lock_file_names_no_place_to_download_from(lock: str) -> None:
    """Where packages come from is the reader's choice; no mirror and no directory leaks into the project."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    assert [] == re.findall(r"^.*(?:://|--index|--extra-index|--find-links|file:).*$", text, re.MULTILINE)


def test_the_licence_of_every_package_that_is_installed_is_known() -> None:
    """Whoever hands on an image finds each package of the lock file in THIRD-PARTY.md."""
    named = set(re.findall(r"[a-z0-9-]+", (ROOT / "THIRD-PARTY.md").read_text()))
    assert set() == set(pins("demo")) - named


def test_the_changelog_has_the_version_with_its_date() -> None:
    """What `mainspring --version` says can be looked up."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    headings = re.findall(r"^## (.+) - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert version == headings[0]
