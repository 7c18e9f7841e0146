"""The pages that are made from the code say what the code says."""

import re
from pathlib import Path

import pytest

from mainspring.cli.job_reference import reference
from mainspring.config.settings import Settings

PROJECT = Path(__file__).parents[2]
PAGES = [PROJECT / "README.md", PROJECT / "CHANGELOG.md", *sorted((PROJECT / "docs").rglob("*.md"))]


def test_the_job_reference_is_what_the_catalogue_says() -> None:
    """docs/jobs.md is current: `make docs` writes it."""
    assert "\n".join(reference()) == (PROJECT / "docs" / "jobs.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    """A link inside the project names a file that is there."""
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text())
    assert [] == [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_setting_that_a_page_names_exists(page: Path) -> None:
    """Nobody sets a variable that is not read."""
    named = set(re.findall(r"MAINSPRING_[A-Z_]+[A-Z]", page.read_text()))
    assert set() == named - set(Settings.variables())
