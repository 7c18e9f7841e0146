"""A fourth domain: ten files of its own, none of the core's changed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.project_copy import PROJECT, copied_project

TOY = PROJECT / "tests" / "toy_domain"
MIGRATION = "storage/migrations/versions/9001_coins.py"
END_TO_END = "coins_end_to_end.py"

MOST_FILES = 10
MOST_LINES = 400


def files() -> list[Path]:
    """Return the domain's files, as paths in the project."""
    return [each.relative_to(TOY) for each in sorted(TOY.rglob("*.py")) if each.name != END_TO_END]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Copy the project and put the domain's files into it; none is there already."""
    copy = copied_project(tmp_path)
    newest = max(path.name[:4] for path in (copy / MIGRATION).parent.glob("*.py"))
    for path in files():
        assert not (copy / path).exists(), f"{path} is not a new file"
        shutil.copy(TOY / path, copy / path)
    migration = copy / MIGRATION
    migration.write_text(migration.read_text().replace('"HEAD"', f'"{newest}"'))
    shutil.copy(TOY / END_TO_END, copy / END_TO_END)
    return copy


def test_a_domain_is_at_most_ten_files_and_four_hundred_lines() -> None:
    """Messages, decisions, a table, its repository, a gateway, a batch job, an effect, an import."""
    lines = sum(len((TOY / path).read_text().splitlines()) for path in files())

    assert len(files()) <= MOST_FILES
    assert lines <= MOST_LINES


def test_it_works_from_the_file_to_the_mail(project: Path) -> None:
    """A file is imported; a job asks a vendor within its quota and waits for it; owners get a mail."""
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", END_TO_END]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stdout[-5_000:] + done.stderr
    assert "1 passed" in done.stdout
